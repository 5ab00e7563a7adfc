/**
 * `@effect/platform`'s Command, with the executor of `@effect/platform-node`.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { family, greeting, silent } from "../programs.js"
import type { Peer } from "../Row.js"
import { closing, type Open } from "./closing.js"
import { LineCounter, spawnsSeen } from "./counting.js"
import { idling } from "./idling.js"

const linesOf = (file: string) => Command.stream(Command.make("cat", file)).pipe(Stream.decodeText(), Stream.splitLines)

export const lines: Peer = ({ file }) => {
  const counter = new LineCounter()
  return linesOf(file).pipe(
    Stream.runForEach((line) => Effect.sync(() => counter.take(line))),
    Effect.map(() => counter.seen),
    Effect.provide(NodeContext.layer),
    Effect.runPromise
  )
}

export const linesByChunk: Peer = ({ file }) => {
  const counter = new LineCounter()
  return linesOf(file).pipe(
    Stream.runForEachChunk((chunk) => Effect.sync(() => Chunk.forEach(chunk, (line) => counter.take(line)))),
    Effect.map(() => counter.seen),
    Effect.provide(NodeContext.layer),
    Effect.runPromise
  )
}

export const spawn: Peer = ({ spawns }) =>
  Command.exitCode(Command.make("/bin/true")).pipe(
    Effect.repeatN(spawns - 1),
    Effect.map(() => spawnsSeen(spawns)),
    Effect.provide(NodeContext.layer),
    Effect.runPromise
  )

export const keep = (children: number): void => {
  const start = Command.start(Command.make("sh", "-c", family))
  Effect.replicateEffect(start, children).pipe(
    Effect.zipRight(Effect.never),
    Effect.scoped,
    Effect.provide(NodeContext.layer),
    Effect.runFork
  )
}

const closeWith = (together: <A, E, R>(starts: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>): Peer =>
  closing((count, script, env) => {
    const scope = Effect.runSync(Scope.make())
    const start = Command.start(Command.env(Command.make("sh", "-c", script), env))
    return together(Effect.replicateEffect(start, count)).pipe(
      Scope.extend(scope),
      Effect.as(() => Effect.runPromise(Scope.close(scope, Exit.void))),
      Effect.provide(NodeContext.layer),
      Effect.runPromise
    )
  })

/** A scope's finalizers run one after the other. */
export const close: Peer = closeWith((starts) => starts)
/** What a user can do about that. */
export const closeTogether: Peer = closeWith(Effect.parallelFinalizers)

/** A fiber a stream, which logs its lines. */
const startRelayed = (command: Command.Command) =>
  Effect.tap(Command.start(command), (child) =>
    Effect.forEach([child.stdout, child.stderr], (bytes) =>
      bytes.pipe(
        Stream.decodeText(),
        Stream.splitLines,
        Stream.runForEach((line) => Effect.log(line)),
        Effect.forkScoped
      )
    )
  )

const openRelayed: Open = (count, script, env) => {
  const scope = Effect.runSync(Scope.make())
  const start = startRelayed(Command.env(Command.make("sh", "-c", script), env))
  return Effect.parallelFinalizers(Effect.replicateEffect(start, count)).pipe(
    Scope.extend(scope),
    Effect.as(() => Effect.runPromise(Scope.close(scope, Exit.void))),
    Effect.provide(Logger.replace(Logger.defaultLogger, Logger.none)),
    Effect.provide(NodeContext.layer),
    Effect.runPromise
  )
}

export const idle: Peer = idling(openRelayed, silent)
export const idleGreeted: Peer = idling(openRelayed, greeting)
