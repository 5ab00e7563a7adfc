/**
 * Drains until its stdin ends and nothing is left. What it is handed over is one line a record in its own file of the
 * directory `taken`; what is done is a file of the record's key, of which there can be one.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as Answer from "@tether/spool/Answer"
import * as Spool from "@tether/spool/Spool"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { appendFileSync, writeFileSync } from "node:fs"

const [, , directory, taken] = process.argv
const end = new AbortController()
process.stdin.on("end", () => end.abort()).resume()

const take = ({ record: { n } }) =>
  Effect.sync(() => {
    appendFileSync(`${taken}/by-${process.pid}`, `${n}\n`)
    try {
      writeFileSync(`${taken}/key-${n}`, "", { flag: "wx" })
      return Answer.done
    } catch {
      return Answer.known
    }
  })

const program = Effect.gen(function* () {
  const spool = yield* Spool.make({ directory, schema: Schema.Struct({ n: Schema.Int }), keyOf: ({ n }) => String(n) })
  console.log("up")
  while (true) {
    const wasOver = end.signal.aborted
    const { remaining } = yield* spool.drain(take)
    // Another drainer may be at the last ones.
    if (wasOver && remaining === 0 && (yield* spool.stats).claimed === 0) break
    yield* Effect.sleep("5 millis")
  }
  console.log("done")
})

Effect.runPromise(
  program.pipe(
    Effect.provide(Logger.replace(Logger.defaultLogger, Logger.none)),
    Effect.provide(Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer))
  )
)
