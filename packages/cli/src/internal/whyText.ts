/**
 * An end in plain sentences, with what speaks for them.
 */
import * as TerminalText from "@tether/host/TerminalText"
import type { Unfinished } from "@tether/journal/ExitJournal"
import * as ExitRecord from "@tether/journal/ExitRecord"
import * as ExitStatus from "@tether/process/ExitStatus"
import { formatAge, formatLength } from "./age.js"
import type { LogTail } from "./logTail.js"
import { formatTime } from "./time.js"

interface Known {
  /** The last end on record, and the last one that somebody saw. */
  readonly exit: ExitRecord.ExitRecord | undefined
  readonly seen: ExitRecord.ExitRecord | undefined
  /** Starts without an end, oldest first. */
  readonly open: ReadonlyArray<Unfinished>
  readonly directory: string
  /** Of a terminal session. */
  readonly log: LogTail | undefined
  readonly now: number
}

export const tell = ({ directory, exit, log, now, open, seen }: Known): ReadonlyArray<string> => {
  const lost = open.filter(({ start, state }) => state === "gone" && (exit === undefined || start.ts > exit.ts)).at(-1)
  const others = open.filter((each) => each !== lost).map((each) => stillOpen(each, now))
  const evidence = (record: ExitRecord.ExitRecord) =>
    `Evidence: the record ${record.id} in ${TerminalText.sanitize(directory)}/exits.log.`
  if (lost !== undefined) {
    const { reason, start } = lost
    return [
      `${nameOf(start)} was started ${at(start.ts, now)}, and is not there any more. ${unseen(reason, start.writer)}`,
      ...whatItWas(start),
      ...ofLog(log),
      ...others,
      evidence(start)
    ]
  }
  if (exit === undefined) return [...others, ...ofLog(log)]
  return [
    `${nameOf(exit)} ${how(exit)} ${at(exit.ts, now)}${exit.uptime === undefined || isFailedLaunch(exit) ? "" : `, after ${formatLength(exit.uptime)}`}.`,
    ...byWhom(exit),
    ...memory(exit),
    ...serverMemory(exit),
    ...(exit.restart === undefined ? [] : [`Its supervisor decided: ${TerminalText.sanitize(exit.restart)}.`]),
    ...whatItWas(exit),
    ...lastLines(exit),
    ...ofLog(log),
    ...lastCommands(exit),
    // When the other one ended, nobody knows: it may have been before.
    ...(seen === undefined || seen === exit
      ? []
      : [`The last one that was seen to end ${how(seen)} ${at(seen.ts, now)}.`]),
    ...others,
    evidence(exit)
  ]
}

const nameOf = ({ identity }: ExitRecord.ExitRecord): string => `"${TerminalText.sanitize(identity)}"`

const at = (time: number, now: number): string => `at ${formatTime(time)}, ${formatAge(time, now)} ago`

const how = (record: ExitRecord.ExitRecord): string => {
  const status = ExitRecord.statusOf(record)
  if (record.ev === "server-exit") return "was seen to be gone"
  if (isFailedLaunch(record)) return "could not be launched"
  return status === undefined ? "was found to have ended" : ExitStatus.format(status)
}

const isFailedLaunch = ({ endedBy, reason }: ExitRecord.ExitRecord): boolean =>
  endedBy === "owner" && reason === "launch-failed"

/** Exit codes as a shell has them. */
const whyNotLaunched = ({ deadStatus }: ExitRecord.ExitRecord): string => {
  if (deadStatus === 126) return "Its program may not be executed."
  return deadStatus === 127 ? "Its program does not exist, or could not be started." : "Its program did not start."
}

const byWhom = (record: ExitRecord.ExitRecord): ReadonlyArray<string> => {
  const { deadSignal, endedBy = "unknown", ev, reason, stopStep } = record
  if (ev === "server-exit") return [ofServer(record)]
  const plan = stopStep === undefined ? "" : ` The stop plan was at ${TerminalText.sanitize(stopStep)}.`
  switch (endedBy) {
    case "child":
      return ["It ended by itself: nothing of ours asked it to."]
    case "owner":
      return isFailedLaunch(record) ? [whyNotLaunched(record)] : [`${onPurpose(reason)}${plan}`]
    case "scope":
      return [`It was ended on purpose: the scope that it lived in was closed.${plan}`]
    case "supervisor":
      return [
        reason === "server-vanished"
          ? `Its terminal's server vanished, and what ran in it was stopped.${plan}`
          : "It was ended on purpose: its supervisor stopped it."
      ]
    case "reaper":
      return ["Its host had been killed, and what a host leaves behind is ended."]
    case "outside":
      if (reason === "terminal-closed") return [`Somebody closed its terminal, and what ran in it was stopped.${plan}`]
      return [
        deadSignal !== undefined && crashes.has(deadSignal)
          ? `${deadSignal} is how a program ends that crashes. It may have been sent, too; it was not sent by ours.`
          : "The signal came from outside: it was not sent by ours."
      ]
    case "unknown":
      return [unseen(reason, undefined)]
  }
}

/** Those who stop sessions give a reason, and it may be any word. */
const onPurpose = (reason: string | undefined): string => {
  switch (reason) {
    case undefined:
      return "It was ended on purpose: the program that had started it stopped it."
    case "stop":
      return "It was ended on purpose: its session was stopped."
    case "idle":
      return "It was ended on purpose: its session had written nothing for too long."
    case "interrupted":
      return "It was ended on purpose: its launch was interrupted."
    case "not-ready":
      return "It was ended on purpose: it was not ready in time."
    default:
      return `It was ended on purpose. The reason that was given: ${TerminalText.sanitize(reason)}.`
  }
}

const ofServer = ({ cause }: ExitRecord.ExitRecord): string =>
  cause === undefined || cause === "server-vanished"
    ? "It was the server of terminal sessions, and ended without a word. Nobody saw how."
    : `It was the server of terminal sessions. What became of it: ${TerminalText.sanitize(cause)}.`

const crashes: ReadonlySet<string> = new Set(["SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS"])

const unseen = (reason: string | undefined, writer: string | undefined): string => {
  const watcher =
    writer === undefined
      ? "the program that watched it"
      : `the program that watched it (pid ${writer.split(":", 1)[0]})`
  switch (reason) {
    case "reboot":
      return "How it ended is not on record: the machine has been restarted since."
    case "supervisor-died":
      return `How it ended is not on record: ${watcher} has ended, too, without a word of it.`
    case "vanished":
      return "How it ended is not on record, and nothing is known of the program that watched it."
    default:
      return `How it ended is not on record${reason === undefined ? "" : `: ${TerminalText.sanitize(reason)}`}.`
  }
}

const memory = ({ oom }: ExitRecord.ExitRecord): ReadonlyArray<string> => {
  if (oom === undefined) return []
  const words = oom.certainty === "certain" ? "It was a want of memory" : "It was probably a want of memory"
  return [`${words}: ${TerminalText.sanitize(oom.evidence)}.`]
}

const serverMemory = ({ memory }: ExitRecord.ExitRecord): ReadonlyArray<string> =>
  memory === undefined ? [] : [`It had ${(memory / 1024 / 1024).toFixed(1)} MiB of memory when it was last seen.`]

const whatItWas = (record: ExitRecord.ExitRecord): ReadonlyArray<string> => {
  const { command, cwd } = record
  if (command === undefined) return []
  const place = cwd === undefined ? "" : ` in ${TerminalText.sanitize(cwd)}`
  const process = processOf(record)
  return [`It was ${TerminalText.sanitize(command)}${place}${process === undefined ? "" : `, ${process}`}.`]
}

/** Of a terminal session the journal has the shim, which is the parent of the program. */
const processOf = ({ log, pid }: ExitRecord.ExitRecord): string | undefined =>
  pid === undefined ? undefined : `${log === undefined ? "pid" : "shim"} ${pid}`

const ofLog = (log: LogTail | undefined): ReadonlyArray<string> => {
  if (log === undefined) return []
  const path = TerminalText.sanitize(log.path)
  return log.lines.length === 0
    ? [`Its log is ${path}.`]
    : [`The last lines of its log, ${path}:`, ...log.lines.map((line) => `  ${line}`)]
}

const lastLines = ({ lastLines = "" }: ExitRecord.ExitRecord): ReadonlyArray<string> => {
  if (lastLines.trim() === "") return []
  return [
    "Its last lines on stderr:",
    ...lastLines
      .trimEnd()
      .split(/\r?\n/)
      .slice(-mostLines)
      .map((line) => `  ${TerminalText.sanitize(line)}`)
  ]
}

const mostLines = 20

/** Each begins with its time. */
const lastCommands = ({ commands = "" }: ExitRecord.ExitRecord): ReadonlyArray<string> =>
  commands === ""
    ? []
    : [
        "The last commands that it was sent:",
        ...commands.split(/; (?=\d{4}-\d\d-\d\dT)/).map((line) => `  ${TerminalText.sanitize(line)}`)
      ]

const stillOpen = ({ liveness, reason, start, state }: Unfinished, now: number): string => {
  const process = processOf(start)
  const one = `${nameOf(start)}${process === undefined ? "" : ` (${process})`}, started ${at(start.ts, now)},`
  switch (state) {
    case "alive":
      return `${one} is still alive, and the program that watched it is not.`
    case "unknown":
      return `${one} has no end on record. Whether it lives cannot be told from here.`
    case "gone":
      return `${one} is not there any more. ${unseen(reason, start.writer)}`
    case "watched":
      return liveness === "gone"
        ? `${one} is not there any more, and the program that watches it has not recorded how it ended.`
        : `${one} has not ended.`
  }
}
