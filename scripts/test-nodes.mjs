import { realpathSync } from "node:fs"
import { delimiter, dirname, join } from "node:path"
import { readOptions } from "./lib/options.mjs"
import { root, run, stopAll } from "./lib/run.mjs"
import { setup } from "./setup.mjs"

// `npm run test:nodes` runs the steps with tests under each version of Node, `-- --node 24 unit` this step under one.

const { positionals, values: options } = readOptions("Usage: npm run test:nodes -- [--node VERSION]... [STEP]...", {
  allowPositionals: true,
  options: { node: { type: "string", multiple: true, default: ["22", "24", "latest"] } }
})

let stopping = false
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    stopping = true
    stopAll()
  })
}

await setup()
// Imported after the set-up, because the checks import devDependencies.
const { steps } = await import("./steps.mjs")
const names = positionals.length > 0 ? positionals : steps.filter((step) => step.isTest).map((step) => step.name)

const known = steps.map((step) => step.name)
const unknown = names.filter((name) => !known.includes(name))
if (unknown.length > 0) exitWith(2, `No step is named ${unknown.join(", ")}: there are ${known.join(", ")}.`)
// Each has a folder of its name.
const wrong = options.node.filter((wanted) => !/^[\w.-]+$/.test(wanted) || /^\.+$/.test(wanted))
if (wrong.length > 0) exitWith(2, `--node must be a version or a tag of npm's package node, got ${wrong.join(", ")}`)

const rows = []
for (const wanted of options.node) {
  const row = stopping ? undefined : await runUnder(wanted)
  // A run that was interrupted is not a result.
  if (row !== undefined && !stopping) rows.push(row)
}
console.log(
  `\n${rows.map(({ node, result, seconds }) => `Node ${node}  ${result}  ${seconds.toFixed(0)} s`).join("\n")}`
)
if (stopping) console.log("Interrupted: the other versions were not run.")
process.exit(stopping || rows.some((row) => row.result !== "passed") ? 1 : 0)

async function runUnder(wanted) {
  console.log(`\nNode ${wanted}: installing ...`)
  const node = await install(wanted)
  if (node === undefined) return { node: wanted, result: "NOT INSTALLED", seconds: 0 }
  // First on PATH: npm, npx and the tools start `node` by name.
  const env = { PATH: `${dirname(node)}${delimiter}${process.env.PATH}` }
  const version = (await run(node, ["--version"], { quiet: true })).output.trim()
  console.log(`Node ${version}: ${node}`)
  const start = performance.now()
  const { code } = await run(node, ["scripts/test.mjs", ...names], { env })
  return { node: version, result: code === 0 ? "passed" : "FAILED", seconds: (performance.now() - start) / 1000 }
}

/** Installs the newest version that matches, with npm's package `node`, and returns the path of the program. */
async function install(wanted) {
  const prefix = join(root, ".cache/nodes", wanted)
  const options = ["--prefix", prefix, "--no-save", "--no-audit", "--no-fund"]
  const { code, output } = await run("npm", ["install", ...options, `node@${wanted}`], { quiet: true })
  try {
    if (code === 0) return realpathSync(join(prefix, "node_modules/node/bin/node"))
  } catch {
    // Its install script, which fetches the program, was not run.
  }
  console.error(
    `${output}\nCannot install Node ${wanted}: npm's output is above. It needs the network and install scripts.`
  )
  return undefined
}

function exitWith(code, message) {
  console.error(message)
  process.exit(code)
}
