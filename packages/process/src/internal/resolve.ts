/**
 * A command and its options, checked as a whole before anything is started: a plan, or all that is wrong with it.
 */
import * as Command from "@effect/platform/Command"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import type { ChildOptions, Expect } from "../ChildOptions.js"
import * as ExitStatus from "../ExitStatus.js"
import { defaultMaxLineBytes } from "../Lines.js"
import { quote } from "../Shell.js"
import { SpawnError } from "../SpawnError.js"
import * as StopPlan from "../StopPlan.js"
import { givenCommand, givenOptions, nothing, secretOf } from "./given.js"
import type { CommandPlan, Plan } from "./plan.js"
import { commandProblems, optionProblems } from "./problems.js"
import * as Redactor from "./redact.js"
import { stackless } from "./stackless.js"
import { programName, stageLabels } from "./stageLabels.js"
import { stdioOf } from "./stdio.js"

/** Members often end right after their leader, and have not been left. */
const defaultLeftoverGrace = Duration.millis(20)
const defaultDrainGrace = Duration.seconds(1)
const defaultDeliverGrace = Duration.seconds(5)

export const resolve = (command: Command.Command, options: ChildOptions): Either.Either<CommandPlan, SpawnError> => {
  const { plan, problems, shown } = resolveAll(command, options)
  return problems.length === 0 ? Either.right(plan) : Either.left(invalid(plan, shown, problems))
}

/** A refusal for more problems, which only the caller knows. */
export const refusal = (command: Command.Command, options: ChildOptions, others: ReadonlyArray<string>): SpawnError => {
  const { plan, problems, shown } = resolveAll(command, options)
  return invalid(plan, shown, [...others, ...problems])
}

const invalid = ({ label, redactor }: CommandPlan, shown: Plan["shown"], problems: ReadonlyArray<string>): SpawnError =>
  stackless(
    new SpawnError({
      reason: "InvalidArgument",
      label,
      ...shown,
      problems: problems.map(redactor.redact),
      code: undefined
    })
  )

type Resolved = ReturnType<typeof resolveReadable>

/** A getter or a proxy may throw whenever it is read. */
const resolveAll = (command: Command.Command, options: ChildOptions): Resolved => {
  const resolved = tryResolve(command, options)
  if (resolved !== undefined) return resolved
  const known = tryResolve(command, {}) ?? resolveReadable(nothing, {})
  return { ...known, problems: [...known.problems, "the command and its options must be readable, but a getter threw"] }
}

const tryResolve = (command: Command.Command, options: ChildOptions): Resolved | undefined => {
  try {
    return resolveReadable(command, options)
  } catch {
    return undefined
  }
}

/** The plan, good for something only if there are no problems; and the stage that is shown with them. */
const resolveReadable = (commandGiven: Command.Command, optionsGiven: ChildOptions) => {
  const { problems: ofCommand, value: command } = givenCommand(commandGiven)
  const { problems: ofOptions, value: options } = givenOptions(optionsGiven)
  const redactor = Redactor.ofOptions(options)
  const commands = command._tag === "StandardCommand" ? [command] : Command.flatten(command)
  const label = redactor.redact(options.label ?? commands.map((each) => programName(each, redactor)).join(" | "))
  const labels = commands.length === 1 ? [label] : stageLabels(commands, options.label, redactor)
  const common = commonOf(options)
  const resolved = commands.map((each, index) =>
    resolveStage(each, options, common, labels[index] as string, redactor, {
      isFirst: index === 0,
      isLast: index === commands.length - 1
    })
  )
  const stages = resolved.map((each) => each.plan) as unknown as CommandPlan["stages"]
  const { shown } = stages[resolved.findIndex((each) => each.problems.length > 0)] ?? stages[0]
  const problems = new Set([
    ...ofCommand,
    ...ofOptions,
    ...resolved.flatMap((each) => each.problems),
    ...optionProblems(options)
  ])
  return { plan: { label, redactor, stages } satisfies CommandPlan, problems: [...problems], shown }
}

type Common = ReturnType<typeof commonOf>

/** What is said of every process of the command alike. Not asked before the problems are known to be none. */
const commonOf = (options: ChildOptions) =>
  ({
    maxLineBytes: options.maxLineBytes ?? defaultMaxLineBytes,
    carriageReturn: options.carriageReturn ?? "keep",
    flushPartialAfter: durationOf(options.flushPartialAfter, undefined),
    tailBytes: options.tailBytes ?? 16 * 1024,
    expectGiven: options.expect !== undefined,
    check: options.check ?? true,
    stop: options.stop ?? StopPlan.defaultPlan,
    leftoverGrace: durationOf(options.leftoverGrace, defaultLeftoverGrace),
    drainGrace: durationOf(options.drainGrace, defaultDrainGrace),
    deliverGrace: durationOf(options.deliverGrace, defaultDeliverGrace)
  }) as const

const durationOf = <D extends Duration.Duration | undefined>(given: Duration.DurationInput | undefined, otherwise: D) =>
  given === undefined ? otherwise : Option.getOrElse(Duration.decodeUnknown(given), () => otherwise)

const resolveStage = (
  command: Command.StandardCommand,
  options: ChildOptions,
  common: Common,
  label: string,
  redactor: Redactor.Redactor,
  place: { readonly isFirst: boolean; readonly isLast: boolean }
): { readonly plan: Plan; readonly problems: ReadonlyArray<string> } => {
  const cwd = options.cwd ?? Option.getOrUndefined(command.cwd)
  const env = environmentChanges(command, options)
  const stdio = stdioOf(command, options, place)
  const [program, args] = command.shell === false ? [command.command, command.args] : shellWords(command, command.shell)
  const [shownCommand = "", ...shownArgs] = redactor.redactParts([command.command, ...command.args], " ")
  const uid = options.uid ?? Option.getOrUndefined(command.uid)
  const gid = options.gid ?? Option.getOrUndefined(command.gid)
  const expects = options.expect === undefined ? isSuccess : expectation(options.expect)
  return {
    problems: [
      ...commandProblems([command.command, ...command.args], cwd, env),
      ...(uid !== undefined && gid === undefined ? [uidAlone] : []),
      ...stdio.problems
    ],
    plan: {
      ...common,
      label,
      shown: {
        command: shownCommand,
        args: shownArgs,
        cwd: cwd === undefined ? undefined : redactor.redact(cwd)
      },
      request: {
        label,
        program,
        args,
        argv0: options.argv0,
        cwd,
        env,
        extendEnv: command.extendEnv,
        uid,
        gid,
        descriptors: stdio.descriptors,
        pipes: options.pipes ?? "socket",
        containment: options.containment,
        leavable: options.leftovers === "leave"
      },
      redactor,
      streams: stdio.streams,
      inputs: stdio.inputs,
      isFed: !place.isFirst,
      expects: place.isLast ? expects : (status) => hasLostReader(status) || expects(status)
    }
  }
}

/** The kernel changes the one without the other: as another user it would still have the rights of our group. */
const uidAlone = "uid is given without gid, and the program would keep the group of this one: give gid, too"

/** Who writes to a stage that has ended is ended by this signal, and has done no wrong. */
const hasLostReader = (status: ExitStatus.ExitStatus): boolean =>
  status._tag === "Signaled" && status.signal === "SIGPIPE"

const isSuccess = (status: ExitStatus.ExitStatus): boolean => status._tag === "Exited" && status.code === 0

const expectation = (expect: Expect): ((status: ExitStatus.ExitStatus) => boolean) => {
  if (typeof expect === "function") return expect
  const accepted = expect.map((status) => (typeof status === "number" ? ExitStatus.Exited(status) : status))
  return (status) => accepted.some((each) => ExitStatus.equals(each, status))
}

const shellWords = (command: Command.StandardCommand, shell: true | string): [string, ReadonlyArray<string>] => [
  shell === true ? "/bin/sh" : shell,
  ["-c", [command.command, ...command.args.map((word) => quote(word))].join(" ")]
]

const environmentChanges = (
  command: Command.StandardCommand,
  options: ChildOptions
): ReadonlyMap<string, string | undefined> | undefined => {
  const changes = new Map<string, string | undefined>(HashMap.entries(command.env))
  for (const [name, value] of Object.entries(options.env ?? {})) {
    changes.set(name, secretOf(value) ?? (value as string | undefined))
  }
  return changes.size === 0 ? undefined : changes
}
