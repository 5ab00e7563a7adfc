/**
 * Puts files of one to three numbers, from `base` on, until its stdin ends; then prints how many numbers it has put.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as Spool from "@tether/spool/Spool"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const [, , directory, base] = process.argv
let next = Number(base)
const end = new AbortController()
process.stdin.on("end", () => end.abort()).resume()

const program = Effect.gen(function* () {
  const spool = yield* Spool.make({ directory, schema: Schema.Struct({ n: Schema.Int }), fsync: false })
  console.log("up")
  while (!end.signal.aborted) {
    const records = Array.from({ length: 1 + (next % 3) }, (_, index) => ({ n: next + index }))
    yield* spool.put(records)
    next += records.length
    yield* Effect.sleep("20 millis")
  }
  console.log(`put ${next - Number(base)}`)
})

Effect.runPromise(Effect.provide(program, Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer)))
