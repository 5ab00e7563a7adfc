/**
 * A turn that is on its way: what is heard of it, what was asked for meanwhile, and what it comes to.
 */
import * as ActiveTime from "@tether/host/ActiveTime"
import * as ProcessInfo from "@tether/host/ProcessInfo"
import type { LinesInfo } from "@tether/process/ChildOptions"
import type { Drained, ExitReport } from "@tether/process/ExitReport"
import type { ExitStatus } from "@tether/process/ExitStatus"
import * as Redactor from "@tether/process/Redactor"
import type { SurvivorsError } from "@tether/process/SurvivorsError"
import * as Array from "effect/Array"
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberId from "effect/FiberId"
import * as Stream from "effect/Stream"
import type { AgentAdapter, Prompt } from "../AgentAdapter.js"
import type { Terminal, TurnEvent } from "../TurnEvent.js"
import { Account, type Before } from "./account.js"
import { type Attribution, oneTurn } from "./attribution.js"
import { Backlog } from "./backlog.js"
import { outcomeOf, type Phase } from "./outcome.js"
import type { ProcessOptions, Timeouts } from "./request.js"
import { watch } from "./watch.js"

/** The end of its process. */
export type End = Either.Either<ExitReport, SurvivorsError>

export interface Asked extends Prompt, Pick<ProcessOptions, "env" | "stuckIs" | "timeouts"> {
  readonly adapter: AgentAdapter
  /** What its process has done before, and whose its results are: of a process that serves turn after turn. */
  readonly before?: Before | undefined
  readonly attribution?: Attribution | undefined
}

export class Progress {
  readonly account: Account
  readonly backlog = new Backlog<TurnEvent>()
  /** Open once there is a result. */
  readonly ended = Effect.unsafeMakeLatch(false)
  /** Open once there is one that may be that of an earlier turn. */
  private readonly early = Effect.unsafeMakeLatch(false)
  /** What was asked for while it ran. */
  isCancelled = false
  timeout: Phase | undefined
  isStuck = false
  private readonly startedNanos: bigint
  private watchedSince: number | undefined
  private readonly over = Deferred.unsafeMake<Terminal>(FiberId.none)

  constructor(
    private readonly asked: Asked,
    private readonly clock: Clock.Clock
  ) {
    const redactor = Redactor.make({ env: asked.env })
    this.startedNanos = clock.unsafeCurrentTimeNanos()
    this.account = new Account(
      asked.adapter.decoder(asked),
      () => ActiveTime.unsafeNow(clock),
      redactor,
      asked.before ?? { turns: 0 },
      asked.attribution ?? oneTurn
    )
  }

  /**
   * What these lines mean, for who reads the turn, and before that for `first`. What is returned is to be awaited
   * before more is read. A chunk may have a million lines, and whoever else lives in this program gets its turn between
   * some of them.
   */
  stdout(
    lines: ReadonlyArray<string>,
    info: LinesInfo,
    first: (events: ReadonlyArray<TurnEvent>) => void = () => undefined
  ): Effect.Effect<void> | undefined {
    const some = (from: number): Effect.Effect<void> | undefined => {
      const to = Math.min(from + atOnce, lines.length)
      const events = this.account.stdout(lines, info, from, to)
      first(events)
      const room = this.backlog.offer(events, costOf(events, lines, from, to))
      if (this.account.result !== undefined) this.ended.unsafeOpen()
      if (this.account.early !== undefined) this.early.unsafeOpen()
      if (to === lines.length) return room
      return Effect.zipRight(
        room ?? Effect.void,
        Effect.zipRight(
          turnOfLoop,
          Effect.suspend(() => some(to) ?? Effect.void)
        )
      )
    }
    return some(0)
  }

  stderr(lines: ReadonlyArray<string>, info: LinesInfo): Effect.Effect<void> | undefined {
    const events = this.account.stderr(lines, info)
    return this.backlog.offer(events, costOf(events, lines, 0, lines.length))
  }

  readonly outcome: Effect.Effect<Terminal> = Deferred.await(this.over)

  /** The events, for one reader. One that leaves before the last of them has `leave` done. */
  events(leave: Effect.Effect<unknown>): Stream.Stream<TurnEvent> {
    const left = Effect.suspend(() => {
      this.backlog.discard()
      return leave
    })
    return Stream.ensuring(this.backlog.stream, left)
  }

  /**
   * Completes with a result that counts. One that may be that of an earlier turn does where nothing else comes for some
   * time.
   */
  readonly hasResult: Effect.Effect<void> = Effect.suspend(() => {
    const accepted = this.early.await.pipe(
      Effect.zipRight(this.clock.sleep(earlyPatience)),
      Effect.flatMap(() => (this.account.acceptEarly() ? Effect.void : Effect.never))
    )
    return Effect.raceFirst(this.ended.await, accepted)
  })

  /** Completes when it takes too long. What has its result waits for nothing but the end of its process. */
  readonly timedOut: Effect.Effect<Phase> = Effect.suspend(() => {
    const timeouts: Timeouts = this.asked.timeouts ?? {}
    const { account, backlog } = this
    const begunAt = (this.watchedSince ??= ActiveTime.unsafeNow(this.clock))
    const watched = () => ({
      begunAt,
      lastAt: account.lastAt,
      hasSpoken: account.hasSpoken,
      isHeld: backlog.isHeld
    })
    return Effect.flatMap(
      Effect.raceFirst(watch(timeouts, this.clock, watched), Effect.as(this.ended.await, undefined)),
      (phase) => (phase === undefined ? Effect.never : Effect.succeed(phase))
    )
  })

  /** All is over; without an end, its process goes on. */
  finish(end: End | undefined): Effect.Effect<Terminal> {
    return Effect.suspend(() => {
      const terminal = this.terminal(end)
      this.backlog.end([...this.account.end(), ...this.lastNotices(end), terminal])
      return Effect.as(Effect.zipRight(this.tell(terminal), Deferred.succeed(this.over, terminal)), terminal)
    })
  }

  private terminal(end: End | undefined): Terminal {
    const { account } = this
    const report = end === undefined ? undefined : Either.getOrUndefined(end)
    const status: ExitStatus | undefined = end === undefined || Either.isLeft(end) ? end?.left.status : end.right.status
    return outcomeOf({
      isCancelled: this.isCancelled,
      timeout: this.timeout,
      isStuck: this.isStuck,
      stuckIs: this.asked.stuckIs ?? "completed",
      status,
      isStopped: report === undefined || report.endedBy === "owner" || report.endedBy === "scope",
      result: account.result,
      sessionId: account.sessionId,
      incomplete: incompleteOf(account.truncatedLines, report),
      stderr: report?.stderr.tail ?? account.stderrTail,
      stderrBytes: report?.stderr.bytes ?? account.stderrBytes,
      durationMillis: Math.round(Number(this.clock.unsafeCurrentTimeNanos() - this.startedNanos) / 1e6)
    })
  }

  private lastNotices(end: End | undefined): ReadonlyArray<TurnEvent> {
    if (end === undefined) return []
    if (Either.isLeft(end)) return [this.account.notice("survivors", end.left.message)]
    const { drained, leftovers } = end.right
    const problem = lossOf(drained)
    const [suspects, ended] = Array.partition(leftovers, ({ isCertain }) => isCertain)
    return [
      ...(problem === undefined ? [] : [this.account.notice("lost", problem)]),
      ...(ended.length === 0 ? [] : [this.account.notice("leftovers", `ended with it: ${namesOf(ended)}`)]),
      ...(suspects.length === 0 ? [] : [this.account.notice("leftovers", `may be left of it: ${namesOf(suspects)}`)])
    ]
  }

  /** For who watches: the span of the turn has what it cost. */
  private tell(terminal: Terminal): Effect.Effect<void> {
    const { sessionId, usage } = this.account
    return Effect.annotateCurrentSpan({
      outcome: terminal._tag === "Failed" ? terminal.kind._tag : terminal._tag,
      sessionId,
      inputTokens: usage?.inputTokens,
      outputTokens: usage?.outputTokens,
      costUsd: usage?.costUsd
    })
  }
}

/** An agent says that it has begun as soon as it is asked. */
const earlyPatience = Duration.seconds(5)

const atOnce = 2048

/** Not by the clock of the fiber, which a test may hold. */
const turnOfLoop = ActiveTime.clock.sleep(Duration.zero)

/** About so many bytes of memory wait: the words, and for each event and block its object. */
const costOf = (events: ReadonlyArray<TurnEvent>, lines: ReadonlyArray<string>, from: number, to: number): number => {
  let cost = 0
  for (let index = from; index < to; index++) cost += (lines[index] as string).length
  for (const event of events) cost += event._tag === "Message" ? perEvent + perBlock * event.blocks.length : perEvent
  return cost
}

const perEvent = 128
const perBlock = 16

const namesOf = (processes: ReadonlyArray<ProcessInfo.ProcessInfo>): string =>
  processes.map((each) => ProcessInfo.format(each)).join(", ")

const lossOf = (drained: Drained): string | undefined => {
  if (drained._tag === "Stalled")
    return `${drained.bytes} bytes were not read, because nobody took the events before them`
  if (drained._tag === "Cut")
    return `its output was held open by ${namesOf(drained.holders) || "a process that cannot be named"}`
  return undefined
}

const incompleteOf = (truncatedLines: number, report: ExitReport | undefined): string | undefined => {
  if (truncatedLines > 0) return `no result came, and ${truncatedLines} of its lines were longer than maxLineBytes`
  return report?.drained._tag === "Stalled" ? "no result came, and not all of its output was read" : undefined
}
