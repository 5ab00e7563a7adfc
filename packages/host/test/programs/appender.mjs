// Appends lines "writer=<argv[3]> n=<n> pad=..." to argv[2] from n = argv[4] up to argv[5], with the options argv[6].
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as RotatingFile from "@tether/host/RotatingFile"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const [, , path, writer, from, to, options] = process.argv

const program = Effect.gen(function* () {
  const file = yield* RotatingFile.open(path, JSON.parse(options))
  for (let n = Number(from); n < Number(to); n++) {
    yield* file.append(`writer=${writer} n=${n} pad=${"x".repeat((n * 37) % 200)}`)
    if (n === Number(from)) process.stdout.write("writing\n")
  }
}).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer)))

await Effect.runPromise(program)
