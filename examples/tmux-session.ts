// A program in a terminal that outlives whoever has started it: its output and its death are on disk. One session is
// spoken to and stopped, another one dies by itself; the journal knows the cause of both. Needs tmux, and says so where
// there is none.
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as NodeProcessIdentity from "@tether/process-node/NodeProcessIdentity"
import * as ExitStatus from "@tether/process/ExitStatus"
import * as Tmux from "@tether/tmux/Tmux"
import * as TmuxSession from "@tether/tmux/TmuxSession"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

const host = Layer.mergeAll(NodeChildSpawner.layer, NodeProcessIdentity.layer, NodeFileSystem.layer)

const greeter = `printf 'your name? '; while read name; do echo "hello $name"; printf 'your name? '; done`

const tell = (identity: string, { record, status }: TmuxSession.SessionEnd) => {
  const how = status === undefined ? "ended, and nobody saw how" : ExitStatus.format(status)
  return Console.log(
    `${identity} ${how}, by ${Option.match(record, { onNone: () => "nobody knows whom", onSome: ({ endedBy }) => endedBy })}`
  )
}

const sessions = (directory: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const places = { logDir: `${directory}/logs`, exitLogDir: `${directory}/exits` }
    const session = yield* TmuxSession.launch({
      identity: "greeter",
      command: Command.make("sh", "-c", greeter),
      ready: { isInputReady: (screen) => screen.includes("your name?"), message: "Ada" },
      ...places
    })
    // So does any other program of this user, also when this one is gone.
    const found = Option.getOrThrow(yield* TmuxSession.find("greeter"))
    yield* found.send("Grace")
    yield* Effect.repeat(found.screen, { until: (screen) => screen.includes("hello Grace") })
    yield* tell("greeter", yield* session.stop())
    yield* Console.log(`its log:\n${yield* fs.readFileString(session.logFile)}`)

    const crash = yield* TmuxSession.launch({
      identity: "crash",
      command: Command.make("sh", "-c", "sleep 0.5; kill -SEGV $$"),
      ...places
    })
    yield* tell("crash", yield* crash.ended)
  }).pipe(
    Effect.timeout("40 seconds"),
    Effect.ensuring(Effect.flatMap(Tmux.Tmux, (tmux) => Effect.ignore(tmux.run(["kill-server"])))),
    // A private server, whose socket is in this directory; the person's own is never touched.
    Effect.provide(Layer.provideMerge(Tmux.layer({ directory: `${directory}/tmux` }), host))
  )

const main = Effect.flatMap(FileSystem.FileSystem, (fs) =>
  fs.makeTempDirectoryScoped({ prefix: "tmux-session-" })
).pipe(
  Effect.flatMap(sessions),
  Effect.scoped,
  Effect.catchTag("TmuxUnavailable", (error) => Console.log(error.message)),
  Effect.provide(NodeFileSystem.layer)
)

runMain(main)
