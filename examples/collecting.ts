// All that a program writes, as one text or as lines, up to a limit. And lines for a shell, in which words stay words.
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Shell from "@tether/process/Shell"
import * as Supervise from "@tether/process/Supervise"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"

const words = ["it's", "two words", "$(echo gone)", "*"]

const program = Effect.gen(function* () {
  const version = yield* Supervise.string(Command.make("node", "--version"))
  yield* Console.log("a text, with its newline:", JSON.stringify(version))

  const programs = yield* Supervise.lines(Command.make("ls"), { cwd: `${import.meta.dirname}/programs` })
  yield* Console.log("lines:", programs.slice(0, 3))

  // Whoever collects what has no end would wait, and fill the memory, for ever.
  const beginning = yield* Supervise.string(Command.make("yes", "and so on"), { limit: 32 }).pipe(
    Effect.catchTag("OutputTooLarge", (error) => Effect.as(Console.log(error.message), error.kept))
  )
  yield* Console.log("what was kept:", JSON.stringify(beginning))

  const failed = yield* Effect.flip(Supervise.string(Command.make("sh", "-c", "echo half of it; exit 4")))
  yield* Console.log("a bad status fails it:", failed.message)

  const quoted = yield* Supervise.lines(Command.make("sh", "-c", Shell.quote`printf '%s\n' ${words} | sort`))
  yield* Console.log("quoted by hand:", quoted)

  const arguments_ = yield* Supervise.lines(Command.make("printf '%s\\n'", ...words).pipe(Command.runInShell(true)))
  yield* Console.log("quoted as arguments:", arguments_)
})

program.pipe(Effect.provide(NodeChildSpawner.layer), runMain)
