/**
 * What can be wrong with a command and its options, beside what it reads and writes: each problem in one sentence.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { ChildOptions } from "../ChildOptions.js"
import { isSignal, Name } from "../Signals.js"
import type { StopPlan } from "../StopPlan.js"
import { isStopPlan, kindOf, shownWord } from "./given.js"

// The system takes texts that end at the first NUL. What follows it must not be shown: it may be a secret.
export const commandProblems = (
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

const shownNumber = (value: unknown): string => (typeof value === "number" ? String(value) : kindOf(value))

export const optionProblems = (options: ChildOptions): ReadonlyArray<string> => [
  ...identityProblems(options),
  ...limitProblems(options),
  ...endProblems(options),
  ...containmentProblems(options),
  ...stopProblems(options.stop)
]

const identityProblems = (options: ChildOptions): ReadonlyArray<string> => {
  const problems: Array<string> = []
  if (options.argv0?.includes("\0") === true) problems.push("argv0 contains a NUL byte")
  for (const name of ["uid", "gid"] as const) {
    const id = options[name]
    if (id !== undefined && !(Number.isInteger(id) && id >= 0 && id < 2 ** 32 - 1))
      problems.push(`${name} is a number of a user or group`)
  }
  if (options.pipes !== undefined && !["socket", "fifo"].includes(options.pipes)) {
    problems.push(`pipes must be "socket" or "fifo", got ${shownWord(options.pipes)}`)
  }
  return problems
}

const limitProblems = (options: ChildOptions): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const { maxLineBytes, tailBytes } = options
  if (maxLineBytes !== undefined && !(Number.isSafeInteger(maxLineBytes) && maxLineBytes > 0)) {
    problems.push(`maxLineBytes must be a whole number of bytes over zero, got ${shownNumber(maxLineBytes)}`)
  }
  if (tailBytes !== undefined && !(Number.isSafeInteger(tailBytes) && tailBytes >= 0)) {
    problems.push(`tailBytes must be a whole number of bytes, got ${shownNumber(tailBytes)}`)
  }
  for (const name of ["leftoverGrace", "drainGrace", "deliverGrace", "flushPartialAfter"] as const) {
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
  for (const status of Array.isArray(options.expect) ? (options.expect as ReadonlyArray<unknown>) : []) {
    if (!isPossible(status)) {
      problems.push(
        `expect must have exit codes from 0 to 255 and ExitStatus.Signaled with a signal's name, got ${shownStatus(status)}`
      )
    }
  }
  if (options.check === false && options.expect !== undefined) {
    problems.push("expect says which ends are accepted, and check: false accepts all: give one of them")
  }
  return problems
}

const isSignalName = Schema.is(Name)

const isExitCode = (code: unknown): boolean => Number.isInteger(code) && (code as number) >= 0 && (code as number) < 256

const isPossible = (status: unknown): boolean => {
  if (typeof status === "number") return isExitCode(status)
  if (!Predicate.hasProperty(status, "_tag")) return false
  if (status._tag === "Exited") return Predicate.hasProperty(status, "code") && isExitCode(status.code)
  return status._tag === "Signaled" && Predicate.hasProperty(status, "signal") && isSignalName(status.signal)
}

const shownStatus = (status: unknown): string => {
  if (typeof status === "number") return String(status)
  if (Predicate.hasProperty(status, "code") && typeof status.code === "number") return `an exit code of ${status.code}`
  if (Predicate.hasProperty(status, "signal")) return `the signal ${shownWord(status.signal)}`
  return kindOf(status)
}

const levels = ["none", "group", "tree", "cgroup"] as const

const containmentProblems = (options: ChildOptions): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const { containment, leftovers } = options
  if (containment !== undefined && !levels.includes(containment)) {
    problems.push(`containment must be one of ${levels.join(", ")}, got ${shownWord(containment)}`)
  }
  if (leftovers !== undefined && !["end", "leave"].includes(leftovers)) {
    problems.push(`leftovers is "end" or "leave", and not ${shownWord(leftovers)}`)
  }
  if (leftovers === "leave" && containment === "cgroup") {
    problems.push(`leftovers: "leave" and containment: "cgroup" contradict each other: a cgroup is ended as a whole`)
  }
  return problems
}

/** What is wrong with a plan. Also asked when a plan is given to `child.stop`. */
export const stopProblems = (plan: StopPlan | undefined): ReadonlyArray<string> => {
  if (plan === undefined) return []
  if (!isStopPlan(plan)) return [`the stop plan must be a StopPlan, as StopPlan.make makes one, got ${kindOf(plan)}`]
  if (plan.steps.length === 0) return ["the stop plan has no steps: StopPlan.kill is the one that kills at once"]
  return plan.steps.flatMap((step, index) =>
    step._tag === "Signal" && !(typeof step.signal === "string" && isSignal(step.signal))
      ? [`step ${index + 1} of the stop plan sends ${shownWord(step.signal)}, which is no signal`]
      : []
  )
}
