/**
 * A command and its options, checked as a whole before anything is started: a plan, or all that is wrong with it.
 */
import type * as Command from "@effect/platform/Command"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as HashMap from "effect/HashMap"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { LaunchRequest, StreamName } from "../ChildDriver.js"
import type { ChildOptions, Expect, OnLines } from "../ChildOptions.js"
import * as ExitStatus from "../ExitStatus.js"
import { defaultMaxLineBytes } from "../Lines.js"
import { IO } from "../Relay.js"
import { type Reason, SpawnError } from "../SpawnError.js"
import * as StopPlan from "../StopPlan.js"
import * as Redactor from "./redact.js"
import { isSignal } from "./signals.js"

/** What is done with one captured stream. */
export type StreamPlan = LinesPlan | { readonly as: "bytes" }

export interface LinesPlan {
  readonly as: "lines"
  readonly relay: { readonly level: LogLevel.LogLevel; readonly colour: boolean } | undefined
  readonly onLines: OnLines | undefined
}

export interface Plan {
  readonly label: string
  /** The command as it may be shown. */
  readonly shown: { readonly command: string; readonly args: ReadonlyArray<string>; readonly cwd: string | undefined }
  readonly request: LaunchRequest
  readonly redactor: Redactor.Redactor
  /** Undefined where the stream is not captured. */
  readonly streams: { readonly [S in StreamName]: StreamPlan | undefined }
  readonly maxLineBytes: number
  readonly carriageReturn: "keep" | "split"
  readonly flushPartialAfter: Duration.Duration | undefined
  readonly tailBytes: number
  readonly expects: (status: ExitStatus.ExitStatus) => boolean
  /** Whether the caller said which ends are expected, or the default did. */
  readonly expectGiven: boolean
  readonly check: boolean
  readonly stop: StopPlan.StopPlan
  readonly drainGrace: Duration.Duration
  readonly deliverGrace: Duration.Duration
}

const defaultDrainGrace = Duration.seconds(1)
const defaultDeliverGrace = Duration.seconds(5)

const isSuccess = (status: ExitStatus.ExitStatus): boolean => status._tag === "Exited" && status.code === 0

export const resolve = (command: Command.Command, options: ChildOptions): Either.Either<Plan, SpawnError> => {
  const redactor = Redactor.make([
    ...Object.values(options.env ?? {}).filter((value): value is Redacted.Redacted => Redacted.isRedacted(value)),
    ...(options.redact ?? [])
  ])
  const standard = firstStage(command)
  const words = [standard.command, ...standard.args]
  const label = redactor.redact(options.label ?? words.join(" "))
  const cwd = options.cwd ?? Option.getOrUndefined(standard.cwd)
  const shown = {
    command: redactor.redact(standard.command),
    args: standard.args.map(redactor.redact),
    cwd: cwd === undefined ? undefined : redactor.redact(cwd)
  }
  const refuse = (reason: Reason, problems: ReadonlyArray<string>) =>
    Either.left(new SpawnError({ reason, label, ...shown, problems, code: undefined }))

  const unsupported = unsupportedParts(command, standard)
  if (unsupported.length > 0) return refuse("Unsupported", unsupported)

  const stdio = {
    stdin: options.stdin ?? (standard.stdin === "inherit" ? "inherit" : "null"),
    stdout: options.stdout ?? (standard.stdout === "inherit" ? "inherit" : "lines"),
    stderr: options.stderr ?? (standard.stderr === "inherit" ? "inherit" : "lines")
  } as const
  const env = environmentChanges(standard, options)
  const relay = relayOf(options, stdio)

  const problems = [
    ...commandProblems(words, cwd, env),
    ...streamProblems(options, stdio),
    ...relay.problems,
    ...limitProblems(options),
    ...endProblems(options),
    ...containmentProblems(options),
    ...stopProblems(options.stop)
  ]
  if (problems.length > 0) return refuse("InvalidArgument", problems.map(redactor.redact))

  const streamPlan = (stream: StreamName): StreamPlan | undefined => {
    if (stdio[stream] === "bytes") return { as: "bytes" }
    return stdio[stream] === "lines" ? { as: "lines", relay: relay[stream], onLines: options.onLines?.[stream] } : undefined
  }
  const [program, args] = standard.shell === false
    ? [standard.command, standard.args]
    : shellWords(standard, standard.shell)
  return Either.right({
    label,
    shown,
    request: {
      label,
      program,
      args,
      cwd,
      env,
      extendEnv: standard.extendEnv,
      uid: Option.getOrUndefined(standard.uid),
      gid: Option.getOrUndefined(standard.gid),
      stdin: stdio.stdin,
      stdout: pipeOr(stdio.stdout),
      stderr: pipeOr(stdio.stderr),
      containment: options.containment,
      leavable: options.leftovers === "leave"
    },
    redactor,
    streams: { stdout: streamPlan("stdout"), stderr: streamPlan("stderr") },
    maxLineBytes: options.maxLineBytes ?? defaultMaxLineBytes,
    carriageReturn: options.carriageReturn ?? "keep",
    flushPartialAfter: options.flushPartialAfter === undefined ? undefined : Duration.decode(options.flushPartialAfter),
    tailBytes: options.tailBytes ?? 16 * 1024,
    expects: options.expect === undefined ? isSuccess : expectation(options.expect),
    expectGiven: options.expect !== undefined,
    check: options.check ?? true,
    stop: options.stop ?? StopPlan.defaultPlan,
    drainGrace: options.drainGrace === undefined ? defaultDrainGrace : Duration.decode(options.drainGrace),
    deliverGrace: options.deliverGrace === undefined ? defaultDeliverGrace : Duration.decode(options.deliverGrace)
  })
}

const pipeOr = (stdio: "lines" | "bytes" | "null" | "inherit") =>
  stdio === "lines" || stdio === "bytes" ? "pipe" : stdio

const firstStage = (command: Command.Command): Command.StandardCommand =>
  command._tag === "StandardCommand" ? command : firstStage(command.left)

const unsupportedParts = (command: Command.Command, standard: Command.StandardCommand): ReadonlyArray<string> => {
  const parts: Array<string> = []
  if (command._tag === "PipedCommand") parts.push("a pipeline of commands cannot be supervised yet")
  if (typeof standard.stdin !== "string") parts.push("a Stream as the command's stdin cannot be used yet")
  if (typeof standard.stdout !== "string") parts.push("a Sink as the command's stdout cannot be used yet")
  if (typeof standard.stderr !== "string") parts.push("a Sink as the command's stderr cannot be used yet")
  return parts
}

// What is in single quotes is text to a POSIX shell, but for the single quote itself.
const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

const shellWords = (command: Command.StandardCommand, shell: true | string): [string, ReadonlyArray<string>] => [
  shell === true ? "/bin/sh" : shell,
  ["-c", [command.command, ...command.args.map(quote)].join(" ")]
]

const environmentChanges = (
  command: Command.StandardCommand,
  options: ChildOptions
): ReadonlyMap<string, string | undefined> | undefined => {
  const changes = new Map<string, string | undefined>(HashMap.entries(command.env))
  for (const [name, value] of Object.entries(options.env ?? {})) {
    changes.set(name, Redacted.isRedacted(value) ? String(Redacted.value(value)) : value)
  }
  return changes.size === 0 ? undefined : changes
}

// The system takes texts that end at the first NUL. What follows it must not be shown: it may be a secret.
const commandProblems = (
  words: ReadonlyArray<string>,
  cwd: string | undefined,
  env: ReadonlyMap<string, string | undefined> | undefined
): ReadonlyArray<string> => {
  const problems: Array<string> = []
  if (words[0] === "") problems.push("the program has no name")
  words.forEach((word, index) => {
    if (word.includes("\0")) {
      problems.push(index === 0 ? "the program's name contains a NUL byte" : `argument ${index} contains a NUL byte`)
    }
  })
  if (cwd === "") problems.push("cwd is empty")
  if (cwd?.includes("\0") === true) problems.push("cwd contains a NUL byte")
  for (const [name, value] of env ?? []) {
    if (name === "" || name.includes("=") || name.includes("\0")) {
      problems.push("an environment variable's name is empty, or contains = or a NUL byte")
    } else if (value !== undefined && typeof value !== "string") {
      problems.push(`the value of environment variable ${name} is no text`)
    } else if (value?.includes("\0") === true) {
      problems.push(`the value of environment variable ${name} contains a NUL byte`)
    }
  }
  return problems
}

type Stdio = Readonly<Record<"stdin" | StreamName, string>>

const streamProblems = (options: ChildOptions, stdio: Stdio): ReadonlyArray<string> => {
  const problems: Array<string> = []
  for (const stream of ["stdout", "stderr"] as const) {
    if (!["lines", "bytes", "null", "inherit"].includes(stdio[stream])) {
      problems.push(`${stream} is "lines", "bytes", "null" or "inherit", and not "${stdio[stream]}"`)
    } else if (options.onLines?.[stream] !== undefined && stdio[stream] !== "lines") {
      problems.push(`onLines.${stream} needs ${stream}: "lines", and it is "${stdio[stream]}"`)
    }
  }
  if (!["null", "inherit"].includes(stdio.stdin)) problems.push(`stdin is "null" or "inherit", and not "${stdio.stdin}"`)
  return problems
}

const relayOf = (options: ChildOptions, stdio: Stdio) => {
  const problems: Array<string> = []
  const given = options.relay
  if (given === undefined || given === false) return { stdout: undefined, stderr: undefined, problems }
  const asked = given === true ? {} : given
  const level = levelOf(asked.level)
  const target = { level: level ?? IO, colour: asked.colour ?? false }
  const ofStream = (stream: StreamName) => {
    const captured = stdio[stream] === "lines"
    if (asked[stream] === true && !captured) {
      problems.push(`relay.${stream} needs ${stream}: "lines", and it is "${stdio[stream]}"`)
    }
    return captured && asked[stream] !== false ? target : undefined
  }
  const streams = { stdout: ofStream("stdout"), stderr: ofStream("stderr") }
  const isAsked = streams.stdout !== undefined || streams.stderr !== undefined
  if (!isAsked && problems.length === 0) problems.push("relay is asked for, and neither stdout nor stderr is there to relay")
  if (isAsked && level === undefined) {
    const names = LogLevel.allLevels.map((known) => known._tag).join(", ")
    problems.push(`there is no log level "${String(asked.level)}" to relay at: take one of ${names}`)
  }
  return { ...streams, problems }
}

const levelOf = (level: LogLevel.LogLevel | string | undefined): LogLevel.LogLevel | undefined => {
  if (level === undefined) return IO
  if (typeof level !== "string") return level
  if (level.toLowerCase() === "io") return IO
  return LogLevel.allLevels.find((known) => known._tag.toLowerCase() === level.toLowerCase())
}

const limitProblems = (options: ChildOptions): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const { maxLineBytes, tailBytes } = options
  if (maxLineBytes !== undefined && !(Number.isSafeInteger(maxLineBytes) && maxLineBytes > 0)) {
    problems.push(`maxLineBytes is a whole number of bytes over zero, and not ${maxLineBytes}`)
  }
  if (tailBytes !== undefined && !(Number.isSafeInteger(tailBytes) && tailBytes >= 0)) {
    problems.push(`tailBytes is a whole number of bytes, and not ${tailBytes}`)
  }
  for (const name of ["drainGrace", "deliverGrace", "flushPartialAfter"] as const) {
    const value = options[name]
    if (value !== undefined && !isDuration(value)) problems.push(`${name} is not a duration`)
  }
  return problems
}

// A number below zero or NaN would be read as zero: a wait that was asked for and never waited.
const isDuration = (value: Duration.DurationInput): boolean =>
  (typeof value !== "number" || value >= 0) && Option.isSome(Duration.decodeUnknown(value))

const endProblems = (options: ChildOptions): ReadonlyArray<string> => {
  const problems: Array<string> = []
  if (Array.isArray(options.expect) && options.expect.length === 0) {
    problems.push("expect names no status, so that nothing could be accepted")
  }
  if (options.check === false && options.expect !== undefined) {
    problems.push("expect says which ends are accepted, and check: false accepts all: give one of them")
  }
  return problems
}

const levels = ["none", "group", "tree", "cgroup"] as const

const containmentProblems = (options: ChildOptions): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const { containment, leftovers } = options
  if (containment !== undefined && !levels.includes(containment)) {
    problems.push(`containment is one of ${levels.join(", ")}, and not "${String(containment)}"`)
  }
  if (leftovers !== undefined && !["end", "leave"].includes(leftovers)) {
    problems.push(`leftovers is "end" or "leave", and not "${String(leftovers)}"`)
  }
  if (leftovers === "leave" && containment === "cgroup") {
    problems.push(`leftovers: "leave" and containment: "cgroup" contradict each other: a cgroup is ended as a whole`)
  }
  return problems
}

/** What is wrong with a plan. Also asked when a plan is given to `child.stop`. */
export const stopProblems = (plan: StopPlan.StopPlan | undefined): ReadonlyArray<string> => {
  if (plan === undefined) return []
  if (plan.steps.length === 0) return ["the stop plan has no steps: StopPlan.kill is the one that kills at once"]
  return plan.steps.flatMap((step, index) =>
    step._tag === "Signal" && !isSignal(step.signal)
      ? [`step ${index + 1} of the stop plan sends ${String(step.signal)}, which is no signal`]
      : []
  )
}

const expectation = (expect: Expect): (status: ExitStatus.ExitStatus) => boolean => {
  if (typeof expect === "function") return expect
  const accepted = expect.map((status) => typeof status === "number" ? ExitStatus.Exited(status) : status)
  return (status) => accepted.some((each) => ExitStatus.equals(each, status))
}
