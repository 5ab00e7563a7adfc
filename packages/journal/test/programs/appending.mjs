/** Appends so many records under a name, to a journal that is rotated often. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as ExitJournal from "@tether/journal/ExitJournal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const [, , directory, identity, count] = process.argv
const host = Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer)
const journal = Layer.provide(
  ExitJournal.layerFile({ directory, maxBytes: 8000, keep: 1000, format: identity.endsWith("j") ? "json" : "logfmt" }),
  host
)

const append = (number) =>
  Effect.flatMap(ExitJournal.ExitJournal, (each) =>
    each.append({
      ev: "session-exit",
      identity,
      deadStatus: number % 256,
      pid: number + 1,
      endedBy: "child",
      lastLines: "ä\n".repeat(number % 90)
    })
  )

Effect.forEach(
  Array.from({ length: Number(count) }, (_, number) => number),
  append,
  { discard: true }
).pipe(Effect.provide(journal), Effect.runPromise)
