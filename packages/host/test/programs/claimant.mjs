// Waits for a line on stdin, tries to take the lock at argv[2], says how that went, and keeps it until stdin ends.
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileLock from "@tether/host/FileLock"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const ended = new Promise((resolve) => process.stdin.on("end", resolve))
const told = new Promise((resolve) => process.stdin.once("data", resolve))

const program = Effect.gen(function* () {
  process.stdout.write("ready\n")
  yield* Effect.promise(() => told)
  const outcome = yield* Effect.either(FileLock.tryAcquire(process.argv[2], { label: "claimant" }))
  process.stdout.write(outcome._tag === "Right" ? "won\n" : `${outcome.left._tag}\n`)
  yield* Effect.promise(() => ended)
}).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer)))

await Effect.runPromise(program)
process.exit(0)
