/**
 * This project, where bytes are carried and not lines.
 */
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import type { ChildSpawner } from "@tether/process/ChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { lineText, piece, piecesIn } from "../data.js"
import { watched } from "../resident.js"
import type { Peer, Seen } from "../Row.js"
import { bytesSeen } from "./counting.js"
import { many, oneByOne } from "./sources.js"

const run = <A, E>(effect: Effect.Effect<A, E, ChildSpawner>): Promise<A> =>
  effect.pipe(Effect.provide(NodeChildSpawner.layer), Effect.runPromise)

const counter = Command.make("wc", "-c")

export const pipeline: Peer = ({ zeros }) =>
  Command.make("cat", zeros).pipe(
    Command.pipeTo(Command.make("cat")),
    Command.pipeTo(counter),
    (command) => Supervise.string(command),
    Effect.map((text) => bytesSeen(Number(text))),
    run
  )

const fedFrom = (stream: Stream.Stream<Uint8Array>): Promise<Seen> =>
  Supervise.string(counter, { stdin: { stream } }).pipe(
    Effect.map((text) => bytesSeen(Number(text))),
    run
  )

export const fed: Peer = ({ bytes }) => fedFrom(oneByOne(bytes))

export const fedMany: Peer = ({ bytes }) => fedFrom(many(bytes))

export const written: Peer = ({ bytes }) =>
  Effect.gen(function* () {
    const child = yield* Supervise.start(counter, { stdin: "pipe" })
    yield* Effect.repeatN(child.stdin.write(piece), piecesIn(bytes) - 1)
    yield* child.stdin.close
    const { stdout } = yield* child.report
    return bytesSeen(Number(stdout.tail))
  }).pipe(Effect.scoped, run)

/** Read as lines, of which there is one, and it is too long. */
export const endless: Peer = async ({ bytes }) => {
  const command = Command.make("head", "-c", String(bytes), "/dev/zero")
  const { growth, value } = await watched(() => run(Supervise.run(command, { onLines: { stdout: () => undefined } })))
  return { ...bytesSeen(value.stdout.bytes), memory: growth }
}

export const slow: Peer = async ({ slowLines }) => {
  let seen = 0
  const { growth } = await watched(() =>
    Supervise.start(Command.make("yes", lineText)).pipe(
      Effect.flatMap((child) =>
        child.stdout.pipe(
          Stream.take(slowLines),
          Stream.runForEach((item) => {
            if (item._tag === "Line") seen += item.text.length + 1
            return Effect.sleep("1 millis")
          })
        )
      ),
      Effect.scoped,
      run
    )
  )
  return { ...bytesSeen(seen), memory: growth }
}
