import { stopAll } from "./lib/run.mjs"
import { openTestRun } from "./lib/testRun.mjs"
import { setup } from "./setup.mjs"

// `npm test` runs every step, `npm test -- types lint` these (after a build, when one of them needs it).

const begin = performance.now()
const testRun = openTestRun()
let stopping = false
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    // The second time, without waiting for what is left.
    if (stopping) process.exit(1)
    void stop(`Stopped by ${signal}.`)
  })
}

await setup()
// Imported after the set-up, because the checks import devDependencies.
const { steps } = await import("./steps.mjs")

const names = process.argv.slice(2)
const known = steps.map((step) => step.name)
const unknown = names.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`No step is named ${unknown.join(", ")}: there are ${known.join(", ")}.`)
  process.exit(1)
}

const asked = steps.filter((step) => names.length === 0 || names.includes(step.name))
const needsBuild = asked.some((step) => !step.unbuilt)
let waiting = steps.filter((step) => asked.includes(step) || (step.name === "build" && needsBuild))

const passed = []
while (waiting.length > 0) {
  const [next] = waiting
  const together = waiting.filter((step) => step === next || (step.group && step.group === next.group))
  waiting = waiting.filter((step) => !together.includes(step))
  await Promise.all(together.map(runStep))
}
const left = await testRun.close()
if (left.length > 0) {
  console.error(leftText(left))
  process.exit(1)
}
console.log(`\nAll passed in ${seconds(begin)}: ${passed.join(", ")}.`)

async function runStep({ name, title, run }) {
  const start = performance.now()
  console.log(`${name}: ${title} ...`)
  const { code, output = "" } = await run()
  // Then `stop` ends this program; meanwhile nothing else is printed or started.
  if (stopping) await new Promise(() => {})
  if (code !== 0)
    await stop(`${output}\nFailed: ${name} (${title}), after ${seconds(start)}. Alone: npm test -- ${name}`)
  if (output.trim() !== "") console.log(output.trim())
  console.log(`${name}: passed in ${seconds(start)}`)
  passed.push(`${name} ${seconds(start)}`)
}

async function stop(message) {
  stopping = true
  console.error(message)
  stopAll()
  const left = await testRun.close()
  if (left.length > 0) console.error(leftText(left))
  process.exit(1)
}

function leftText(left) {
  const told =
    "Left by the steps, and removed now. A test must remove what it makes, and wait for the end of what it starts:"
  return [told, ...left.map((line) => `  ${line}`)].join("\n")
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}
