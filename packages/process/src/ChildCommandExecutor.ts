/**
 * `@effect/platform`'s `CommandExecutor` over a `ChildSpawner`: programs that are written against `Command` get
 * children that are read to the end, stopped within a bound and contained, without a changed line.
 */
import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import { BadArgument, type PlatformError } from "@effect/platform/Error"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ChildOptions } from "./ChildOptions.js"
import { ChildSpawner, plan } from "./ChildSpawner.js"
import { CommandProcess } from "./internal/commandProcess.js"
import { fromSpawnError } from "./internal/platformError.js"
import { commandLine } from "./Shell.js"

/**
 * What may be said of all children of an executor, because a `Command` cannot: how they are stopped when their scope
 * closes and how far that reaches, what becomes of what a clean exit leaves behind, how long a pipe that something else
 * holds open is read, and which secrets no error shows. As in `ChildOptions`.
 *
 * @example
 * ```ts
 * import type { Options } from "@tether/process/ChildCommandExecutor"
 * import * as StopPlan from "@tether/process/StopPlan"
 *
 * const patient: Options = { stop: StopPlan.make(StopPlan.signal("SIGTERM", "30 seconds")) }
 * ```
 */
export type Options = Pick<ChildOptions, "stop" | "containment" | "leftovers" | "drainGrace" | "redact">

/**
 * An executor over a spawner. It keeps what the one of `@effect/platform-node` promises, and differs where this is
 * safer:
 *
 * - Both streams are read from the start. Up to 1 MiB of each waits for a reader, after the exit too. When that is full
 *   and nobody reads, stdout holds the child back; stderr does not, nor does stdout while somebody waits for the end,
 *   or once a reader has left: the oldest bytes are dropped, and the next reader fails with their number before it goes
 *   on.
 * - When the scope closes, the child is stopped by its stop plan, with all that it left behind. What a clean
 *   exit leaves behind is stopped at once, unless `leftovers` says otherwise.
 * - `kill` is over within a bound too: SIGTERM, SIGINT, SIGQUIT and SIGABRT are followed by SIGKILL after five
 *   seconds. A process that lives on five seconds after any other signal is left alone, and `kill` fails with
 *   `TimedOut`.
 * - What cannot be started fails with a `PlatformError`, whatever the reason, and never dies. Its `cause` is the
 *   `SpawnError`.
 *
 * - A `Stream` as stdin that fails stops the process, which does not see an end of input, and `exitCode` fails with it.
 * - In a pipeline the kernel carries the bytes. The process is the last stage, as it is Effect's; `kill` and the close
 *   of the scope reach all stages, and the stderr of all of them is the process's.
 *
 * @example
 * ```ts
 * import * as ChildCommandExecutor from "@tether/process/ChildCommandExecutor"
 * import { ChildSpawner } from "@tether/process/ChildSpawner"
 * import * as Command from "@effect/platform/Command"
 * import * as Effect from "effect/Effect"
 *
 * const version = Effect.flatMap(ChildSpawner, (spawner) =>
 *   ChildCommandExecutor.make(spawner).string(Command.make("git", "--version")))
 * ```
 */
export const make = (spawner: ChildSpawner["Type"], options: Options = {}): CommandExecutor.CommandExecutor => {
  const start = startWith(spawner, options)
  const text = (command: Command.Command, encoding: string | undefined) =>
    Stream.unwrapScoped(
      Effect.zipWith(decoderOf(encoding), start(command), (decoder, process) => decoded(process.stdout, decoder))
    )
  const streamLines = (command: Command.Command, encoding?: string) => Stream.splitLines(text(command, encoding))
  return {
    ...CommandExecutor.makeExecutor(start),
    string: (command, encoding) => Stream.mkString(text(command, encoding)),
    streamLines,
    lines: (command, encoding) => Effect.map(Stream.runCollect(streamLines(command, encoding)), Chunk.toArray)
  }
}

/**
 * `CommandExecutor` for a program that has a `ChildSpawner`. On Node, `NodeCommandExecutor.layer` of
 * `@tether/process-node` is both in one.
 *
 * @example
 * ```ts
 * import * as ChildCommandExecutor from "@tether/process/ChildCommandExecutor"
 * import * as Command from "@effect/platform/Command"
 * import * as Effect from "effect/Effect"
 *
 * const lastCommit = Command.string(Command.make("git", "log", "-1")).pipe(
 *   Effect.provide(ChildCommandExecutor.layer)
 * )
 * ```
 */
export const layer: Layer.Layer<CommandExecutor.CommandExecutor, never, ChildSpawner> = Layer.suspend(() => layerWith())

/**
 * {@link layer}, with something to say of its children.
 *
 * @example
 * ```ts
 * import * as ChildCommandExecutor from "@tether/process/ChildCommandExecutor"
 * import * as StopPlan from "@tether/process/StopPlan"
 *
 * const layer = ChildCommandExecutor.layerWith({ stop: StopPlan.make(StopPlan.signal("SIGINT", "1 second")) })
 * ```
 */
export const layerWith = (options?: Options): Layer.Layer<CommandExecutor.CommandExecutor, never, ChildSpawner> =>
  Layer.effect(
    CommandExecutor.CommandExecutor,
    Effect.map(ChildSpawner, (spawner) => make(spawner, options))
  )

const startWith = (spawner: ChildSpawner["Type"], options: Options) => (command: Command.Command) =>
  Effect.uninterruptible(
    Effect.gen(function* () {
      const scope = yield* Effect.scope
      const { stdin, stdout, stderr } = endsOf(command)
      const { child, release } = yield* Effect.mapError(
        spawner.acquire(asLines(command), {
          ...options,
          stdin: typeof stdin === "string" ? stdin : { stream: stdin },
          stdout: stdout === "inherit" ? "inherit" : "bytes",
          stderr: stderr === "inherit" ? "inherit" : "bytes"
        }),
        fromSpawnError
      )
      const pipes = { stdin: typeof stdin === "string" ? stdin : "stream", stdout, stderr } as const
      const process = new CommandProcess(child, () => lineOf(command, options) ?? child.label, pipes)
      yield* Scope.addFinalizer(
        scope,
        Effect.zipRight(
          Effect.sync(() => process.letGo()),
          release
        )
      )
      // Not in the scope, where they would be interrupted with the last words still to come. They end with the output.
      for (const pump of process.pumps) yield* Effect.forkDaemon(Effect.interruptible(pump))
      return process as CommandExecutor.Process
    })
  )

/** Of the last stage, whose end is that of the whole. */
const lineOf = (command: Command.Command, options: Options): string | undefined => {
  const planned = Either.getOrUndefined(plan(asLines(command), options))?.shown.at(-1)
  return planned === undefined ? undefined : commandLine([planned.command, ...planned.args])
}

/** What the first stage reads, and the last one writes. */
const endsOf = (command: Command.Command): Pick<Command.StandardCommand, "stdin" | "stdout" | "stderr"> => {
  const stages = Command.flatten(command)
  const { stderr, stdout } = stages.at(-1) ?? stages[0]
  return { stdin: stages[0].stdin, stdout, stderr }
}

const asLines = (command: Command.Command): Command.Command =>
  command._tag === "PipedCommand" ? Command.pipeTo(asLines(command.left), asLines(command.right)) : asLine(command)

/**
 * A shell line as Node makes one: the words as they are, with a space between, so that the shell reads the arguments
 * too. Ours, which would quote them, must find no arguments.
 */
const asLine = (command: Command.StandardCommand): Command.Command => {
  if (command.shell === false) return command
  const line = [command.command, ...command.args].join(" ")
  return Object.assign(Command.make(line), command, { command: line, args: [] })
}

const decoderOf = (encoding: string | undefined): Effect.Effect<TextDecoder, PlatformError> =>
  Effect.try({
    try: () => new TextDecoder(encoding),
    catch: (cause) =>
      new BadArgument({
        module: "Command",
        method: "decode",
        description: `there is no encoding ${String(encoding)}`,
        cause
      })
  })

/** A character may be cut in two between two reads. */
const decoded = <E>(bytes: Stream.Stream<Uint8Array, E>, decoder: TextDecoder): Stream.Stream<string, E> =>
  Stream.concat(
    Stream.mapChunks(
      bytes,
      Chunk.map((chunk) => decoder.decode(chunk, { stream: true }))
    ),
    Stream.sync(() => decoder.decode())
  )
