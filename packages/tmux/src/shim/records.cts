/**
 * What the shim writes into the journal. A record that cannot be written is lost: there is nobody to
 * tell, and it holds nothing up.
 */
import fs = require("node:fs")
import os = require("node:os")
import path = require("node:path")
import files = require("./files.cjs")
import type { ShimProcess, ShimRecords, ShimStatus } from "../internal/shimProtocol.js" with {
  "resolution-mode": "import"
}

interface ServerEnd {
  readonly at: number
  readonly server: ShimProcess | undefined
  readonly memory: number | undefined
}

/** All shims of a server see its end: the one that can create the file `serverOnce` records it. */
const serverExit = (records: ShimRecords, { at, memory, server }: ServerEnd): void =>
  attempt(() => {
    files.makeDirectory(path.dirname(records.serverOnce))
    fs.closeSync(files.create(records.serverOnce))
    append(records.file, [
      timeOf(at),
      records.serverBefore,
      "dead_status= dead_signal=",
      `id=${ulid(at)}`,
      field("pid", server?.pid),
      field("start_token", server?.startToken),
      records.serverAfter,
      field("uptime_ms", uptimeOf(server)),
      "cause=server-vanished",
      field("memory_bytes", memory),
      field("commands", lastCommands(records.commands))
    ])
  })

interface SessionEnd {
  readonly at: number
  readonly status: ShimStatus
  readonly endedBy: string
  readonly step: string | undefined
  readonly reason: string | undefined
}

const fieldsOf = (records: ShimRecords, { at, endedBy, reason, status, step }: SessionEnd): ReadonlyArray<string> => [
  timeOf(at),
  records.before,
  "code" in status ? `dead_status=${status.code} dead_signal=` : `dead_status= dead_signal=${status.signal}`,
  `id=${ulid(at)}`,
  records.after,
  field("ended_by", endedBy),
  field("stop_step", step),
  field("reason", reason),
  // As long as this process: a difference of dates would be wrong once the clock was set.
  field("uptime_ms", Math.round(process.uptime() * 1000))
]

/** Nothing, where somebody has done so. */
const sessionExit = (records: ShimRecords, end: SessionEnd): void =>
  attempt(() => {
    if (fs.existsSync(records.end)) return
    append(records.file, fieldsOf(records, end))
    files.mark(records.end)
  })

const attempt = (write: () => void): void => {
  try {
    write()
  } catch {
    // As said.
  }
}

/**
 * One write, so that it does not mix with those of others. A line that somebody has left torn does not take this one
 * along.
 */
const append = (file: string, fields: ReadonlyArray<string>): void => {
  files.makeDirectory(path.dirname(file))
  const fd = files.openToAppend(file)
  try {
    fs.writeSync(fd, `${endsTorn(fd) ? "\n" : ""}${fields.filter((field) => field !== "").join(" ")}\n`)
  } finally {
    fs.closeSync(fd)
  }
}

const endsTorn = (fd: number): boolean => {
  const { size } = fs.fstatSync(fd)
  const last = Buffer.alloc(1)
  return size > 0 && fs.readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a
}

const timeOf = (at: number): string => `ts=${new Date(at).toISOString()}`

/** What is not known is left out. */
const field = (key: string, value: string | number | undefined): string =>
  value === undefined ? "" : `${key}=${valueOf(String(value))}`

// As `@tether/host` writes the values of logfmt.
const needsQuotes = /[\s"=\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\p{Surrogate}]/u
const escaped = /["\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\p{Surrogate}]/gu
const short: Readonly<Record<string, string>> = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" }

const valueOf = (text: string): string =>
  needsQuotes.test(text)
    ? `"${text.replace(escaped, (character) => short[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`
    : text

/**
 * In milliseconds. The kernel counts the start of a process in hundredths of a second since the boot, on all that Linux
 * runs on today.
 */
const uptimeOf = (server: ShimProcess | undefined): number | undefined => {
  const uptime = Math.round(os.uptime() * 1000 - Number(server?.startToken) * 10)
  return uptime >= 0 ? uptime : undefined
}

const mostLines = 10
const mostBytes = 16_384

const lastCommands = (file: string): string | undefined => {
  const text = tailOf(file)
  return text
    ?.split("\n")
    .filter((line) => line !== "")
    .slice(-mostLines)
    .join("; ")
}

/** Whole lines only, where there is more than is read. */
const tailOf = (file: string): string | undefined => {
  try {
    const bytes = fs.readFileSync(file)
    const tail = bytes.subarray(-mostBytes)
    return tail.length < bytes.length ? tail.subarray(tail.indexOf(0x0a) + 1).toString() : tail.toString()
  } catch {
    return undefined
  }
}

const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

/** Sorts by time: ten digits of it, and sixteen by chance. */
const ulid = (at: number): string => {
  const time = Array.from({ length: 10 }, (_, index) => Math.floor(at / 32 ** (9 - index)) % 32)
  return [...time, ...crypto.getRandomValues(new Uint8Array(16))].map((value) => digits.charAt(value % 32)).join("")
}

export = { serverExit, sessionExit }
