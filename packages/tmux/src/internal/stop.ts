/**
 * Ends a session on purpose. The shim is the parent of what runs there: it carries out the plan, and ends only when the
 * record of the end is written, so that nobody sees an end that has no cause.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as TerminalText from "@tether/host/TerminalText"
import type { ExitRecord } from "@tether/journal/ExitRecord"
import * as ExitRecords from "@tether/journal/ExitRecord"
import * as ExitStatus from "@tether/process/ExitStatus"
import type * as StopPlan from "@tether/process/StopPlan"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { SessionStuck } from "../SessionStuck.js"
import type { Facts } from "./facts.js"
import { writtenWithin } from "./log.js"
import * as Records from "./records.js"
import { ask } from "./shimClient.js"
import type { ShimStatus, ShimStep } from "./shimProtocol.js"
import type { TmuxService } from "./tmux.js"
import { failingWithin, holdsWithin, unbroken, within } from "./within.js"

/**
 * How a session ended. `status` is undefined where nobody knows; `record` is that of the journal, where the session has
 * one.
 *
 * @example
 * ```ts
 * import type { SessionEnd } from "@tether/tmux/TmuxSession"
 * import * as ExitStatus from "@tether/process/ExitStatus"
 *
 * const words = ({ status }: SessionEnd) =>
 *   status === undefined ? "nobody knows how it ended" : ExitStatus.format(status)
 * ```
 */
export interface SessionEnd {
  readonly status: ExitStatus.ExitStatus | undefined
  readonly record: Option.Option<ExitRecord>
}

type Files = FileSystem.FileSystem | ProcessIdentity

/** Those of a plan that a shim can carry out; undefined where the plan has others. */
export const stepsOf = (plan: StopPlan.StopPlan): ReadonlyArray<ShimStep> | undefined => {
  const steps = plan.steps.flatMap((step) =>
    step._tag === "Signal" ? [{ signal: step.signal, wait: Duration.toMillis(step.wait) }] : []
  )
  return steps.length === plan.steps.length ? steps : undefined
}

const statusOf = (status: ShimStatus): ExitStatus.ExitStatus =>
  "code" in status ? ExitStatus.Exited(status.code) : ExitStatus.Signaled(status.signal)

export const isGone = ({ shim }: Facts): Effect.Effect<boolean, never, ProcessIdentity> =>
  Effect.flatMap(ProcessIdentity, (processes) =>
    Effect.map(processes.liveness(shim), (liveness) => liveness === "gone")
  )

/**
 * Before the process of the pane ends, it records the end of its program, and listens no more. One that somebody has
 * stopped lives.
 */
export const isRunning = (facts: Facts): Effect.Effect<boolean, never, ProcessIdentity> =>
  Effect.scoped(ask(facts.socket, { op: "running" })).pipe(
    failingWithin("1 second", () => ({ _tag: "NoAnswer" as const, problem: "it does not answer" })),
    Effect.flatMap((answer) =>
      answer._tag === "Running" ? Effect.succeed(answer.isRunning) : Effect.map(isGone(facts), (gone) => !gone)
    ),
    Effect.catchAll(() => Effect.map(goneWithin(facts, "1 second"), (gone) => !gone))
  )

/** The process of the program, as its parent knows it. */
export const programOf = ({ socket }: Facts): Effect.Effect<Option.Option<number>> =>
  Effect.scoped(ask(socket, { op: "running" })).pipe(
    within("1 second"),
    Effect.map(Option.flatMapNullable((answer) => (answer._tag === "Running" ? answer.pid : undefined))),
    Effect.orElseSucceed(() => Option.none())
  )

const goneWithin = (facts: Facts, time: Duration.DurationInput): Effect.Effect<boolean, never, ProcessIdentity> =>
  holdsWithin(time, isGone(facts))

/** What tmux needs to notice a death, and the hook to write of it. */
const hookWithin = Duration.seconds(2)

export const stopSession = (
  tmux: TmuxService,
  facts: Facts,
  steps: ReadonlyArray<ShimStep>,
  reason: string
): Effect.Effect<SessionEnd, SessionStuck, Files> =>
  Effect.gen(function* () {
    const planned = Duration.millis(steps.reduce((sum, { wait }) => sum + wait, 0) + shimNeeds)
    const stopped = yield* Effect.scoped(
      ask(facts.socket, { op: "stop", steps, reason }).pipe(
        failingWithin(planned, () => ({ _tag: "NoAnswer" as const, problem: "it does not answer" })),
        Effect.flatMap((answer) =>
          answer._tag === "Stopped"
            ? conclude(facts, answer, reason)
            : Effect.fail({ _tag: "NoAnswer" as const, problem: `it answers ${answer._tag}` })
        ),
        // The connection closes here, and the shim ends.
        Effect.either
      )
    )
    if (stopped._tag === "Left" && !(yield* isGone(facts)))
      yield* closeTerminal(tmux, facts, planned, stopped.left.problem)
    yield* goneWithin(facts, shimEnds)
    const own = stopped._tag === "Right" ? stopped.right : undefined
    const end = own !== undefined && Option.isSome(own.record) ? own : yield* endOf(facts, own?.status)
    // tmux removes the pane when the log writer has all of it. Whoever removes it before that loses the rest.
    yield* tmux.watch(facts.shim)
    if (yield* writtenWithin(facts.unwritten, logNeeds)) {
      // The hook does that, too; but there is none without a journal, nor in a server that hangs.
      yield* Effect.ignore(tmux.run(["kill-session", "-t", facts.session]))
    } else {
      yield* Effect.logWarning(
        `the log of session ${TerminalText.quote(facts.identity)} is not complete yet: its writer does not take what is left`
      )
    }
    return end
  }).pipe(unbroken)

/** For the last output, on a slow disk. */
const logNeeds = Duration.seconds(10)

/** For SIGKILL, and for what a busy machine adds. */
const shimNeeds = 10_000
const shimEnds = Duration.seconds(5)

const conclude = (
  facts: Facts,
  stopped: { readonly status: ShimStatus; readonly step: string | undefined },
  reason: string
): Effect.Effect<SessionEnd, never, Files> =>
  Effect.gen(function* () {
    const status = statusOf(stopped.status)
    // It had ended by itself, of which the shim tells; or somebody else has stopped it, too, and does.
    if (stopped.step === undefined) return { status, record: Option.none() }
    const record = yield* Records.end(facts, { status, step: stopped.step, reason }).pipe(
      Effect.catchAll((error) =>
        Effect.as(
          Effect.logError(
            `the end of session ${TerminalText.quote(facts.identity)} is not in the journal: ${error.message}`
          ),
          Option.none()
        )
      )
    )
    // One end, one record. Where ours could not be written, the shim and the hook may try.
    if (Option.isSome(record)) yield* Records.settle(facts)
    return { status, record }
  })

/**
 * Without its terminal, a shim ends all by itself and records it. The kernel wakes it for that, should it be stopped.
 */
const closeTerminal = (
  tmux: TmuxService,
  facts: Facts,
  time: Duration.Duration,
  problem: string
): Effect.Effect<void, SessionStuck, Files> =>
  Effect.gen(function* () {
    yield* Effect.ignore(tmux.run(["kill-session", "-t", facts.session]))
    if (yield* goneWithin(facts, time)) return
    return yield* new SessionStuck({
      identity: facts.identity,
      shimPid: facts.shim.pid,
      problem: `its shim cannot be reached (${problem})`
    })
  })

/** The end as somebody else has recorded it. The hook is on its way when the process has gone. */
export const endOf = (facts: Facts, status?: ExitStatus.ExitStatus): Effect.Effect<SessionEnd, never, Files> =>
  facts.exitLogDir === undefined
    ? Effect.succeed({ status, record: Option.none() })
    : recordOf(facts).pipe(
        // A file system that hangs holds nobody up.
        within(Duration.times(hookWithin, 2)),
        Effect.map(Option.flatten),
        Effect.map((record) => ({
          status: status ?? Option.getOrUndefined(Option.flatMapNullable(record, ExitRecords.statusOf)),
          record
        }))
      )

/** A journal may be long: it is read when there may be something to find, and not to wait for it. */
const recordOf = (facts: Facts): Effect.Effect<Option.Option<ExitRecord>, never, Files> =>
  Effect.gen(function* () {
    const found = yield* Records.findEnd(facts)
    if (Option.isSome(found)) return found
    yield* holdsWithin(hookWithin, Records.isSettled(facts))
    return yield* Records.findEnd(facts)
  }).pipe(Effect.orElseSucceed(() => Option.none()))
