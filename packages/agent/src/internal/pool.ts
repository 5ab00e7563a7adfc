/**
 * Who waits, who runs, and how those ended who are over.
 */
import { ChildSpawner } from "@tether/process/ChildSpawner"
import type { SpawnError } from "@tether/process/SpawnError"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { isTerminal, type Terminal, type TurnEvent } from "../TurnEvent.js"
import { refusal } from "./refusals.js"
import type { Turn, TurnRequest } from "./request.js"
import { startTurn } from "./turn.js"

interface Entry {
  readonly turnId: string
  readonly cwd: string
  /** Completed by a cancel while it waits. */
  readonly called: Deferred.Deferred<void>
  /** Its turn, once it is started. */
  readonly begun: Deferred.Deferred<Turn>
  /** How it ended; none where it was not started. */
  readonly over: Deferred.Deferred<Option.Option<Terminal>>
  turn: Turn | undefined
}

/** The end of a turn that was never started. */
const neverStarted: Terminal = { _tag: "Cancelled", stuck: false, stderr: "", stderrBytes: 0, durationMillis: 0 }

export class Pool {
  private readonly entries = new Map<string, Entry>()
  private readonly outcomes = new Map<string, Terminal>()
  private readonly directories = new Map<string, { readonly lock: Effect.Semaphore; users: number }>()
  private readonly places: Effect.Semaphore
  private readonly keep: number
  private readonly perDirectory: boolean

  constructor(
    options: {
      readonly concurrency: number
      readonly keep?: number | undefined
      readonly perDirectory?: boolean | undefined
    },
    private readonly spawner: ChildSpawner["Type"]
  ) {
    this.places = Effect.unsafeMakeSemaphore(options.concurrency)
    this.keep = options.keep ?? 1000
    this.perDirectory = options.perDirectory ?? false
  }

  readonly list = Effect.sync(() =>
    [...this.entries.values()].map(({ cwd, turn, turnId }) => ({
      turnId,
      cwd,
      state: turn === undefined ? ("waiting" as const) : ("running" as const)
    }))
  )

  readonly outcome = (turnId: string): Effect.Effect<Option.Option<Terminal>> =>
    Effect.sync(() => Option.fromNullable(this.outcomes.get(turnId)))

  readonly cancel = (turnId: string): Effect.Effect<Option.Option<Terminal>> =>
    Effect.suspend(() => {
      const entry = this.entries.get(turnId)
      if (entry === undefined) return Effect.succeedNone
      // Not the end that is read of it: whoever reads it may be who cancels.
      const stopped = Effect.flatMap(Deferred.await(entry.begun), (turn) => Effect.asSome(turn.cancel))
      return Effect.zipRight(
        Deferred.succeed(entry.called, undefined),
        Effect.raceFirst(stopped, Deferred.await(entry.over))
      )
    })

  readonly run = (request: TurnRequest): Stream.Stream<TurnEvent, SpawnError> =>
    Stream.unwrapScoped(
      Effect.gen(this, function* () {
        const entry = yield* this.enter(request)
        const turn = yield* this.started(request, entry)
        if (turn !== undefined)
          return Stream.tap(turn.events, (event) =>
            isTerminal(event) ? this.leave(entry, Option.some(event)) : Effect.void
          )
        yield* this.leave(entry, Option.some(neverStarted))
        return Stream.make(neverStarted)
      })
    ).pipe(Stream.provideService(ChildSpawner, this.spawner))

  private enter({
    adapter,
    binary = adapter.binary,
    cwd,
    turnId
  }: TurnRequest): Effect.Effect<Entry, SpawnError, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.suspend(() => {
        if (this.entries.has(turnId)) {
          return Effect.fail(
            refusal("InvalidArgument", `${adapter.name} turn ${turnId}`, binary, cwd, [
              `another turn ${turnId} is in the pool`
            ])
          )
        }
        const entry: Entry = {
          turnId,
          cwd,
          called: Deferred.unsafeMake(FiberId.none),
          begun: Deferred.unsafeMake(FiberId.none),
          over: Deferred.unsafeMake(FiberId.none),
          turn: undefined
        }
        this.entries.set(turnId, entry)
        return Effect.succeed(entry)
      }),
      // Who did not read to the end, or was never started.
      (entry) =>
        Effect.flatMap(entry.turn === undefined ? Effect.succeedNone : Effect.asSome(entry.turn.cancel), (end) =>
          this.leave(entry, end)
        )
    )
  }

  private leave(entry: Entry, end: Option.Option<Terminal>): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.entries.get(entry.turnId) !== entry) return Effect.void
      this.entries.delete(entry.turnId)
      if (Option.isSome(end)) this.remember(entry.turnId, end.value)
      return Effect.asVoid(Deferred.succeed(entry.over, end))
    })
  }

  private remember(turnId: string, terminal: Terminal): void {
    this.outcomes.delete(turnId)
    this.outcomes.set(turnId, terminal)
    for (const oldest of this.outcomes.keys()) {
      if (this.outcomes.size <= this.keep) break
      this.outcomes.delete(oldest)
    }
  }

  /** Undefined where it was cancelled before there was a place for it. */
  private started(
    request: TurnRequest,
    entry: Entry
  ): Effect.Effect<Turn | undefined, SpawnError, ChildSpawner | Scope.Scope> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen(this, function* () {
        const held: Array<Effect.Effect<unknown>> = []
        const release = Effect.suspend(() => Effect.all(held.splice(0), { discard: true }))
        // The directory first: who waits for one holds no place meanwhile.
        const waiting = Effect.zipRight(this.directory(request.cwd, held), this.place(held))
        const isCalled = yield* restore(
          Effect.raceFirst(Effect.as(waiting, false), Effect.as(Deferred.await(entry.called), true))
        ).pipe(Effect.onError(() => release))
        if (isCalled) return yield* Effect.as(release, undefined)
        const turn = yield* Effect.onError(startTurn(request), () => release)
        entry.turn = turn
        yield* Deferred.succeed(entry.begun, turn)
        // Called while it started.
        if (yield* Deferred.isDone(entry.called)) yield* Effect.forkDaemon(turn.cancel)
        // A place is free when the process is gone, however slowly the turn is read.
        yield* Effect.forkDaemon(Effect.zipRight(turn.outcome, release))
        return turn
      })
    )
  }

  private place(held: Array<Effect.Effect<unknown>>): Effect.Effect<void> {
    return take(this.places, () => held.push(this.places.release(1)))
  }

  private directory(cwd: string, held: Array<Effect.Effect<unknown>>): Effect.Effect<void> {
    if (!this.perDirectory) return Effect.void
    return Effect.suspend(() => {
      const directory = this.directories.get(cwd) ?? { lock: Effect.unsafeMakeSemaphore(1), users: 0 }
      this.directories.set(cwd, directory)
      directory.users++
      held.push(
        Effect.sync(() => {
          if (--directory.users === 0) this.directories.delete(cwd)
        })
      )
      return take(directory.lock, () => held.push(directory.lock.release(1)))
    })
  }
}

/** Only the waiting can be interrupted: what is taken is noted. */
const take = (semaphore: Effect.Semaphore, note: () => void): Effect.Effect<void> =>
  Effect.uninterruptibleMask((restore) => Effect.map(restore(semaphore.take(1)), note))
