// Three sessions end at once, and nobody is there to take what was said. Their hooks start no process and defer it;
// whoever comes later takes up all of it, once, also what one of them had said before.
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeProcessIdentity from "@tether/process-node/NodeProcessIdentity"
import * as Answer from "@tether/spool/Answer"
import * as Capture from "@tether/spool/Capture"
import * as Captures from "@tether/spool/Captures"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const said = (role: string, text: string) => `${JSON.stringify({ type: role, message: { role, content: text } })}\n`

const program = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const directory = yield* files.makeTempDirectoryScoped({ prefix: "deferred-capture-" })
  // What a hook would be told by its environment.
  process.env["TETHER_STATE_DIR"] = directory

  const sessions = ["first", "second", "third"]
  for (const session of sessions) {
    yield* files.writeFileString(
      `${directory}/${session}.jsonl`,
      said("user", `what is ${session}?`) + said("assistant", "a word")
    )
  }
  // The third was captured after its turn, too.
  yield* Capture.turn({ transcript: `${directory}/third.jsonl`, sessionId: "third" })

  const outcomes = yield* Effect.forEach(
    sessions,
    (sessionId) => Capture.transcript({ transcript: `${directory}/${sessionId}.jsonl`, sessionId }),
    { concurrency: "unbounded" }
  )
  for (const outcome of outcomes)
    yield* Console.log(
      `a hook: ${outcome.status}${outcome.status === "deferred" ? `, because ${outcome.because}` : ""}`
    )

  const spool = yield* Captures.deferred
  yield* Console.log(`deferred: ${(yield* spool.stats).ready} files`)
  const known = new Set<string>()
  const report = yield* spool.drain(({ header, key, record }) =>
    Effect.gen(function* () {
      if (known.has(key)) return Answer.known
      known.add(key)
      yield* Console.log(`  ${header["session_id"]}, ${record.role}: ${record.text}`)
      return Answer.done
    })
  )
  yield* Console.log(`drained: ${report.inserted} new, ${report.reinforced} known, ${report.remaining} files left`)
  if (report.inserted !== 6 || report.reinforced !== 2)
    return yield* Effect.fail(new Error("this is not how it was meant to go"))
}).pipe(Effect.scoped, Effect.provide(Layer.merge(NodeProcessIdentity.layer, NodeFileSystem.layer)))

runMain(program)
