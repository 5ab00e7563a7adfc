// Replaces the file at argv[2] without end, by contents that tell their own length.
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as AtomicFile from "@tether/host/AtomicFile"
import * as Effect from "effect/Effect"

const once = Effect.suspend(() => {
  const length = Math.floor(Math.random() * 200_000)
  return AtomicFile.replace(process.argv[2], `${length}:${"x".repeat(length)}`, { fsync: false })
})

const program = Effect.zipRight(
  once,
  Effect.sync(() => process.stdout.write("writing\n"))
).pipe(Effect.zipRight(Effect.forever(once)), Effect.provide(NodeFileSystem.layer))

await Effect.runPromise(program)
