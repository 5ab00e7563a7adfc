/**
 * One child from its start to our exit code.
 */
import * as Command from "@effect/platform/Command"
import type { Child } from "@tether/process/Child"
import type { ChildSpawner } from "@tether/process/ChildSpawner"
import type { ExitReport } from "@tether/process/ExitReport"
import type { SpawnError } from "@tether/process/SpawnError"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import type { SurvivorsError } from "@tether/process/SurvivorsError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { concluded } from "./answer.js"
import * as exitCode from "./exitCode.js"
import { keepJournal } from "./keepJournal.js"
import * as lineLogger from "./lineLogger.js"
import type { Outlet } from "./outlet.js"
import type { Outlets } from "./outlets.js"
import * as report from "./report.js"
import type { RunOptions } from "./runCommand.js"
import { allReceived, type Sendable, stopped } from "./signals.js"

interface End {
  readonly code: number
  readonly told: string | undefined
  readonly json: string
  /** The command was stopped because the reader of its output is gone. */
  readonly wasCutOff?: boolean
}

/** Runs the child and answers with our exit code, once all that was written has been taken. */
export const supervise = (options: RunOptions, outlets: Outlets): Effect.Effect<number, never, ChildSpawner> => {
  const style: lineLogger.Style = {
    // With --json, stdout is for the report alone.
    outletOf: (stream) => (stream === "stdout" && !options.json ? outlets.out : outlets.err),
    withPrefix: !options.noPrefix,
    hints: { stop: "--kill-after" }
  }
  return Effect.gen(function* () {
    const signals = yield* allReceived
    const end = yield* run(options, outlets, style, signals)
    if (end.told !== undefined) outlets.say(end.told)
    if (options.json) outlets.out.push(end.json)
    return yield* concluded(outlets, end.code, (problem) => tellLoss(problem, end, options, outlets))
  }).pipe(
    Effect.scoped,
    Effect.provide(keepJournal(options.journal)),
    Effect.provide(Logger.replace(Logger.defaultLogger, lineLogger.make(outlets, style)))
  )
}

const run = (
  options: RunOptions,
  outlets: Outlets,
  style: lineLogger.Style,
  signals: Queue.Dequeue<Sendable>
): Effect.Effect<End, never, ChildSpawner | Scope.Scope> =>
  Effect.gen(function* () {
    const child = yield* start(options, style)
    const passing = options.raw ? yield* Effect.forkScoped(passBytes(child, style)) : undefined
    yield* Effect.forkScoped(passOn(child, signals, options, outlets))
    let wasCutOff = false
    const cutOff = Effect.map(child.isRunning, (isRunning) => {
      wasCutOff = isRunning
    })
    yield* Effect.forkScoped(
      outlets.closed.pipe(Effect.zipRight(cutOff), Effect.zipRight(child.stop(withoutReader(options))))
    )
    const ended = yield* child.gone
    if (passing !== undefined) yield* Fiber.join(passing)
    // It may have ended by itself before the stop.
    return { ...(yield* endOf(child, ended)), wasCutOff: wasCutOff && ended.endedBy !== "child" }
  }).pipe(Effect.catchAll((error) => Effect.succeed(endOfError(error))))

/** Why lines were lost. Where stderr is what takes nothing, stdout has to do, unless it is for the report alone. */
const tellLoss = (problem: string, { wasCutOff }: End, { json }: RunOptions, outlets: Outlets): void => {
  const outlet = outlets.err.problem === undefined || json ? outlets.err : outlets.out
  outlets.say(wasCutOff === true ? `${problem}; the command was stopped for that` : problem, outlet)
}

const start = (options: RunOptions, { outletOf }: lineLogger.Style) =>
  Supervise.start(Command.make(...options.words), {
    label: options.label,
    redact: options.redact,
    stdin: options.stdin ? "inherit" : "null",
    ...(options.raw
      ? ({ stdout: "bytes", stderr: "bytes" } as const)
      : {
          // The relay makes the lines, and the logger takes them; `onLines` only waits until they are written.
          relay: true,
          onLines: { stdout: whenTaken(outletOf("stdout")), stderr: whenTaken(outletOf("stderr")) }
        }),
    // A pager waits for a person.
    deliverGrace: Duration.infinity
  })

/** As fast as they are taken. */
const passBytes = (child: Child, { outletOf }: lineLogger.Style) =>
  Effect.forEach(
    ["stdout", "stderr"] as const,
    (stream) =>
      Stream.runForEach(child.bytes(stream), (bytes) => {
        outletOf(stream).piece(bytes)
        return outletOf(stream).settled
      }),
    { concurrency: "unbounded", discard: true }
  )

const whenTaken = (outlet: Outlet) => (): void | Effect.Effect<void> => (outlet.isBusy ? outlet.settled : undefined)

const endOf = (child: Child, ended: ExitReport): Effect.Effect<End> =>
  Effect.match(child.report, {
    onSuccess: () => undefined,
    onFailure: (error) => error.message
  }).pipe(Effect.map((told) => ({ code: exitCode.ofStatus(ended.status), told, json: report.ofReport(ended) })))

const endOfError = (error: SpawnError | SurvivorsError): End => ({
  code:
    error._tag === "SpawnError"
      ? exitCode.ofReason(error.reason)
      : Math.max(1, error.status === undefined ? 1 : exitCode.ofStatus(error.status)),
  told: error.message,
  json: report.ofError(error)
})

/** A reader that takes nothing does not hold up a child that is to be killed, and is not waited for much longer. */
const atOnce = Duration.millis(100)

/** Passes signals on. A second Ctrl-C is from a person who has waited enough. */
const passOn = (child: Child, signals: Queue.Dequeue<Sendable>, { killAfter }: RunOptions, outlets: Outlets) =>
  Effect.gen(function* () {
    let interrupts = 0
    while (true) {
      const signal = yield* Queue.take(signals)
      switch (signal) {
        case "SIGINT":
        case "SIGTERM":
        case "SIGHUP":
        case "SIGQUIT": {
          if (signal === "SIGINT") interrupts++
          const isEnough = interrupts > 1
          yield* Effect.fork(child.stop(isEnough ? StopPlan.kill : StopPlan.make(StopPlan.signal(signal, killAfter))))
          yield* Effect.fork(outlets.giveUpAfter(isEnough ? atOnce : killAfter))
          break
        }
        case "SIGTSTP":
          // The command is in a session of its own, where the kernel ignores a SIGTSTP: no shell could continue it.
          yield* child.signal("SIGSTOP")
          yield* stopped
          yield* child.signal("SIGCONT")
          break
        default:
          yield* child.signal(signal)
      }
    }
  })

/**
 * How a child is stopped when nobody takes its output. It hears first what it would have heard had it written there
 * itself; a program that ignores SIGPIPE would have ended from the failed write, and this one has none.
 */
const withoutReader = ({ killAfter }: RunOptions) =>
  StopPlan.make(StopPlan.signal("SIGPIPE", Duration.min(killAfter, "1 second")), StopPlan.signal("SIGTERM", killAfter))
