/**
 * The end of a process as a row of a table.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as ExitRecord from "@tether/journal/ExitRecord"
import type { createColors } from "picocolors"
import { formatLength } from "./age.js"
import { formatTime } from "./time.js"

export const head = ["WHEN", "WHO", "HOW", "BY", "UPTIME", "LAST LINE"]

type Colours = ReturnType<typeof createColors>

export const exitRow =
  (colours: Colours) =>
  (record: ExitRecord.ExitRecord): ReadonlyArray<string> => [
    colours.dim(formatTime(record.ts)),
    TerminalText.sanitize(record.identity),
    how(record, colours),
    by(record),
    record.uptime === undefined ? "-" : formatLength(record.uptime),
    TerminalText.sanitize(lastLine(record))
  ]

const how = (record: ExitRecord.ExitRecord, { green, magenta, red, yellow }: Colours): string => {
  const status = ExitRecord.statusOf(record)
  if (status === undefined) return yellow(TerminalText.sanitize(record.cause ?? record.reason ?? "unknown"))
  const want = record.oom === undefined ? "" : `, out of memory${record.oom.certainty === "certain" ? "" : "?"}`
  if (status._tag === "Signaled") return magenta(`${status.signal}${want}`)
  return status.code === 0 ? green("exit 0") : red(`exit ${status.code}${want}`)
}

/** Without a status, the reason stands under HOW. That it was a stop goes without saying. */
const by = (record: ExitRecord.ExitRecord): string => {
  const { endedBy = "unknown", reason, stopStep } = record
  const hasReason = reason !== undefined && reason !== "stop" && ExitRecord.statusOf(record) !== undefined
  const more = [
    ...(stopStep === undefined ? [] : [TerminalText.sanitize(stopStep)]),
    ...(hasReason ? [TerminalText.sanitize(reason)] : [])
  ]
  return more.length === 0 ? endedBy : `${endedBy}: ${more.join(", ")}`
}

const lastLine = ({ lastLines = "" }: ExitRecord.ExitRecord): string => lastLines.trimEnd().split(/\r?\n/).at(-1) ?? ""
