/**
 * A daemon that takes records as they come, and drains what was deferred. It starts when a person or a service manager
 * starts it, and never otherwise.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as ActiveTime from "@tether/host/ActiveTime"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as FileLock from "@tether/host/FileLock"
import type { LockHeld } from "@tether/host/LockHeld"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as StateDir from "@tether/host/StateDir"
import * as TrustedPath from "@tether/host/TrustedPath"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { connect } from "node:net"
import { inBatch } from "./internal/batch.js"
import { converse } from "./internal/conversation.js"
import { checkSocketPath } from "./internal/socketPath.js"
import { type Place, serve } from "./internal/socketServer.js"
import type * as Spool from "./Spool.js"

/**
 * A daemon that runs.
 *
 * - `place`: where it listens, a path or an inherited descriptor.
 * - `drain`: asks for a pass now, and does not wait for it.
 * - `settled`: completes when the passes that were asked for are over.
 *
 * @example
 * ```ts
 * import { SpoolDaemon } from "@tether/spool/SpoolDaemon"
 * import * as Effect from "effect/Effect"
 *
 * const catchUp = Effect.flatMap(SpoolDaemon, (daemon) => Effect.zipRight(daemon.drain, daemon.settled))
 * ```
 */
export class SpoolDaemon extends Context.Tag("@tether/spool/SpoolDaemon")<
  SpoolDaemon,
  {
    readonly place: { readonly path: string } | { readonly fd: number }
    readonly drain: Effect.Effect<void>
    readonly settled: Effect.Effect<void>
  }
>() {}

/**
 * - `spool`, `handler`: what is drained, and who takes it, be it drained or handed over live.
 * - `socket`: the path to listen at. Its directory is made with mode 0700 where it is not there, the socket has 0600. A
 *   directory in which another user can replace the socket is refused; a sticky one, such as `/tmp`, is accepted.
 *   Where a service manager has handed over a socket (`LISTEN_FDS`), that is used, and left as it is at the end.
 * - `drainEvery`: how often it looks for what was deferred. Default one minute.
 * - `quietFor`: for how long nothing must have been handed over before it drains: those who wait for an answer go
 *   first. Default one second. After ten times as long it drains all the same.
 * - `budget`: of one pass. While something is left, the next one follows as soon as it is quiet.
 *
 * @example
 * ```ts
 * import * as Answer from "@tether/spool/Answer"
 * import type { Spool } from "@tether/spool/Spool"
 * import type { Options } from "@tether/spool/SpoolDaemon"
 * import * as Effect from "effect/Effect"
 *
 * const options = (spool: Spool<string>): Options<string, never> => ({
 *   spool,
 *   handler: ({ record }) => Effect.as(Effect.log(record), Answer.done),
 *   socket: "/run/user/1000/mails/daemon.sock"
 * })
 * ```
 */
export interface Options<A, R> {
  readonly spool: Spool.Spool<A>
  readonly handler: Spool.Handler<A, R>
  readonly socket: string
  readonly drainEvery?: Duration.DurationInput | undefined
  readonly quietFor?: Duration.DurationInput | undefined
  readonly budget?: Spool.Budget | undefined
}

const mostConnections = 64

/** It waits so many times as long as it must be quiet: where it never is, what was deferred is drained too. */
const mostPutOff = 10

/**
 * Runs a daemon as long as the layer lives. It serves before it drains. There is one for a spool: a second fails with
 * `LockHeld`, which names the first.
 *
 * A socket that is left of a daemon that is gone is replaced; one at which somebody listens is not, and the layer
 * fails. No failure of a pass or of a handler ends it.
 *
 * @example
 * ```ts
 * import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
 * import * as ProcessIdentity from "@tether/host/ProcessIdentity"
 * import * as Capture from "@tether/spool/Capture"
 * import * as Captures from "@tether/spool/Captures"
 * import * as SpoolDaemon from "@tether/spool/SpoolDaemon"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const daemon = Layer.unwrapEffect(Effect.gen(function*() {
 *   return SpoolDaemon.layer({
 *     spool: yield* Captures.deferred,
 *     handler: yield* Captures.toFiles,
 *     socket: yield* Capture.socketPath
 *   })
 * })).pipe(Layer.provide(Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer)))
 * ```
 */
export const layer = <A, R>(
  options: Options<A, R>
): Layer.Layer<SpoolDaemon, FileError | LockHeld, FileSystem.FileSystem | ProcessIdentity | R> =>
  Layer.scoped(SpoolDaemon, make(options))

const make = <A, R>({
  budget,
  drainEvery = "1 minute",
  handler,
  quietFor = "1 second",
  socket,
  spool
}: Options<A, R>): Effect.Effect<
  SpoolDaemon["Type"],
  FileError | LockHeld,
  FileSystem.FileSystem | ProcessIdentity | R | Scope.Scope
> =>
  Effect.gen(function* () {
    if (!isInherited()) yield* checkSocketPath(socket)
    yield* FileLock.tryAcquire(lockPath(spool), { label: "spool daemon" })
    const place = yield* placeFor(socket)
    const requests = yield* Queue.unbounded<Deferred.Deferred<void>>()
    let active = 0
    let lastAt = Number.NEGATIVE_INFINITY

    const ask = Effect.flatMap(Deferred.make<void>(), (done) => Effect.as(Queue.offer(requests, done), done))
    const service = {
      put: (header: Spool.Header, lines: ReadonlyArray<string>) =>
        Effect.acquireUseRelease(
          Effect.sync(() => active++),
          () =>
            inBatch(handler, (handle) => spool.take(header, lines, handle)).pipe(
              Effect.catchAll((error) =>
                Effect.as(Effect.logError(error.message), {
                  inserted: 0,
                  reinforced: 0,
                  skipped: 0,
                  failed: lines.length
                })
              )
            ),
          () =>
            Effect.map(ActiveTime.now, (now) => {
              active--
              lastAt = now
            })
        ),
      drain: Effect.asVoid(ask)
    }
    yield* serve(place, mostConnections, (connection, flow) => converse(connection, flow, service))
    if ("path" in place) yield* makePrivate(place.path)

    const quietMillis = Duration.toMillis(quietFor)
    const quiet = Effect.gen(function* () {
      const last = (yield* ActiveTime.now) + quietMillis * mostPutOff
      while (true) {
        const now = yield* ActiveTime.now
        const left = Math.min(last - now, active > 0 ? quietMillis : lastAt + quietMillis - now)
        if (left <= 0) return
        yield* ActiveTime.sleep(Math.max(10, left))
      }
    })
    /** Passes until nothing is left that can be taken now. */
    const passes = Effect.gen(function* () {
      while (true) {
        yield* quiet
        const { stoppedBy } = yield* spool.drain(handler, budget)
        if (stoppedBy === "end") return
      }
    }).pipe(Effect.catchAllCause((cause) => Effect.logError("the spool could not be drained now", cause)))
    const work = Effect.gen(function* () {
      const asked = yield* Queue.takeBetween(requests, 1, Number.MAX_SAFE_INTEGER)
      yield* passes
      yield* Effect.forEach(asked, (done) => Deferred.succeed(done, undefined), { discard: true })
    })
    yield* Effect.forkScoped(Effect.interruptible(Effect.forever(work)))
    yield* Effect.forkScoped(Effect.interruptible(Effect.forever(Effect.zipRight(ask, Effect.sleep(drainEvery)))))
    return {
      place,
      drain: service.drain,
      settled: Effect.flatMap(ask, Deferred.await)
    }
  })

/** Who runs the daemon of a spool is named in this file. */
const lockPath = (spool: { readonly directory: string }): string => `${spool.directory}/daemon.lock`

/**
 * The daemon of a spool, if one runs or has left its lock: a message that names it, and whether it lives.
 *
 * @example
 * ```ts
 * import * as Captures from "@tether/spool/Captures"
 * import * as SpoolDaemon from "@tether/spool/SpoolDaemon"
 * import * as Effect from "effect/Effect"
 *
 * const who = Effect.flatMap(Captures.deferred, SpoolDaemon.owner)
 * ```
 */
export const owner = (spool: {
  readonly directory: string
}): Effect.Effect<LockHeld | undefined, FileError, FileSystem.FileSystem | ProcessIdentity> =>
  FileLock.tryAcquire(lockPath(spool)).pipe(
    Effect.as(undefined),
    Effect.scoped,
    Effect.catchTag("LockHeld", (held) => Effect.succeed(held))
  )

/** The first descriptor that a service manager hands over. */
const firstInherited = 3

const isInherited = (): boolean => {
  const { LISTEN_FDS, LISTEN_PID } = process.env
  return LISTEN_PID === String(process.pid) && Number(LISTEN_FDS) >= 1
}

const placeFor = (path: string): Effect.Effect<Place, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    if (isInherited()) return { fd: firstInherited }
    const fs = yield* FileSystem.FileSystem
    const directory = path.slice(0, Math.max(0, path.lastIndexOf("/"))) || "."
    yield* StateDir.makeDirectory(directory)
    if (!(yield* Effect.orElseSucceed(fs.exists(path), () => false))) return { path }
    yield* TrustedPath.check("listen at", path, "Socket")
    // Our lock says that no daemon of this spool lives, and this that nobody else listens there.
    if (yield* isAnswered(path))
      return yield* Effect.fail(
        FileAttempt.refused("listen at", path, "AlreadyExists", "another program listens there")
      )
    yield* FileAttempt.attempt("replace the socket", path)(fs.remove(path))
    return { path }
  })

const isAnswered = (path: string): Effect.Effect<boolean> =>
  Effect.async((resume) => {
    const connection = connect({ path })
    const end = (answered: boolean) => {
      connection.destroy()
      resume(Effect.succeed(answered))
    }
    connection
      .on("connect", () => end(true))
      .on("error", ({ code }: NodeJS.ErrnoException) => end(code !== "ECONNREFUSED" && code !== "ENOENT"))
  })

const makePrivate = (path: string): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => FileAttempt.attempt("make private", path)(fs.chmod(path, 0o600)))
