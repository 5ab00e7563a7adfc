/**
 * This project.
 */
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import type { Peer } from "../Row.js"
import { LineCounter, spawnsSeen } from "./counting.js"

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
        Effect.sync(() => Chunk.forEach(chunk, (line) => counter.take(line.text))))),
    Effect.scoped,
    Effect.map(() => counter.seen),
    Effect.provide(NodeChildSpawner.layer),
    Effect.runPromise
  )
}

export const spawn: Peer = ({ spawns }) =>
  Supervise.run(Command.make("/bin/true")).pipe(
    Effect.repeatN(spawns - 1),
    Effect.map(() => spawnsSeen(spawns)),
    Effect.provide(NodeChildSpawner.layer),
    Effect.runPromise
  )
