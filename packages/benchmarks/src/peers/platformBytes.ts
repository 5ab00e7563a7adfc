/**
 * `@effect/platform`'s Command, where bytes are carried and not lines.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import type { CommandExecutor } from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import type { Peer, Seen } from "../Row.js"
import { bytesSeen } from "./counting.js"
import { oneByOne } from "./sources.js"

const counted = (printed: Effect.Effect<string, PlatformError, CommandExecutor>): Promise<Seen> =>
  printed.pipe(
    Effect.map((text) => bytesSeen(Number(text))),
    Effect.provide(NodeContext.layer),
    Effect.runPromise
  )

export const pipeline: Peer = ({ zeros }) =>
  Command.make("cat", zeros).pipe(
    Command.pipeTo(Command.make("cat")),
    Command.pipeTo(Command.make("wc", "-c")),
    Command.string,
    counted
  )

export const fed: Peer = ({ bytes }) =>
  Command.make("wc", "-c").pipe(Command.stdin(oneByOne(bytes)), Command.string, counted)
