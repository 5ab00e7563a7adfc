import { stopAll } from "./lib/run.mjs"
import { setup } from "./setup.mjs"

// `npm test` runs every step, `npm test -- types lint` these (after a build, when one of them needs it).

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop(`Stopped by ${signal}.`))

const begin = performance.now()
await setup()
// Imported after the set-up, because the checks import devDependencies.
const { steps } = await import("./steps.mjs")

const names = process.argv.slice(2)
const known = steps.map((step) => step.name)
const unknown = names.filter((name) => !known.includes(name))
if (unknown.length > 0) stop(`No step is named ${unknown.join(", ")}: there are ${known.join(", ")}.`)

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
console.log(`\nAll passed in ${seconds(begin)}: ${passed.join(", ")}.`)

async function runStep({ name, title, run }) {
  const start = performance.now()
  console.log(`${name}: ${title} ...`)
  const { code, output = "" } = await run()
  if (code !== 0) stop(`${output}\nFailed: ${name} (${title}), after ${seconds(start)}. Alone: npm test -- ${name}`)
  if (output.trim() !== "") console.log(output.trim())
  console.log(`${name}: passed in ${seconds(start)}`)
  passed.push(`${name} ${seconds(start)}`)
}

function stop(message) {
  console.error(message)
  stopAll()
  process.exit(1)
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}
