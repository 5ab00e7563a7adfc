import { cpSync, readFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { basename, join } from "node:path"
import { filesBelow } from "./lib/files.mjs"
import { root, run, tool } from "./lib/run.mjs"

const TIMEOUT_MS = 60_000

const compiled = "examples/node_modules/.examples"

/**
 * Runs every examples/*.ts; each must end with 0, or with the code that a first line `// exit: N` names. They are
 * compiled before, because tsx takes most of a second of a processor for each; the one of `npm start` is run as there.
 */
export const runExamples = async () => {
  const files = filesBelow("examples").filter((file) => /^examples\/[^/]+\.ts$/.test(file))
  const ended = await compile(files)
  if (ended.code !== 0) return ended
  const waiting = [...files]
  const failures = []
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const { output, problem } = await runExample(file)
      if (problem) failures.push(`${output}\n${file} ${problem}; its output is above`)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  return failures.length === 0
    ? { code: 0, output: `${files.length} examples ran` }
    : { code: 1, output: failures.join("\n") }
}

const compile = async (files) => {
  // What they share is compiled into each; packages are loaded as a user's program loads them.
  const options = ["--bundle", "--packages=external", "--platform=node", "--format=esm", "--out-extension:.js=.mjs"]
  const ended = await run(tool("esbuild"), [...files, `--outdir=${compiled}`, ...options, "--log-level=warning"], {
    quiet: true
  })
  // Examples find these beside themselves.
  cpSync(join(root, "examples/programs"), join(root, compiled, "programs"), { recursive: true })
  return ended
}

const runExample = async (file) => {
  const start = performance.now()
  const args = basename(file) === "dev-stack.ts" ? ["--import", "tsx", file] : [compiledOf(file)]
  const ended = await run(process.execPath, args, { quiet: true, timeout: TIMEOUT_MS })
  console.log(`  ${file} ${((performance.now() - start) / 1000).toFixed(1)} s`)
  return { output: ended.output, problem: problemOf(ended, expectedCode(file)) }
}

const compiledOf = (file) => `${compiled}/${basename(file, ".ts")}.mjs`

const expectedCode = (file) => Number(/^\/\/ exit: (\d+)/.exec(readFileSync(join(root, file), "utf8"))?.[1] ?? 0)

const problemOf = ({ code, held, timedOut }, expected) => {
  if (timedOut) return `still ran after ${TIMEOUT_MS / 1000} s`
  if (code !== expected) return `ended with ${code}, not with ${expected}`
  if (held) return "left a process behind that holds its output open"
  return undefined
}
