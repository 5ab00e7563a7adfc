/**
 * Deaths on record, for tests.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Logfmt from "@tether/host/Logfmt"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as ExitJournal from "@tether/journal/ExitJournal"
import type { ExitRecord } from "@tether/journal/ExitRecord"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

export const start: ExitRecord = {
  id: "01M8JDNE9AF81D8AS21X77A2BG",
  ts: 1_795_000_000_000,
  ev: "session-start",
  identity: 'web: "the 3rd".x',
  pid: 4711,
  startToken: "8812",
  bootId: "0b7c9d3e",
  pidNamespace: "4026531836",
  host: "box",
  writer: "12:34",
  command: 'serve --name "a = b"',
  cwd: "/srv/my app"
}

export const pairsOf = (line: string): ReadonlyArray<Logfmt.Pair> => Either.getOrThrow(Logfmt.decode(line))

export const recordsIn = (directory: string) =>
  Effect.flatMap(ExitJournal.reader(directory), (journal) => Stream.runCollect(journal.records())).pipe(
    Effect.map(Chunk.toReadonlyArray),
    Effect.provide(Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer))
  )

export const keys = [
  ["ts", "ev", "identity", "dead_status", "dead_signal", "id"],
  ["start", "pid", "start_token", "boot_id", "pid_namespace", "host", "writer", "command", "cwd"]
] as const
