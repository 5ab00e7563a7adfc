/**
 * The `tether` command as an effect.
 */
import * as Command from "@effect/cli/Command"
import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Effect from "effect/Effect"
import { type Answer, give } from "./internal/answer.js"
import { doctorCommand } from "./internal/doctorCommand.js"
import { exitsCommand } from "./internal/exitsCommand.js"
import { problemBefore, problemOf, tellMisuse } from "./internal/misuse.js"
import { Outlets } from "./internal/outlets.js"
import * as parser from "./internal/parser.js"
import { psCommand } from "./internal/psCommand.js"
import { reapCommand } from "./internal/reapCommand.js"
import { runCommand } from "./internal/runCommand.js"
import { sessionCommand } from "./internal/sessionCommand.js"
import { spoolCommand } from "./internal/spoolCommand.js"
import { supervise } from "./internal/supervise.js"
import { takeTurn } from "./internal/takeTurn.js"
import { turnCommand } from "./internal/turnCommand.js"
import { whyCommand } from "./internal/whyCommand.js"
import { withMarks } from "./internal/words.js"

/**
 * Carries out the words behind `tether` and succeeds with the exit code. It writes to this process's stdout and stderr,
 * and completes once all of that has been taken. Never fails.
 *
 * - `run` answers with the child's own code, 128 and the signal's number where a signal ended it, 127 and 126 for a
 *   program that is missing or may not be executed, 125 for other failures to start it. The signals that can be caught
 *   are the child's while it runs: this process does not end from them, and stops with it at SIGTSTP.
 * - `turn` answers with 0 for a turn that was completed, 1 for one that failed, 124 for one that took too long, 130 for
 *   one that was cancelled, and as `run` where its program could not be started. SIGINT, SIGTERM and SIGHUP cancel it.
 * - `exits` and `why` answer with 1 where there is no journal, or no record of whom is asked for.
 * - `session` answers with 1 where there is no such session, no tmux, or something could not be done; `session launch`
 *   as `run` where its program could not be started.
 * - `spool` answers with 1 where something could not be done, or needs a person.
 * - `ps` and `doctor` answer with 0, `reap` with 1 if something could not be ended.
 * - Words that make no sense are answered with 2. `--help` and `--version` are answered by the program itself, and not
 *   here.
 *
 * @example
 * ```ts
 * import * as Tether from "@tether/cli/Tether"
 * import * as Effect from "effect/Effect"
 *
 * const program = Tether.main(["run", "--label", "hi", "--", "echo", "hello"]).pipe(
 *   Effect.map((code) => {
 *     process.exitCode = code
 *   })
 * )
 * ```
 */
export const main = (argv: ReadonlyArray<string>): Effect.Effect<number> =>
  Effect.suspend(() => {
    const outlets = new Outlets()
    const problem = problemBefore(argv)
    if (problem !== undefined) return tellMisuse(outlets, argv, problem)

    let code = 0
    const endWith = Effect.map((ended: number) => {
      code = ended
    })
    const answer = (given: Answer) => endWith(give(outlets, given))
    const { width } = outlets.out
    const tether = Command.make("tether").pipe(
      Command.withSubcommands([
        runCommand((options) => endWith(supervise(options, outlets))),
        turnCommand((options) => endWith(takeTurn(options, outlets))),
        sessionCommand(outlets, answer),
        exitsCommand(outlets, answer),
        whyCommand(outlets, answer),
        spoolCommand(outlets, answer),
        psCommand(width, answer),
        reapCommand(width, answer),
        doctorCommand(width, answer)
      ])
    )
    // The first two words stand for the runtime and the script, and are not looked at.
    return Command.run(tether, { name: "tether", version: "" })(["node", "tether", ...withMarks(argv)]).pipe(
      parser.quietly(outlets),
      Effect.zipRight(outlets.settled),
      Effect.map(() => code),
      Effect.catchIf(ValidationError.isValidationError, (error) => tellMisuse(outlets, argv, problemOf(error))),
      Effect.provide(parser.layer),
      Effect.provide(NodeChildSpawner.layer),
      Effect.ensuring(Effect.sync(() => outlets.release()))
    )
  })
