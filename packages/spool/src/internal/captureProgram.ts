/**
 * The programs `tether capture-transcript` and `tether capture-turn`. As a hook they load only what they need, start nothing, and
 * wait for nothing beyond their deadline.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Capture from "../Capture.js"
import { type Capturing, parseCapture } from "./captureArguments.js"
import { hookFiles } from "./hookFiles.js"

/** What is left for deferring once a daemon has not answered, in milliseconds. */
const reserve = 300

/** What is done without `--no-spawn`: the line to print. */
export type Ingest = (capturing: Capturing) => Effect.Effect<object>

/** Carries out the words, prints one line on stdout, and ends the process. */
export const main = (argv: ReadonlyArray<string>, ingest?: Ingest): void => {
  // Who reads us may be gone: a hook has nobody to complain to.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined)
  Either.match(parseCapture(argv), {
    onLeft: (problems) => {
      // A mistake in a hook must not fail the session that it hangs on.
      end({ status: "failed", reason: problems.join("; ") }, argv.includes("--strict"))
    },
    onRight: (capturing) => {
      if (!capturing.noSpawn && ingest !== undefined) {
        Effect.runFork(Effect.map(ingest(capturing), (counts) => print(counts, 0)))
        return
      }
      capture(capturing).pipe(
        // What hangs in the file system hears of no interruption.
        Effect.disconnect,
        Effect.raceFirst(Effect.as(over(capturing.deadline), {
          status: "failed",
          reason: `it was not done within ${capturing.deadline} ms`
        } satisfies Capture.Outcome)),
        Effect.catchAllDefect((defect) => Effect.succeed<Capture.Outcome>({ status: "failed", reason: String(defect) })),
        Effect.provideService(FileSystem.FileSystem, hookFiles),
        Effect.map((outcome) => end(outcome, capturing.strict)),
        Effect.runFork
      )
    }
  })
}

const slice = 50

/**
 * A deadline in slices that were slept: on a machine on which fifty hooks want the processor at once, the time in which we could
 * not run is not time in which something kept us waiting.
 */
const over = (deadline: number): Effect.Effect<unknown> => Effect.repeatN(Effect.sleep(slice), Math.max(0, Math.ceil(deadline / slice) - 1))

const capture = (capturing: Capturing): Effect.Effect<Capture.Outcome, never, FileSystem.FileSystem> =>
  capturing.command === "capture-turn"
    ? Capture.turn(capturing)
    : Capture.transcript({ ...capturing, answerWithin: Math.max(50, Math.min(600, capturing.deadline - reserve)) })

const end = (outcome: Capture.Outcome, isStrict: boolean): void => {
  if (outcome.status === "failed") process.stderr.write(`tether: nothing was captured: ${outcome.reason.replace(/\s+/g, " ")}\n`)
  print(outcome, outcome.status === "failed" && isStrict ? 1 : 0)
}

const print = (line: object, code: number): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`)
  // Not only a code: a socket or a file that hangs would keep us.
  process.exit(code)
}
