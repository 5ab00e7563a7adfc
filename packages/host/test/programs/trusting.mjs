// Says of each path of its words ("Kind:path") why it is not to be used, one JSON object a line, under its umask.
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as StateDir from "@tether/host/StateDir"
import * as TrustedPath from "@tether/host/TrustedPath"
import * as Effect from "effect/Effect"

const asked = (word) => {
  const at = word.indexOf(":")
  const [kind, path] = [word.slice(0, at), word.slice(at + 1)]
  if (kind === "State") return Effect.provide(StateDir.stateDir(path), NodeFileSystem.layer)
  return Effect.map(TrustedPath.problemOf(path, kind), (problem) => problem?.text ?? "trusted")
}

const program = Effect.forEach(process.argv.slice(2), (word) =>
  asked(word).pipe(
    Effect.catchAll((error) => Effect.succeed(error.message)),
    Effect.map((answer) => process.stdout.write(`${answer}\n`))
  )
).pipe(Effect.provide(NodeFileSystem.layer))

await Effect.runPromise(program)
