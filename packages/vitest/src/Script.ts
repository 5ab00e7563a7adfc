/**
 * What a child does, as a value: a list of steps that can be written by hand, built, stored as JSON, played in virtual
 * time by `TestSpawner`, and run as a real program by `ScriptProgram`.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import type { StreamName } from "@tether/process/ChildDriver"
import * as Signals from "@tether/process/Signals"
import { Reason } from "@tether/process/SpawnError"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { chunksCutAt, singleBytes } from "./internal/cuts.js"

/**
 * What one write hands over: a text, which is written as UTF-8, or bytes. In JSON, bytes are `{ "base64": "…" }`.
 *
 * @example
 * ```ts
 * import type { Data } from "@tether/vitest/Script"
 *
 * const invalidUtf8: Data = new Uint8Array([0xff])
 * ```
 */
export type Data = string | Uint8Array

/**
 * Writes to a stream, a chunk at a time: each is one read for whoever reads in time. Waits while the pipe is full. Once
 * nobody can read the stream any more, SIGPIPE comes instead.
 *
 * @example
 * ```ts
 * import type { Write } from "@tether/vitest/Script"
 *
 * const hello: Write = { _tag: "Write", stream: "stdout", chunks: ["hel", "lo\n"] }
 * ```
 */
export interface Write {
  readonly _tag: "Write"
  readonly stream: StreamName
  readonly chunks: ReadonlyArray<Data>
}

/**
 * Does nothing for so many milliseconds of Effect's clock; without them, for ever.
 *
 * @example
 * ```ts
 * import type { Wait } from "@tether/vitest/Script"
 *
 * const second: Wait = { _tag: "Wait", millis: 1000 }
 * ```
 */
export interface Wait {
  readonly _tag: "Wait"
  readonly millis?: number | undefined
}

/**
 * Reads stdin: one line, lines until one that is exactly `line`, or everything. The end of the input ends it too.
 *
 * @example
 * ```ts
 * import type { Read } from "@tether/vitest/Script"
 *
 * const untilQuit: Read = { _tag: "Read", until: "line", line: "quit" }
 * ```
 */
export interface Read {
  readonly _tag: "Read"
  readonly until: "line" | "end"
  readonly line?: string | undefined
}

/**
 * Copies stdin to stdout until its end, as `cat` does.
 *
 * @example
 * ```ts
 * import type { Echo } from "@tether/vitest/Script"
 *
 * const cat: Echo = { _tag: "Echo" }
 * ```
 */
export interface Echo {
  readonly _tag: "Echo"
}

/**
 * From here on, does these steps whenever the signal comes, beside whatever else it does, one after the other if
 * several come. No steps at all ignore it. Without a reaction a signal does what it does to any process.
 *
 * @example
 * ```ts
 * import type { React } from "@tether/vitest/Script"
 *
 * const slowly: React = {
 *   _tag: "React",
 *   signal: "SIGTERM",
 *   steps: [
 *     { _tag: "Wait", millis: 100 },
 *     { _tag: "Exit", code: 0 }
 *   ]
 * }
 * ```
 */
export interface React {
  readonly _tag: "React"
  readonly signal: Signal
  readonly steps: ReadonlyArray<Step>
}

/**
 * Starts a process of its own that does these steps, and holds these streams open until it ends. It is in the child's
 * group, unless it `escapes` to a session of its own.
 *
 * @example
 * ```ts
 * import type { Leave } from "@tether/vitest/Script"
 *
 * const holder: Leave = { _tag: "Leave", steps: [{ _tag: "Wait", millis: 60_000 }], holds: ["stdout"], escapes: false }
 * ```
 */
export interface Leave {
  readonly _tag: "Leave"
  readonly steps: ReadonlyArray<Step>
  readonly holds: ReadonlyArray<StreamName>
  readonly escapes: boolean
}

/**
 * Closes one of its own descriptors, and goes on.
 *
 * @example
 * ```ts
 * import type { Close } from "@tether/vitest/Script"
 *
 * const deaf: Close = { _tag: "Close", stream: "stdin" }
 * ```
 */
export interface Close {
  readonly _tag: "Close"
  readonly stream: StreamName | "stdin"
}

/**
 * Ends with a code, 0 to 255. So does, with 0, whatever comes to the end of its steps.
 *
 * @example
 * ```ts
 * import type { Exit } from "@tether/vitest/Script"
 *
 * const failed: Exit = { _tag: "Exit", code: 1 }
 * ```
 */
export interface Exit {
  readonly _tag: "Exit"
  readonly code: number
}

/**
 * Ends by a signal, whatever its reactions are. With SIGSTOP it stops, until SIGCONT comes; a signal that ends nobody
 * (SIGCHLD, SIGWINCH and their like) does nothing.
 *
 * @example
 * ```ts
 * import type { Die } from "@tether/vitest/Script"
 *
 * const crash: Die = { _tag: "Die", signal: "SIGSEGV" }
 * ```
 */
export interface Die {
  readonly _tag: "Die"
  readonly signal: Signal
}

/**
 * Falls into a wait that not even SIGKILL ends, as with a disk that is gone. No real program can do so at will.
 *
 * @example
 * ```ts
 * import type { Freeze } from "@tether/vitest/Script"
 *
 * const stuck: Freeze = { _tag: "Freeze" }
 * ```
 */
export interface Freeze {
  readonly _tag: "Freeze"
}

/**
 * Does these steps so many times; without a number, for ever.
 *
 * @example
 * ```ts
 * import type { Repeat } from "@tether/vitest/Script"
 *
 * const yes: Repeat = { _tag: "Repeat", steps: [{ _tag: "Write", stream: "stdout", chunks: ["y\n"] }] }
 * ```
 */
export interface Repeat {
  readonly _tag: "Repeat"
  readonly times?: number | undefined
  readonly steps: ReadonlyArray<Step>
}

/**
 * One thing that a child does.
 *
 * @example
 * ```ts
 * import type { Step } from "@tether/vitest/Script"
 *
 * const isLast = (step: Step) => step._tag === "Exit" || step._tag === "Die"
 * ```
 */
export type Step = Write | Wait | Read | Echo | React | Leave | Close | Exit | Die | Freeze | Repeat

/**
 * A child that runs: what it does, and how many bytes each of its pipes holds (64 KiB where nothing is said, which is
 * about what a pipe of Linux holds; 0 makes every write wait for its reader).
 *
 * @example
 * ```ts
 * import type { Running } from "@tether/vitest/Script"
 *
 * const silent: Running = { _tag: "Running", steps: [{ _tag: "Exit", code: 0 }] }
 * ```
 */
export interface Running {
  readonly _tag: "Running"
  readonly steps: ReadonlyArray<Step>
  readonly pipeBytes?: number | undefined
}

/**
 * A child that is not started, and why, in the words of `SpawnError`.
 *
 * @example
 * ```ts
 * import type { Refused } from "@tether/vitest/Script"
 *
 * const missing: Refused = { _tag: "Refused", reason: "NotFound", problem: "no such program", code: "ENOENT" }
 * ```
 */
export interface Refused {
  readonly _tag: "Refused"
  readonly reason: Reason
  readonly problem: string
  readonly code?: string | undefined
}

/**
 * The whole life of a child.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const script: Script.Script = Script.make(Script.stdout("hello\n"), Script.exit(3))
 * ```
 */
export type Script = Running | Refused

// The first three descriptors have names.
const StreamNameSchema: Schema.Schema<StreamName> = Schema.String.pipe(
  Schema.pattern(/^(?:stdout|stderr|fd(?:[3-9]|[1-9]\d+))$/)
) as never

const SignalSchema: Schema.Schema<Signal> = Schema.Literal(...Signals.names)

const DataSchema: Schema.Schema<Data, string | { readonly base64: string }> = Schema.Union(
  Schema.String,
  Schema.transform(Schema.Struct({ base64: Schema.Uint8ArrayFromBase64 }), Schema.Uint8ArrayFromSelf, {
    strict: true,
    decode: ({ base64 }) => base64,
    encode: (base64) => ({ base64 })
  })
)

const Millis = Schema.NonNegative.pipe(Schema.finite())

/** A word that is misspelt is an error, and not a wait without end. */
const strict = { parseOptions: { onExcessProperty: "error" } } as const

const Steps: Schema.Schema<ReadonlyArray<Step>, unknown> = Schema.Array(Schema.suspend(() => StepSchema)) as never

const isCatchable = (signal: Signal): boolean => signal !== "SIGKILL" && signal !== "SIGSTOP"

// What is stored is only ever read through this schema: its type is of no use to anyone.
const StepSchema: Schema.Schema<Step, unknown> = Schema.Union(
  Schema.TaggedStruct("Write", { stream: StreamNameSchema, chunks: Schema.Array(DataSchema) }),
  Schema.TaggedStruct("Wait", { millis: Schema.optional(Millis) }),
  Schema.TaggedStruct("Read", { until: Schema.Literal("line"), line: Schema.optional(Schema.String) }),
  Schema.TaggedStruct("Read", { until: Schema.Literal("end") }),
  Schema.TaggedStruct("Echo", {}),
  Schema.TaggedStruct("React", { signal: SignalSchema.pipe(Schema.filter(isCatchable)), steps: Steps }),
  Schema.TaggedStruct("Leave", { steps: Steps, holds: Schema.Array(StreamNameSchema), escapes: Schema.Boolean }),
  Schema.TaggedStruct("Close", { stream: Schema.Union(StreamNameSchema, Schema.Literal("stdin")) }),
  Schema.TaggedStruct("Exit", { code: Schema.Int.pipe(Schema.between(0, 255)) }),
  Schema.TaggedStruct("Die", { signal: SignalSchema }),
  Schema.TaggedStruct("Freeze", {}),
  Schema.TaggedStruct("Repeat", { times: Schema.optional(Schema.NonNegativeInt), steps: Steps })
).annotations(strict) as never

/**
 * A script that runs, as JSON.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 * import * as Schema from "effect/Schema"
 *
 * const decode = Schema.decodeUnknown(Schema.parseJson(Script.running))
 * ```
 */
export const running: Schema.Schema<Running, unknown> = Schema.TaggedStruct("Running", {
  steps: Steps,
  pipeBytes: Schema.optional(Schema.NonNegativeInt)
}).annotations(strict) as never

/**
 * A script as JSON.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 * import * as Schema from "effect/Schema"
 *
 * const json = Schema.encodeSync(Schema.parseJson(Script.schema))(Script.make(Script.exit(1)))
 * // {"_tag":"Running","steps":[{"_tag":"Exit","code":1}]}
 * ```
 */
export const schema: Schema.Schema<Script, unknown> = Schema.Union(
  running,
  Schema.TaggedStruct("Refused", { reason: Reason, problem: Schema.String, code: Schema.optional(Schema.String) })
).annotations(strict) as never

/**
 * A child that does these steps, one after the other, and then exits with 0.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const server = Script.make(
 *   Script.on("SIGTERM", Script.stdout("bye\n"), Script.exit(0)),
 *   Script.stdout("listening\n"),
 *   Script.hang
 * )
 * ```
 */
export const make = (...steps: ReadonlyArray<Step>): Running => ({ _tag: "Running", steps })

/**
 * The same child with pipes that hold so many bytes. With 0, a write is over when it has been read.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const readsNothing = Script.withPipes(Script.make(Script.hang), 0)
 * ```
 */
export const withPipes = (script: Running, pipeBytes: number): Running => ({ ...script, pipeBytes })

/**
 * A child that is not started. The problem is what `SpawnError.problems` says; where none is given, the usual words.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const missing = Script.refuse("NotFound")
 * ```
 */
export const refuse = (reason: Reason, problem = `the script refuses: ${reason}`, code?: string): Refused => ({
  _tag: "Refused",
  reason,
  problem,
  code
})

/**
 * Writes to a stream by its name, each argument as one chunk.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const status = Script.write("fd3", "ready\n")
 * ```
 */
export const write = (stream: StreamName, ...chunks: ReadonlyArray<Data>): Write => ({ _tag: "Write", stream, chunks })

/**
 * Writes to stdout, each argument as one chunk.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const step = Script.stdout("one line\n", "half a li")
 * ```
 */
export const stdout = (...chunks: ReadonlyArray<Data>): Write => write("stdout", ...chunks)

/**
 * Writes to stderr, each argument as one chunk.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const step = Script.stderr("warning: something\n")
 * ```
 */
export const stderr = (...chunks: ReadonlyArray<Data>): Write => write("stderr", ...chunks)

/**
 * The chunks of a text or of bytes that is cut before these bytes: places that are out of range cut nothing.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const inTheMiddleOfE = Script.stdout(...Script.cut("café\n", 4))
 * ```
 */
export const cut = (data: Data, ...before: ReadonlyArray<number>): ReadonlyArray<Uint8Array> =>
  chunksCutAt(data, before)

/**
 * Every byte as a chunk of its own.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const slowly = Script.stdout(...Script.bytewise("naïve\n"))
 * ```
 */
export const bytewise = (data: Data): ReadonlyArray<Uint8Array> => singleBytes(data)

/**
 * Waits in the time of Effect's clock: under `TestClock` only as it is adjusted.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const startUp = Script.wait("300 millis")
 * ```
 */
export const wait = (duration: Duration.DurationInput): Wait => {
  const millis = Duration.toMillis(duration)
  return Number.isFinite(millis) ? { _tag: "Wait", millis } : hang
}

/**
 * Does nothing, for ever.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const server = Script.make(Script.stdout("listening\n"), Script.hang)
 * ```
 */
export const hang: Wait = { _tag: "Wait" }

/**
 * Reads one line of stdin, or lines until one that is exactly `line`.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const answer = [Script.readLine(), Script.stdout("42\n")]
 * ```
 */
export const readLine = (line?: string): Read => ({ _tag: "Read", until: "line", line })

/**
 * Reads stdin to its end.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const sink = Script.make(Script.readToEnd)
 * ```
 */
export const readToEnd: Read = { _tag: "Read", until: "end" }

/**
 * Copies stdin to stdout until its end.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const cat = Script.make(Script.echo)
 * ```
 */
export const echo: Echo = { _tag: "Echo" }

/**
 * From here on, does these steps when the signal comes; see {@link React}. SIGKILL and SIGSTOP cannot be reacted to.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const lingers = Script.on("SIGTERM", Script.wait("2 seconds"), Script.exit(0))
 * ```
 */
export const on = (signal: Exclude<Signal, "SIGKILL" | "SIGSTOP">, ...steps: ReadonlyArray<Step>): React => ({
  _tag: "React",
  signal,
  steps
})

/**
 * From here on, ignores the signal.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const stubborn = Script.make(Script.ignore("SIGTERM"), Script.hang)
 * ```
 */
export const ignore = (signal: Exclude<Signal, "SIGKILL" | "SIGSTOP">): React => on(signal)

/**
 * Starts a process of the child's group that does these steps, and holds its stdout and stderr open until it ends.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const holdsThePipe = Script.make(Script.leave(Script.wait("1 minute")), Script.exit(0))
 * ```
 */
export const leave = (...steps: ReadonlyArray<Step>): Leave => ({
  _tag: "Leave",
  steps,
  holds: ["stdout", "stderr"],
  escapes: false
})

/**
 * The same, with all choices: which streams it holds, and whether it is in a session of its own (`setsid`).
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const daemon = Script.leaveWith({ holds: [], escapes: true }, Script.hang)
 * ```
 */
export const leaveWith = (
  { escapes = false, holds = ["stdout", "stderr"] }: Partial<Pick<Leave, "holds" | "escapes">>,
  ...steps: ReadonlyArray<Step>
): Leave => ({ _tag: "Leave", steps, holds, escapes })

/**
 * Closes a descriptor, and goes on.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const silentFromNowOn = Script.close("stdout")
 * ```
 */
export const close = (stream: StreamName | "stdin"): Close => ({ _tag: "Close", stream })

/**
 * Exits with a code.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const failing = Script.make(Script.stderr("no disk\n"), Script.exit(1))
 * ```
 */
export const exit = (code: number): Exit => ({ _tag: "Exit", code })

/**
 * Ends by a signal of its own; see {@link Die}.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const crashing = Script.make(Script.die("SIGSEGV"))
 * ```
 */
export const die = (signal: Signal): Die => ({ _tag: "Die", signal })

/**
 * Becomes unkillable; see {@link Freeze}.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const survivor = Script.make(Script.freeze)
 * ```
 */
export const freeze: Freeze = { _tag: "Freeze" }

/**
 * Does steps so many times.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const ticks = Script.repeat(10, Script.stdout("tick\n"), Script.wait("1 second"))
 * ```
 */
export const repeat = (times: number, ...steps: ReadonlyArray<Step>): Repeat =>
  Number.isFinite(times) ? { _tag: "Repeat", times, steps } : forever(...steps)

/**
 * Does steps for ever. A round that waits for nothing lets everybody else have a turn before the next one.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 *
 * const yes = Script.make(Script.forever(Script.stdout("y\n")))
 * ```
 */
export const forever = (...steps: ReadonlyArray<Step>): Repeat => ({ _tag: "Repeat", steps })
