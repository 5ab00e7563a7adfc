/**
 * Commands under `tether run` that go on after the first Ctrl-C, which they have heard. Without a second one they would
 * be killed after an hour.
 */
import { program, type Started, start, until } from "./tether.js"

const run = ["run", "--label", "x", "--kill-after", "1h", "--", process.execPath]

export const stubborn = async (): Promise<Started> => {
  const started = start([...run, program("counts-sigint.mjs")])
  await until("ready", () => started.stdout().includes("ready"))
  started.process.kill("SIGINT")
  await until("the first to be heard", () => started.stdout().includes("sigint 1"))
  return started
}

const floodIgnoringInterrupts = `
  process.on("SIGINT", () => console.error("heard"))
  setInterval(() => process.stdout.writableLength === 0 && process.stdout.write("y\\n".repeat(10000)), 1)
`

/** Nobody reads what it writes. */
export const stubbornFlood = async (): Promise<Started> => {
  const started = start([...run, "-e", floodIgnoringInterrupts], { ownStdout: true })
  await until("a full pipe", () => (started.process.stdout?.readableLength ?? 0) > 0)
  started.process.kill("SIGINT")
  await until("the first to be heard", () => started.stderr().includes("heard"))
  return started
}
