/**
 * The programs `tether capture-transcript` and `tether capture-turn`. As a hook they load only what they need, start
 * nothing, and wait for nothing that does not move.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as TerminalText from "@tether/host/TerminalText"
import * as TrustedPath from "@tether/host/TrustedPath"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberRef from "effect/FiberRef"
import * as HashSet from "effect/HashSet"
import * as Logger from "effect/Logger"
import * as Capture from "../Capture.js"
import { type Capturing, parseCapture } from "./captureArguments.js"
import { answered, hookFiles, hookLstat, isUnderWay } from "./hookFiles.js"
import { named } from "./hookInput.js"

/** What is left for deferring once a daemon has not answered, in milliseconds. */
const reserve = 300

/** A daemon that is up answers within that, in milliseconds, and one that is not is known at once. */
const leastAnswer = 250

const onStderr = Logger.make(({ message }) => tell(String(Array.isArray(message) ? message.join(" ") : message)))

const tell = (text: string): void =>
  void process.stderr.write(`tether: ${TerminalText.sanitize(text.replace(/\s+/g, " "))}\n`)

/** What is done without `--no-spawn`. */
export type Ingest = (capturing: Capturing) => Effect.Effect<Capture.Outcome>

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
        Effect.runFork(
          Effect.match(Effect.flatMap(named(capturing), ingest), {
            onSuccess: (outcome) => end(outcome, capturing.strict),
            onFailure: (reason) => end({ status: "failed", reason }, capturing.strict)
          })
        )
        return
      }
      Effect.flatMap(named(capturing), capture).pipe(
        Effect.catchAll((reason) => Effect.succeed<Capture.Outcome>({ status: "failed", reason })),
        // What hangs in the file system hears of no interruption.
        Effect.disconnect,
        Effect.raceFirst(
          Effect.as(over(capturing.deadline), {
            status: "failed",
            reason: `it was not done within ${capturing.deadline} ms`
          } satisfies Capture.Outcome)
        ),
        Effect.catchAllDefect((defect) =>
          Effect.succeed<Capture.Outcome>({ status: "failed", reason: String(defect) })
        ),
        Effect.provideService(FileSystem.FileSystem, hookFiles),
        Effect.provideService(TrustedPath.Lstat, hookLstat),
        // stdout is for one line of JSON.
        Effect.locally(FiberRef.currentLoggers, HashSet.make(onStderr)),
        Effect.map((outcome) => end(outcome, capturing.strict)),
        Effect.runFork
      )
    }
  })
}

const slice = 50

/** So many times its deadline it may take in all, however well it gets on. */
const inAll = 5

/**
 * A deadline in slices in which nothing came of anything: where fifty hooks want the same disk and the same processors
 * at once, each one is slow, and none is stuck.
 */
const over = (deadline: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    const last = performance.now() + deadline * inAll
    let idle = 0
    while (idle < deadline && performance.now() < last) {
      const before = answered()
      yield* Effect.sleep(slice)
      // What moves is not stuck: only a wait in one piece is.
      idle = answered() === before ? idle + slice : 0
    }
  })

const capture = (capturing: Capturing): Effect.Effect<Capture.Outcome, never, FileSystem.FileSystem> => {
  if (capturing.command === "capture-turn") return Capture.turn(capturing)
  const most = capturing.deadline - reserve
  // The time that it took to start counts: who runs the hook may end it, however busy the machine is.
  const left = Math.max(leastAnswer, most - performance.now())
  return Capture.transcript({ ...capturing, answerWithin: Math.min(600, most, left) })
}

const end = (outcome: Capture.Outcome, isStrict: boolean): void => {
  const problem = problemOf(outcome)
  if (problem !== undefined) tell(problem)
  print(outcome, problem !== undefined && isStrict ? 1 : 0)
}

const problemOf = (outcome: Capture.Outcome): string | undefined => {
  if (outcome.status === "failed") return `nothing was captured: ${outcome.reason}`
  if (outcome.missing === true) return "nothing was captured: there is no such transcript"
  if (outcome.status === "deferred" || outcome.failed === 0) return undefined
  return `${outcome.failed} of ${outcome.events} turns were not taken`
}

const print = (line: object, code: number): void => {
  process.stdout.write(`${TerminalText.escapeJson(JSON.stringify(line))}\n`)
  leave(code, mostLooks)
}

/** How often it is looked whether the file system has answered, once all is said. */
const mostLooks = 20

/**
 * Not only a code: a socket that hangs would keep us. Node.js waits at its end for what it has asked of the file
 * system; where that hangs, only a kill ends us.
 */
const leave = (code: number, looks: number): void => {
  if (!isUnderWay()) process.exit(code)
  if (looks === 0) process.kill(process.pid, "SIGKILL")
  setTimeout(() => leave(code, looks - 1), slice)
}
