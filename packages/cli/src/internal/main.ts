/**
 * The program's life around its effect. `NodeRuntime.runMain` would end the program at the first signal; here a signal
 * is the child's, and the program ends with it.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Tether from "../Tether.js"

/** What `env` and `timeout` answer when they fail themselves. */
const ownFailure = 125

export const main = (argv: ReadonlyArray<string>): void => {
  Effect.runFork(Tether.main(argv)).addObserver((exit) => {
    if (Exit.isSuccess(exit)) process.exit(exit.value)
    const lines = Cause.pretty(exit.cause)
      .split("\n")
      .map((line) => TerminalText.sanitize(line))
    process.stderr.write(`tether: this is a defect of tether itself\n${lines.join("\n")}\n`, () =>
      process.exit(ownFailure)
    )
  })
}
