import { spawnSync } from "node:child_process"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { install } from "./agents/install.mjs"
import { buildOrExit } from "./build.mjs"
import { run, stopAll } from "./lib/run.mjs"
import { setup } from "./setup.mjs"

// `pnpm test:agents` runs the real agent CLIs against a model server on loopback. It needs the network once, for npm.

const { values: options } = parseArgs({
  options: {
    // Only one of them, and then docs/agents.md is left as it is.
    agent: { type: "string" },
    // Only the cases whose name has this in it. Some stand on others.
    case: { type: "string" },
    // Where their raw output and their stored sessions go.
    record: { type: "string" }
  }
})

if (process.platform !== "linux") skip(`it finds what a turn has left through /proc, and this is ${process.platform}`)
await setup()
await buildOrExit()

const scratch = mkdtempSync(join(tmpdir(), "tether-agents-"))
// One case runs as somebody else.
chmodSync(scratch, 0o755)
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }))
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    stopAll()
    process.exit(1)
  })
}

const { agents, problem } = await install(join(scratch, "install"), options.agent)
if (problem !== undefined) skip(problem)

const loopback = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
// As root, and as anybody who may have a namespace of users.
const namespace = [
  ["unshare", "--net"],
  ["unshare", "--user", "--map-current-user", "--keep-caps", "--net"]
].find(([program, ...words]) => spawnSync(program, [...words, ...loopback, "true"]).status === 0)
const network =
  namespace === undefined
    ? "the network of the machine: a namespace is not permitted here"
    : "a network namespace with only loopback"
console.log(`In ${network}.`)
const node = [
  process.execPath,
  "scripts/agents/main.mjs",
  JSON.stringify({ scratch, agents, network, only: options.agent, named: options.case, record: options.record })
]
// Nothing of our environment: it may have keys.
const clean = ["env", "-i", `PATH=${process.env.PATH}`, `TMPDIR=${join(scratch, "tmp")}`, "LANG=C.UTF-8", ...node]
const [command, ...args] = namespace === undefined ? clean : [...namespace, ...loopback, ...clean]
const { code } = await run(command, args)
process.exit(code)

function skip(why) {
  console.log(`Skipped: ${why}.`)
  process.exit(0)
}
