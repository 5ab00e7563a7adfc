import { availableParallelism } from "node:os"
import { withLock } from "./lib/lock.mjs"
import { readOptions } from "./lib/options.mjs"
import { setup } from "./setup.mjs"
import { failuresIn } from "./soak/failures.mjs"
import { startLoad } from "./soak/load.mjs"
import { startGroup, stopGroups } from "./soak/processGroup.mjs"
import { openState, sourceKey } from "./soak/state.mjs"
import { resultTable } from "./soak/table.mjs"

// `npm run soak` repeats the steps that run tests, some runs under load, and goes on where it was interrupted.

const { values: options } = readOptions("Usage: npm run soak -- [--runs N] [--fresh]", {
  options: {
    // How many finished runs there are to be, those of earlier calls included.
    runs: { type: "string", default: "6" },
    // Forgets the finished runs of these sources.
    fresh: { type: "boolean", default: false }
  }
})
const wanted = Number(options.runs)
if (!Number.isInteger(wanted) || wanted < 1) exitWith(2, `--runs must be a positive integer, got ${options.runs}`)

// Of every six runs, two share each core with a busy loop, and one shares the machine with the benchmarks.
const kinds = ["quiet", "busy", "quiet", "bench", "busy", "quiet"]

let isInterrupted = false
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129]
]) {
  process.on(signal, async () => {
    isInterrupted = true
    console.error(`\nStopped by ${signal}. Another \`npm run soak\` goes on with the run that was interrupted.`)
    await stopGroups()
    process.exit(code)
  })
}

await setup()
const { steps } = await import("./steps.mjs")
const names = steps.filter((step) => step.isTest).map((step) => step.name)

await withLock("soak", async () => {
  const key = sourceKey()
  const state = openState(key, options.fresh)
  console.log(
    `Soak of ${names.join(", ")}: ${state.runs.length} of ${wanted} runs are finished. Output: ${state.folder}`
  )
  while (state.runs.length < wanted) {
    const run = await soakRun(state.runs.length, state)
    // Also a change during the run: it is no result of these sources.
    if (sourceKey() !== key) exitWith(1, "The sources have changed since the soak began. Start it again.")
    state.add(run)
  }
  console.log(`\n${resultTable(state.runs)}`)
  process.exitCode = state.runs.some((run) => run.code !== 0) ? 1 : 0
})

async function soakRun(index, state) {
  const kind = kinds[index % kinds.length]
  const output = state.outputFile(index, kind)
  console.log(`run ${index + 1}: ${kind} ...`)
  const start = performance.now()
  const load = startLoad(kind, availableParallelism(), state.outputFile(index, "load"))
  const { code } = await startGroup(process.execPath, ["scripts/test.mjs", ...names], output).ended
  // Then the process is about to exit, and this run is not a result.
  if (isInterrupted) await new Promise(() => {})
  const loadProblem = await load.stop()
  if (isInterrupted) await new Promise(() => {})
  const seconds = (performance.now() - start) / 1000
  const failures = code === 0 ? [] : failuresIn(output)
  console.log(`run ${index + 1}: ${code === 0 ? "passed" : "FAILED"} in ${seconds.toFixed(0)} s`)
  for (const failure of failures) console.log(failure.replaceAll(/^/gm, "  "))
  if (code !== 0) console.log(`  Output: ${output}`)
  if (loadProblem !== undefined) console.log(`  ${loadProblem}`)
  return { kind, code, seconds, failures: failures.length, loadProblem, output }
}

function exitWith(code, message) {
  console.error(message)
  process.exit(code)
}
