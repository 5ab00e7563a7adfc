// A host that keeps children until it is ended from outside. Its argument is JSON: { children: [{ sh, options }] }. A
// child that has `orphans` is started through a layer of its own with that option.
// Says "up" once all of them run.
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"

const { children } = JSON.parse(process.argv[2])

const keep = Effect.scoped(
  Effect.gen(function* () {
    for (const { sh, program, args, options, orphans } of children) {
      const command = sh === undefined ? Command.make(program, ...args) : Command.make("sh", "-c", sh)
      const child = Supervise.start(command, { stdout: "inherit", stderr: "inherit", ...options })
      yield* orphans === undefined ? child : Effect.provide(child, NodeChildSpawner.layerWith({ orphans }))
    }
    process.stdout.write(`up ${process.pid}\n`)
    yield* Effect.never
  })
)

// It says too when something was left and is being stopped.
const logger = Logger.make(({ message }) => {
  if (String(message).includes("Stopping what is left")) process.stdout.write("leftovers\n")
})

Effect.runFork(
  keep.pipe(Effect.provide(NodeChildSpawner.layer), Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
)
