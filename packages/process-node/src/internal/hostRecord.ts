/**
 * The private file by which a host is on record as having lived. An environment can be made up by anybody, so that a
 * cookie proves nothing about the host that it names: only a host with a record counts as dead, and only the reaper
 * that stands in the record is spared.
 *
 * A record is text, one fact a line, because the reaper, which is a shell, adds to it and reads those of others:
 *
 *   tether-host 1            the format
 *   command node server.js   the program, without arguments: those may hold secrets
 *   uid 1000                 the owner of the host; one more line for each other owner of a child
 *   time 4026531834          the time namespace in which start tokens of the host and of its children are read
 *   reaper 4790 88200        pid and start token of a reaper, added by itself
 *   died 1795000000          added by the reaper when its pipe ends, in seconds since the epoch
 *   named 4801 88300         pid and start token of a process that was left alone, once a log has named it
 *
 * The time at which the file was last changed is the last sign of life of the host.
 */
import {
  accessSync,
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  rmSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { basename, dirname, isAbsolute, join } from "node:path"
import { codeOf } from "./failure.js"
import { isTrusted } from "./trusted.js"

export interface ProcessName {
  readonly pid: number
  readonly startToken: string
}

export interface HostRecord {
  readonly path: string
  readonly command: string
  /** Start tokens of another time namespace than ours say nothing here. Undefined where the system has none. */
  readonly timeNamespace: string | undefined
  /** The owner of the host, and of the children that it has started as somebody else. */
  readonly uids: ReadonlySet<number>
  readonly reapers: ReadonlyArray<ProcessName>
  /** Those that were left alone, and that a log has named. */
  readonly named: ReadonlyArray<ProcessName>
  /** When its reaper saw the end of the host, in milliseconds since the epoch. */
  readonly diedAt: number | undefined
  /** The last sign of life of the host, in milliseconds since the epoch. */
  readonly lastSeenAt: number
}

const format = "tether-host 1"

/** How long a reaper may be at work after the death of its host, in milliseconds. */
export const reaperTime = 10_000

/** How often a host that starts children renews its last sign of life, in milliseconds. */
const renewal = 1000

/** In bytes. */
const longestRecord = 64 * 1024

/** After this long without a sign of life, a record that cannot be judged from here is removed, in milliseconds. */
const keptFor = 7 * 24 * 3600 * 1000

/**
 * A directory for records: below one that is the system's or the user's, names that are ours, each in the one before.
 */
interface Place {
  readonly base: string
  readonly names: ReadonlyArray<string>
}

/** Where records may be, the one to write to first: what an environment with other variables has left is found too. */
const places = (): ReadonlyArray<Place> => {
  const uid = process.geteuid?.()
  if (uid === undefined) return []
  const { TETHER_RUNTIME_DIR: own, XDG_RUNTIME_DIR: runtime } = process.env
  return [
    ...(own !== undefined && isAbsolute(own) ? [{ base: own, names: ["hosts"] }] : []),
    ...(runtime !== undefined && isAbsolute(runtime) ? [{ base: runtime, names: ["tether", "hosts"] }] : []),
    { base: "/tmp", names: [`tether-${uid}`, "hosts"] },
    { base: `/run/user/${uid}`, names: ["tether", "hosts"] }
  ]
}

/** The directories of a place that are ours, outermost first. */
const directoriesOf = ({ base, names }: Place): ReadonlyArray<string> =>
  names.map((_, index) => join(base, ...names.slice(0, index + 1)))

const recordsIn = ({ base, names }: Place): string => join(base, ...names)

/** Of this user, closed to others, and not a link: what stands in it was written by this user. */
const isPrivate = (directory: string): boolean => {
  try {
    const stats = lstatSync(directory)
    return stats.isDirectory() && stats.uid === process.geteuid?.() && (stats.mode & 0o077) === 0
  } catch {
    return false
  }
}

/** Whether the directories are there and private, and no other user can put others in their place. */
const isOurs = (place: Place): boolean => directoriesOf(place).every(isPrivate) && isTrusted(recordsIn(place))

/** The directories with records that are there and ours. */
export const recordDirectories = (): ReadonlyArray<string> => [
  ...new Set(places().flatMap((place) => (isOurs(place) ? [recordsIn(place)] : [])))
]

/**
 * Whether records can be written there, after its directories were made. Nothing is made, nor any mode set, where
 * another user may just be replacing it. Throws where there can be no such directory.
 */
const prepare = (place: Place): boolean => {
  if (!isTrusted(recordsIn(place))) return false
  makePrivate(place)
  return isOurs(place)
}

const makePrivate = (place: Place): void => {
  if (place.base === process.env["TETHER_RUNTIME_DIR"]) makeAll(place.base)
  for (const directory of directoriesOf(place)) makeOne(directory)
}

/** With those above it, each with its mode: a umask may leave nothing of the one that is asked for. */
const makeAll = (directory: string): void => {
  if (existsSync(directory)) return
  if (dirname(directory) !== directory) makeAll(dirname(directory))
  makeOne(directory)
}

const makeOne = (directory: string): void => {
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) === "EEXIST") return
    throw error
  }
  chmodSync(directory, 0o700)
}

/** The directory to which a record would be written now; undefined where there can be none. */
export const recordPlace = (): string | undefined => {
  for (const place of places()) {
    try {
      if (!prepare(place)) continue
      accessSync(recordsIn(place), constants.W_OK)
      return recordsIn(place)
    } catch {
      // Read-only, or another user's: the next one.
    }
  }
  return undefined
}

/** The record of this program. */
export class OwnRecord {
  private renewedAt = performance.now()

  private constructor(
    readonly path: string,
    private readonly place: Place,
    private readonly uids: Set<number>
  ) {}

  /** Written to the first directory that takes it; undefined where none does. */
  static write(host: string): OwnRecord | undefined {
    const uid = process.geteuid?.()
    if (uid === undefined) return undefined
    for (const place of places()) {
      const record = new OwnRecord(join(recordsIn(place), host), place, new Set([uid]))
      if (record.create([])) return record
    }
    return undefined
  }

  /** Before a child of this owner is started. */
  allow(uid: number): void {
    if (this.uids.has(uid)) return
    this.uids.add(uid)
    try {
      // Not made anew: a file with this line alone would be no record.
      const fd = openSync(this.path, constants.O_WRONLY | constants.O_APPEND)
      try {
        appendFileSync(fd, `uid ${uid}\n`)
      } finally {
        closeSync(fd)
      }
    } catch {
      // It is gone, and will be written again; or we have given up the right to write to it. Without this line, the
      // next start names this child and leaves it alone.
    }
  }

  /**
   * Says that the host lives, at most once a second: a start of a child pays for it. A record that is gone is written
   * again, with the reaper that was in it: the end of the last login of a user takes the runtime directory away, and
   * what cleans temporary directories by age takes old files.
   */
  renew(reaper: () => ProcessName | undefined): void {
    const now = performance.now()
    if (now - this.renewedAt < renewal) return
    this.renewedAt = now
    try {
      utimesSync(this.path, new Date(), new Date())
    } catch (error) {
      if (codeOf(error) !== "ENOENT") return
      const found = reaper()
      this.create(found === undefined ? [] : [found])
    }
  }

  private create(reapers: ReadonlyArray<ProcessName>): boolean {
    const time = timeNamespace()
    const lines = [
      format,
      `command ${ownCommand()}`,
      ...[...this.uids].map((uid) => `uid ${uid}`),
      ...(time === undefined ? [] : [`time ${time}`]),
      ...reapers.map(({ pid, startToken }) => `reaper ${pid} ${startToken}`)
    ]
    try {
      if (!prepare(this.place)) return false
      writeFileSync(this.path, lines.map((line) => `${line}\n`).join(""), { flag: "wx", mode: 0o600 })
      chmodSync(this.path, 0o600)
      return true
    } catch {
      // Read-only, full, or somebody else's.
      return false
    }
  }
}

/** That of this process, as the system names it. */
export const timeNamespace = (): string | undefined => {
  try {
    return /\d+/.exec(readlinkSync("/proc/self/ns/time"))?.[0]
  } catch {
    return undefined
  }
}

/** The program and its script. What follows them may hold secrets, and so may the text of `node -e`. */
const ownCommand = (): string => {
  const [, script = ""] = process.argv
  const words = [basename(process.execPath), ...(isAbsolute(script) && isFile(script) ? [script] : [])]
  return words.join(" ").replace(/[\x00-\x1f\x7f]/g, " ")
}

const isFile = (path: string): boolean => {
  try {
    return lstatSync(path).isFile()
  } catch {
    return false
  }
}

/** The record of a host, by its name in a cookie. */
export const readRecord = (host: string): HostRecord | undefined => {
  for (const directory of recordDirectories()) {
    const record = readAt(join(directory, host))
    if (record !== undefined) return record
  }
  return undefined
}

/** The names of all hosts that are on record. */
export const recordedHosts = (): ReadonlyArray<string> => [
  ...new Set(
    recordDirectories().flatMap((directory) => {
      try {
        return readdirSync(directory)
      } catch {
        return []
      }
    })
  )
]

/** Whether it is this very process that a record has as a reaper. */
export const isReaperOf = (record: HostRecord | undefined, process: ProcessName): boolean =>
  record !== undefined && record.reapers.some((each) => isSame(each, process))

/** Whether a log is to name this process: it is told once. */
export const nameOnce = ({ named, path }: HostRecord, process: ProcessName): boolean => {
  if (named.some((each) => isSame(each, process))) return false
  try {
    appendFileSync(path, `named ${process.pid} ${process.startToken}\n`)
  } catch {
    // Then it is named again.
  }
  return true
}

const isSame = (one: ProcessName, other: ProcessName): boolean =>
  one.pid === other.pid && one.startToken === other.startToken

/** A record that nothing needs any more. */
export const removeRecord = ({ path }: HostRecord): void => rmSync(path, { force: true })

/** Of a host that cannot be judged from here, such as one in another pid namespace: after a week it is forgotten. */
export const removeIfOld = (record: HostRecord): void => {
  const age = Date.now() - record.lastSeenAt
  if (age > keptFor) removeRecord(record)
  // The record dates from before the clock was set back: the week begins now.
  else if (age < -keptFor) utimesSync(record.path, new Date(), new Date())
}

const readAt = (path: string): HostRecord | undefined => {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return undefined
  }
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile() || stats.uid !== process.geteuid?.() || (stats.mode & 0o022) !== 0) return undefined
    // A host would have had to start children as thousands of users.
    if (stats.size > longestRecord) return undefined
    const bytes = Buffer.alloc(longestRecord)
    return parseRecord(path, bytes.toString("utf8", 0, readSync(fd, bytes, 0, longestRecord, 0)), stats.mtimeMs)
  } catch {
    return undefined
  } finally {
    closeSync(fd)
  }
}

/** A last line without its end was not written whole, and says nothing. */
export const parseRecord = (path: string, text: string, lastSeenAt: number): HostRecord | undefined => {
  const [first, ...lines] = text.split("\n").slice(0, -1)
  if (first !== format) return undefined
  const valuesOf = (name: string) =>
    lines.flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1)] : []))
  const numbersOf = (name: string) => valuesOf(name).filter((value) => /^\d{1,12}$/.test(value))
  const uids = numbersOf("uid").map(Number)
  const [died] = numbersOf("died").map(Number)
  return {
    path,
    command: valuesOf("command")[0] ?? "",
    timeNamespace: numbersOf("time")[0],
    uids: new Set(uids),
    reapers: valuesOf("reaper").flatMap(parseName),
    named: valuesOf("named").flatMap(parseName),
    diedAt: died === undefined ? undefined : died * 1000,
    lastSeenAt
  }
}

const parseName = (value: string): ReadonlyArray<ProcessName> => {
  const [, pid, startToken] = /^(\d{1,10}) (\d+)$/.exec(value) ?? []
  return pid === undefined || startToken === undefined ? [] : [{ pid: Number(pid), startToken }]
}
