/**
 * This project.
 *
 * Promises and no effects: what surrounds a peer must not measure Effect's runtime with it (`Peer` in Row.ts).
 */
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import type { ChildSpawner } from "@tether/process/ChildSpawner"
import type { Containment } from "@tether/process/ExitReport"
import { SpawnError } from "@tether/process/SpawnError"
import * as Supervise from "@tether/process/Supervise"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { family, greeting, parent, silent } from "../programs.js"
import { type Peer, Unavailable } from "../Row.js"
import { closing, type Open } from "./closing.js"
import { LineCounter, spawnsSeen } from "./counting.js"
import { idling } from "./idling.js"

export const lines: Peer = ({ file }) => {
  const counter = new LineCounter()
  const onLines = (lines: ReadonlyArray<string>) => {
    for (const line of lines) counter.take(line)
  }
  return Supervise.run(Command.make("cat", file), { onLines: { stdout: onLines } }).pipe(
    Effect.map(() => counter.seen),
    Effect.provide(NodeChildSpawner.layer),
    Effect.runPromise
  )
}

/** The logger does nothing, so that what is measured is the way to it. */
export const relay: Peer = ({ file, lines }) => {
  let logged = 0
  const logger = Logger.make(() => {
    logged++
  })
  return Supervise.run(Command.make("cat", file), { relay: { stdout: true, stderr: false } }).pipe(
    Effect.map(({ stdout }) => ({ lines: logged, characters: stdout.bytes - lines, spawns: 0 })),
    Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
    Effect.provide(NodeChildSpawner.layer),
    Effect.runPromise
  )
}

export const stream: Peer = ({ file }) => {
  const counter = new LineCounter()
  return Supervise.start(Command.make("cat", file)).pipe(
    Effect.flatMap((child) =>
      Stream.runForEachChunk(child.stdout, (chunk) =>
        Effect.sync(() => Chunk.forEach(chunk, (item) => item._tag === "Line" && counter.take(item.text)))
      )
    ),
    Effect.scoped,
    Effect.map(() => counter.seen),
    Effect.provide(NodeChildSpawner.layer),
    Effect.runPromise
  )
}

/** A level that cannot be had here is a peer that is not here. */
const runPromise = async <A, E>(effect: Effect.Effect<A, E, ChildSpawner>): Promise<A> => {
  const result = await effect.pipe(Effect.provide(NodeChildSpawner.layer), Effect.either, Effect.runPromise)
  if (Either.isRight(result)) return result.right
  const error = result.left
  throw error instanceof SpawnError && error.reason === "Unsupported"
    ? new Unavailable(error.problems.join("; "))
    : error
}

const repeated = (command: Command.Command, count: number, containment: Containment | undefined) =>
  Supervise.run(command, { containment }).pipe(
    Effect.repeatN(count - 1),
    Effect.map(() => spawnsSeen(count)),
    runPromise
  )

const none = Command.make("/bin/true")

export const spawn: Peer = ({ spawns }) => repeated(none, spawns, undefined)

export const spawnAt =
  (containment: Containment): Peer =>
  ({ spawns }) =>
    repeated(none, spawns, containment)

export const closeAt =
  (containment: Containment): Peer =>
  ({ closes }) =>
    repeated(none, closes, containment)

export const closeParentAt =
  (containment: Containment): Peer =>
  ({ closes }) =>
    repeated(Command.make("sh", "-c", parent), closes, containment)

/** All of them have been running for a while, and are then stopped one after the other. */
export const closeOldAt =
  (containment: Containment): Peer =>
  ({ age, closes }) =>
    Effect.gen(function* () {
      const start = Supervise.start(Command.make("sleep", "60"), { containment, stdout: "null", stderr: "null" })
      const children = yield* Effect.replicateEffect(start, closes)
      yield* Effect.sleep(age)
      const begun = performance.now()
      for (const child of children) {
        yield* child.stop()
        yield* child.gone
      }
      return { ...spawnsSeen(closes), millis: performance.now() - begun }
    }).pipe(Effect.scoped, runPromise)

export const keep = (children: number): void => {
  Effect.replicateEffect(Supervise.start(Command.make("sh", "-c", family)), children).pipe(
    Effect.zipRight(Effect.never),
    Effect.scoped,
    Effect.provide(NodeChildSpawner.layer),
    Effect.runFork
  )
}

type Start = ReturnType<typeof Supervise.start>
type Started = Effect.Effect<unknown, SpawnError, ChildSpawner | Scope.Scope>

const closeWith = (together: (starts: ReadonlyArray<Start>) => Started): Peer =>
  closing((count, script, env) => {
    const scope = Effect.runSync(Scope.make())
    const start = Supervise.start(Command.make("sh", "-c", script), { env, stdout: "null", stderr: "null" })
    return together(Array.from({ length: count }, () => start)).pipe(
      Scope.extend(scope),
      Effect.as(() => Effect.runPromise(Scope.close(scope, Exit.void))),
      runPromise
    )
  })

export const closeTogether: Peer = closeWith(Supervise.all)
export const close: Peer = closeWith(Effect.all)

/** The logger does nothing: what is said once is said to nobody. */
const openRelayed: Open = (count, script, env) => {
  const scope = Effect.runSync(Scope.make())
  const start = Supervise.start(Command.make("sh", "-c", script), { env, relay: true })
  return Supervise.all(Array.from({ length: count }, () => start)).pipe(
    Scope.extend(scope),
    Effect.as(() => Effect.runPromise(Scope.close(scope, Exit.void))),
    Effect.provide(Logger.replace(Logger.defaultLogger, Logger.none)),
    runPromise
  )
}

export const idle: Peer = idling(openRelayed, silent)
export const idleGreeted: Peer = idling(openRelayed, greeting)
