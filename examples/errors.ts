// Everything that can go wrong has a type: a child that could not be started says why by its reason, and a child that
// failed carries its status and its last words.
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import type { ChildOptions } from "@tether/process/ChildOptions"
import * as ExitStatus from "@tether/process/ExitStatus"
import * as Supervise from "@tether/process/Supervise"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"

const attempt = (title: string, command: Command.Command, options?: ChildOptions) =>
  Effect.zipRight(
    Console.log(`\n${title}`),
    Supervise.run(command, options).pipe(
      Effect.flatMap((report) => Console.log(`  no error: ${ExitStatus.format(report.status)}`)),
      Effect.catchTags({
        // All problems of a command that makes no sense are named, and nothing was started.
        SpawnError: (error) =>
          Effect.zipRight(
            Console.log(`  SpawnError, ${error.reason}:`),
            Console.log(`  ${error.problems.join("\n  ")}`)
          ),
        ProcessFailed: (error) =>
          Console.log(`  ProcessFailed, ${error.status._tag}:\n${error.pretty.replace(/^/gm, "  ")}`),
        SurvivorsError: (error) => Console.log(`  SurvivorsError: ${error.message}`)
      })
    )
  )

const program = Effect.all(
  [
    attempt("a program that does not exist", Command.make("no-such-program")),
    attempt("a file that is no program", Command.make(import.meta.filename)),
    attempt("a directory that does not exist", Command.make("ls"), { cwd: "/no/such/directory" }),
    attempt("options that make no sense", Command.make("ls", "a\0b"), { maxLineBytes: 0, relay: { level: "Loud" } }),
    attempt("an exit code", Command.make("node", "programs/failing-build.mjs"), {
      cwd: import.meta.dirname,
      label: "build"
    }),
    attempt("the same, and expected", Command.make("node", "programs/failing-build.mjs"), {
      cwd: import.meta.dirname,
      expect: [0, 2]
    }),
    attempt("a signal from somewhere", Command.make("sh", "-c", "kill -KILL $$"), { label: "victim" })
  ],
  { discard: true }
)

program.pipe(Effect.provide(NodeChildSpawner.layer), runMain)
