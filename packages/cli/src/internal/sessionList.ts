import type { Liveness } from "@tether/host/ProcessIdentity"
/**
 * `tether session ls`: which sessions there are.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as ExitRecord from "@tether/journal/ExitRecord"
import * as ExitStatus from "@tether/process/ExitStatus"
import * as TmuxSession from "@tether/tmux/TmuxSession"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { formatAge } from "./age.js"
import type { Answer } from "./answer.js"
import { type EndedSession, endedSessions } from "./endedSessions.js"
import { toJson } from "./json.js"
import type { Outlets } from "./outlets.js"
import { answered, tmux } from "./sessionHost.js"
import type { ListWords } from "./sessionWords.js"
import { table } from "./table.js"

export const list = ({ all, json }: ListWords, server: string | undefined, outlets: Outlets) =>
  answered(
    outlets,
    Effect.gen(function* () {
      const living = yield* Effect.forEach(yield* TmuxSession.list, look, { concurrency: "unbounded" })
      const ended = all ? yield* endedSessions(new Set(living.map(({ session }) => session.identity))) : []
      if (json)
        return {
          lines: [toJson({ sessions: [...ended.map(endedFields), ...living.map(fields)] })],
          code: 0
        } satisfies Answer
      if (living.length + ended.length === 0)
        return { lines: [], told: "there is no session", code: 0 } satisfies Answer
      const now = yield* Clock.currentTimeMillis
      const rows = [
        ...ended.map((session) => endedRow(session, now)),
        ...living.map((each) => [...row(each, now), ...(all ? ["-"] : [])])
      ]
      return {
        lines: table(all ? [...head, "END"] : head, rows, { width: outlets.out.width, overflow: "cut" }),
        code: 0
      } satisfies Answer
    }).pipe(Effect.provide(tmux(server)))
  )

interface Living extends TmuxSession.Listed {
  readonly state: Liveness
  readonly pid: number | undefined
}

const look = ({ attached, session }: TmuxSession.Listed): Effect.Effect<Living> =>
  Effect.zipWith(
    session.liveness,
    session.pid,
    (state, pid) => ({ attached, session, state, pid: Option.getOrUndefined(pid) }),
    { concurrent: true }
  )

const head = ["NAME", "STATE", "PID", "SHIM", "AGE", "ATTACHED", "COMMAND"]

const row = ({ attached, pid, session, state }: Living, now: number): ReadonlyArray<string> => [
  TerminalText.sanitize(session.identity),
  state,
  pid === undefined ? "-" : String(pid),
  String(session.shimPid),
  formatAge(session.launchedAt, now),
  String(attached),
  TerminalText.sanitize(session.command)
]

const fields = ({ attached, pid, session, state }: Living) => {
  const { command, exitLogDir, id, identity, launchedAt, logFile, pane, shimPid } = session
  return { identity, state, id, pane, pid, shimPid, launchedAt, attached, command, logFile, exitLogDir }
}

/** Without a record, a session that was launched on another server may live. */
const stateOf = ({ record }: EndedSession): string => (record === undefined ? "unknown" : "ended")

const endedRow = (session: EndedSession, now: number): ReadonlyArray<string> => [
  TerminalText.sanitize(session.identity),
  stateOf(session),
  "-",
  "-",
  "-",
  "-",
  TerminalText.sanitize(session.record?.command ?? "-"),
  endOf(session.record, now)
]

const endOf = (record: ExitRecord.ExitRecord | undefined, now: number): string => {
  if (record === undefined) return "no record, only a log"
  const status = ExitRecord.statusOf(record)
  if (record.ev === "session-start") return "no record of its end"
  return `${status === undefined ? "ended" : ExitStatus.format(status)}, ${formatAge(record.ts, now)} ago`
}

const endedFields = (session: EndedSession) => {
  const { identity, logFile, record } = session
  const end = record?.ev === "session-start" ? undefined : record
  return {
    identity,
    state: stateOf(session),
    command: record?.command,
    logFile,
    endedAt: end?.ts,
    deadStatus: end?.deadStatus,
    deadSignal: end?.deadSignal,
    endedBy: end?.endedBy
  }
}
