/**
 * The files that are descriptors of a child: opened by us, so that what is wrong is known before anything starts, and
 * read and written by the child alone.
 */
import type { File, LaunchFailure } from "@tether/process/ChildDriver"
import { type BigIntStats, closeSync, constants, ftruncateSync, openSync } from "node:fs"
import { codeOf, isExhausted } from "./failure.js"
import { OpenHandle } from "./handle.js"
import { statOf, statOfOpen } from "./stat.js"

interface Opened {
  readonly file: File
  readonly fd: number
  readonly stats: BigIntStats
}

/** All of them or none. Those that are written and are one file share what is open, and so their place in it. */
export const openFiles = (files: ReadonlyArray<File>): ReadonlyArray<OpenHandle> | LaunchFailure => {
  const opened: Array<Opened> = []
  const giveUp = (problem: string, code?: string): LaunchFailure => {
    for (const { fd } of opened) closeSync(fd)
    return { reason: isExhausted(code) ? "ResourceExhausted" : "BadFile", problem, code }
  }
  for (const file of files) {
    try {
      const fd = open(file)
      if (typeof fd === "string") return giveUp(fd)
      const next = { file, fd, stats: statOfOpen(fd) }
      const problem = problemBeside(next, opened)
      opened.push(next)
      if (problem !== undefined) return giveUp(problem)
    } catch (error) {
      const code = codeOf(error)
      return giveUp(problemOf(file, code), code)
    }
  }
  for (const { fd, file, stats } of opened) if (file.access === "write" && stats.isFile()) ftruncateSync(fd)
  const uses = opened.map((each) => opened.find((earlier) => sharesPlace(earlier, each)) ?? each)
  for (const each of opened) if (!uses.includes(each)) closeSync(each.fd)
  const handles = new Map<Opened, OpenHandle>()
  return uses.map((use) => {
    const handle = handles.get(use)?.again() ?? new OpenHandle(use.fd)
    handles.set(use, handle)
    return handle
  })
}

const problemBeside = ({ file, stats }: Opened, others: ReadonlyArray<Opened>): string | undefined => {
  if (stats.isDirectory()) return `${file.path} is a directory`
  for (const other of others) {
    const problem = isSame(other.stats, stats) ? problemOfBoth(other.file, file) : undefined
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Who reads a file reads all of it, whoever else does. */
const sharesPlace = (one: Opened, other: Opened): boolean =>
  one === other ||
  (one.file.access !== "read" && one.file.access === other.file.access && isSame(one.stats, other.stats))

/** Emptied later, once nothing can be wrong any more. */
const flags: Readonly<Record<File["access"], number>> = {
  read: constants.O_RDONLY,
  write: constants.O_WRONLY | constants.O_CREAT,
  append: constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND
}

const open = ({ access, path }: File): number | string => {
  // It would not return before somebody opens the other end, and with it our whole program.
  if (statOf(path)?.isFIFO() === true) {
    return `${path} is a FIFO, which cannot be opened without waiting for its other end: use a Stream or a Sink`
  }
  return openSync(path, flags[access], 0o666)
}

const isSame = (one: BigIntStats, other: BigIntStats): boolean =>
  one.isFile() && one.ino === other.ino && one.dev === other.dev

const problemOfBoth = (one: File, other: File): string | undefined => {
  const accesses = [one.access, other.access]
  if (accesses.includes("write") && accesses.includes("read")) return `${other.path} would be emptied before it is read`
  if (accesses.includes("write") && accesses.includes("append"))
    return `${other.path} is to be emptied and to be added to: take one of them`
  return undefined
}

const problemOf = ({ access, path }: File, code: string | undefined): string => {
  const use = access === "read" ? "read" : "written"
  switch (code) {
    case "ENOENT":
      return access === "read" ? `there is no file ${path}` : `there is no directory for ${path}`
    case "EISDIR":
      return `${path} is a directory`
    case "ENOTDIR":
      return `${path} leads through something that is not a directory`
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return `${path} may not be ${use}`
    default:
      return `${path} cannot be ${use}`
  }
}
