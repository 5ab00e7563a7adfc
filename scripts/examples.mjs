import { readFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { filesBelow } from "./lib/files.mjs"
import { root, run } from "./lib/run.mjs"

const TIMEOUT_MS = 60_000

/** Runs every examples/*.ts; each must end with 0, or with the code that a first line `// exit: N` names. */
export const runExamples = async () => {
  const files = filesBelow("examples").filter((file) => /^examples\/[^/]+\.ts$/.test(file))
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

const runExample = async (file) => {
  const start = performance.now()
  const ended = await run(process.execPath, ["--import", "tsx", file], { quiet: true, timeout: TIMEOUT_MS })
  console.log(`  ${file} ${((performance.now() - start) / 1000).toFixed(1)} s`)
  return { output: ended.output, problem: problemOf(ended, expectedCode(file)) }
}

const expectedCode = (file) => Number(/^\/\/ exit: (\d+)/.exec(readFileSync(join(root, file), "utf8"))?.[1] ?? 0)

const problemOf = ({ code, held, timedOut }, expected) => {
  if (timedOut) return `still ran after ${TIMEOUT_MS / 1000} s`
  if (code !== expected) return `ended with ${code}, not with ${expected}`
  if (held) return "left a process behind that holds its output open"
  return undefined
}
