import * as FakeAgent from "@tether/vitest/FakeAgent"
import * as Script from "@tether/vitest/Script"
import { type Options, type Started, start, until } from "./tether.js"

export const turn = (args: ReadonlyArray<string>, steps?: ReadonlyArray<Script.Step>, options: Options = {}): Started =>
  start(["turn", "--binary", FakeAgent.binary, ...args], {
    ...options,
    env: { ...(steps === undefined ? {} : FakeAgent.env(Script.make(...steps))), ...options.env }
  })

/** A turn of an agent that goes on after the first Ctrl-C, which it has heard. */
export const stubbornTurn = async (): Promise<Started> => {
  const { text } = FakeAgent
  const started = turn(
    ["hello"],
    [
      Script.on("SIGINT", Script.stderr("heard\n")),
      Script.ignore("SIGTERM"),
      Script.stdout(text("m", "ready"), text("n", "")),
      Script.hang
    ]
  )
  await until("ready", () => started.stdout().includes("ready"))
  started.process.kill("SIGINT")
  await until("heard", () => started.stderr().includes("heard"))
  return started
}
