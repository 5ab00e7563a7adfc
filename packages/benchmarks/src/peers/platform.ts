/**
 * `@effect/platform`'s Command, with the executor of `@effect/platform-node`.
 */
import * as Command from "@effect/platform/Command"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Peer } from "../Row.js"
import { LineCounter, spawnsSeen } from "./counting.js"

const linesOf = (file: string) =>
  Command.stream(Command.make("cat", file)).pipe(Stream.decodeText(), Stream.splitLines)

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
