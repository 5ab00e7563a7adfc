/**
 * What a real command wrote, when, and how it ended: a script that was written down by running it once.
 */
import type * as Command from "@effect/platform/Command"
import type { Signal } from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import type { StreamName } from "@tether/process/ChildDriver"
import type { ChildOptions } from "@tether/process/ChildOptions"
import * as ChildSpawner from "@tether/process/ChildSpawner"
import type { ExitStatus } from "@tether/process/ExitStatus"
import type { ProcessFailed } from "@tether/process/ProcessFailed"
import * as Shell from "@tether/process/Shell"
import type { SpawnError } from "@tether/process/SpawnError"
import * as Supervise from "@tether/process/Supervise"
import type { SurvivorsError } from "@tether/process/SurvivorsError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { ParseError } from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { isUtf8 } from "node:buffer"
import * as Script from "./Script.js"

/**
 * A command that was run once. `label` is its label or else its command line, with secrets replaced; `at` is when that
 * was, in milliseconds since the epoch. Its script writes the same chunks at the same times, and ends in the same way.
 *
 * @example
 * ```ts
 * import type { Recording } from "@tether/vitest/Recording"
 * import * as TestSpawner from "@tether/vitest/TestSpawner"
 *
 * const replay = (recording: Recording) => TestSpawner.program("git", recording.script)
 * ```
 */
export interface Recording {
  readonly label: string
  readonly at: number
  readonly script: Script.Running
}

/**
 * A recording as JSON. Chunks that are text are stored as text, so that a diff of two recordings can be read.
 *
 * @example
 * ```ts
 * import * as Recording from "@tether/vitest/Recording"
 * import * as Schema from "effect/Schema"
 *
 * const decode = Schema.decodeUnknown(Schema.parseJson(Recording.schema))
 * ```
 */
export const schema: Schema.Schema<Recording, unknown> = Schema.Struct({
  label: Schema.String,
  at: Schema.Number,
  script: Script.running
}) as never

const json = Schema.parseJson(schema, { space: 2 })

/**
 * What may be said of the command that is recorded. As in `ChildOptions`.
 *
 * @example
 * ```ts
 * import type { Options } from "@tether/vitest/Recording"
 *
 * const options: Options = { cwd: "/tmp", stdin: { text: "2 + 2\n" } }
 * ```
 */
export type Options = Pick<ChildOptions, "label" | "cwd" | "env" | "stdin" | "redact" | "stop" | "containment">

/**
 * Runs a command to its end, whatever that is, and answers with its recording. What it writes is stored as it is: a
 * program that prints a secret prints it into the recording. A chunk is what one read brought, which a busy machine
 * cuts in other places than an idle one.
 *
 * @example
 * ```ts
 * import * as Command from "@effect/platform/Command"
 * import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
 * import * as Recording from "@tether/vitest/Recording"
 * import * as Effect from "effect/Effect"
 *
 * const recording = Recording.record(Command.make("git", "log", "-3")).pipe(Effect.provide(NodeChildSpawner.layer))
 * ```
 */
export const record = (
  command: Command.Command,
  options: Options = {}
): Effect.Effect<Recording, SpawnError | ProcessFailed | SurvivorsError, ChildSpawner.ChildSpawner> =>
  Effect.scoped(
    Effect.gen(function* () {
      const clock = yield* Effect.clock
      const at = clock.unsafeCurrentTimeMillis()
      const child = yield* Supervise.start(command, { ...options, stdout: "bytes", stderr: "bytes", check: false })
      const steps: Array<Script.Step> = []
      let passed = at
      const note = (step: Script.Step) => {
        const now = clock.unsafeCurrentTimeMillis()
        if (now > passed) steps.push(Script.wait(now - passed))
        passed = now
        steps.push(step)
      }
      const listen = (stream: StreamName) =>
        Stream.runForEach(child.bytes(stream), (bytes) => Effect.sync(() => note(Script.write(stream, dataOf(bytes)))))
      // The exit is noted when its output has been read: what a script writes after its end is lost.
      yield* Effect.all([listen("stdout"), listen("stderr")], { concurrency: "unbounded", discard: true })
      const { status } = yield* child.report
      note(endOf(status))
      return { label: labelOf(command, options) ?? child.label, at, script: Script.make(...steps) }
    })
  )

/** By their programs' names alone, two commands would be taken for one. */
const labelOf = (command: Command.Command, options: Options = {}): string | undefined => {
  const planned = Either.getOrUndefined(ChildSpawner.plan(command, options))
  if (planned === undefined || options.label !== undefined) return planned?.label
  return planned.shown.map(({ args, command }) => Shell.commandLine([command, ...args])).join(" | ")
}

const dataOf = (bytes: Uint8Array): Script.Data =>
  isUtf8(bytes) ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) : bytes.slice()

const endOf = (status: ExitStatus): Script.Step =>
  status._tag === "Exited" ? Script.exit(status.code) : Script.die(status.signal as Signal)

/**
 * The recording in this file. If there is no such file, the command is run, and its recording written there: the first
 * run of a test records, all later ones replay. To record anew, delete the file. One that is of another command is a
 * defect: it is not replayed. Folders on the way to the file are made.
 *
 * @example
 * ```ts
 * import * as Command from "@effect/platform/Command"
 * import * as Recording from "@tether/vitest/Recording"
 *
 * const version = Recording.once("test/recordings/git-version.json", Command.make("git", "--version"))
 * ```
 */
export const once = (
  path: string,
  command: Command.Command,
  options?: Options
): Effect.Effect<
  Recording,
  SpawnError | ProcessFailed | SurvivorsError | PlatformError | ParseError,
  ChildSpawner.ChildSpawner | FileSystem.FileSystem
> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const wanted = labelOf(command, options)
    if (yield* files.exists(path)) {
      const recording = yield* load(path)
      if (wanted === undefined || recording.label === wanted) return recording
      return yield* Effect.dieMessage(
        `${path} is a recording of "${recording.label}", and not of "${wanted}": delete it to record anew`
      )
    }
    // Before it runs: what cannot be kept need not be made.
    yield* files.makeDirectory(path.slice(0, Math.max(0, path.lastIndexOf("/"))) || ".", { recursive: true })
    const recording = yield* record(command, options)
    yield* save(path, recording)
    return recording
  })

/**
 * Reads a recording from a file.
 *
 * @example
 * ```ts
 * import * as Recording from "@tether/vitest/Recording"
 *
 * const recording = Recording.load("test/recordings/git-version.json")
 * ```
 */
export const load = (path: string): Effect.Effect<Recording, PlatformError | ParseError, FileSystem.FileSystem> =>
  FileSystem.FileSystem.pipe(
    Effect.flatMap((files) => files.readFileString(path)),
    Effect.flatMap(Schema.decodeUnknown(json))
  )

/**
 * Writes a recording to a file, for people and for version control: as indented JSON. The folder has to be there.
 *
 * @example
 * ```ts
 * import * as Recording from "@tether/vitest/Recording"
 * import * as Script from "@tether/vitest/Script"
 *
 * const saved = Recording.save("hello.json", { label: "hello", at: 0, script: Script.make(Script.stdout("hello\n")) })
 * ```
 */
export const save = (
  path: string,
  recording: Recording
): Effect.Effect<void, PlatformError | ParseError, FileSystem.FileSystem> =>
  Effect.flatMap(Schema.encode(json)(recording), (text) =>
    Effect.flatMap(FileSystem.FileSystem, (files) => files.writeFileString(path, `${String(text)}\n`))
  )

/**
 * The script without waits that have an end, for tests in which the times do not matter and the clock is a real one.
 *
 * @example
 * ```ts
 * import type { Recording } from "@tether/vitest/Recording"
 * import * as Recordings from "@tether/vitest/Recording"
 * import * as TestSpawner from "@tether/vitest/TestSpawner"
 *
 * const replay = (recording: Recording) => TestSpawner.always(Recordings.atOnce(recording))
 * ```
 */
export const atOnce = ({ script }: Recording): Script.Running => ({
  ...script,
  steps: script.steps.filter((step) => step._tag !== "Wait" || step.millis === undefined)
})

/**
 * A recording from output that was stored without times: its lines, each as one chunk, so many apart (default: at
 * once), and then an end with code 0.
 *
 * @example
 * ```ts
 * import * as Recording from "@tether/vitest/Recording"
 *
 * const recording = Recording.ofLines("claude", `{"type":"system"}\n{"type":"result"}\n`, 10)
 * ```
 */
export const ofLines = (label: string, stdout: string, millisApart = 0): Recording => {
  const lines = stdout.split(/(?<=\n)/).filter((line) => line !== "")
  const steps = lines.flatMap((line) =>
    millisApart > 0 ? [Script.wait(millisApart), Script.stdout(line)] : [Script.stdout(line)]
  )
  return { label, at: 0, script: Script.make(...steps) }
}
