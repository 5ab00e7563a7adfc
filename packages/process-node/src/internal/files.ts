/**
 * The files that are descriptors of a child: opened by us, so that what is wrong is known before anything starts, and
 * read and written by the child alone.
 */
import type { Descriptor, LaunchFailure } from "@tether/process/ChildDriver"
import { closeSync, constants, fstatSync, ftruncateSync, openSync, type Stats, statSync } from "node:fs"
import { codeOf } from "./failure.js"

/** A file of a request, or one that is open for both. */
export interface File {
  readonly path: string
  readonly access: Extract<Descriptor, { readonly _tag: "File" }>["access"] | "both"
}

interface Opened {
  readonly file: File
  readonly fd: number
  readonly stats: Stats
}

/** Which of our descriptors is to be which of the child's. Two that name one file share it, and so their place in it. */
export const openFiles = (files: ReadonlyMap<number, File>): ReadonlyMap<number, number> | LaunchFailure => {
  const opened: Array<Opened> = []
  const fds = new Map<number, number>()
  const giveUp = (problem: string, code?: string): LaunchFailure => {
    for (const { fd } of opened) closeSync(fd)
    return { reason: "BadFile", problem, code }
  }
  for (const [descriptor, file] of files) {
    try {
      const fd = open(file)
      if (typeof fd === "string") return giveUp(fd)
      const next = { file, fd, stats: fstatSync(fd) }
      const same = opened.find((each) => isSame(each.stats, next.stats))
      opened.push(next)
      const problem = next.stats.isDirectory() ? `${file.path} is a directory` : same && problemOfBoth(same.file, file)
      if (problem !== undefined) return giveUp(problem)
      fds.set(descriptor, same !== undefined && file.access !== "read" ? same.fd : fd)
    } catch (error) {
      const code = codeOf(error)
      return giveUp(problemOf(file, code), code)
    }
  }
  for (const { fd, file, stats } of opened) if (isEmptied(file) && stats.isFile()) ftruncateSync(fd)
  const used = new Set(fds.values())
  for (const { fd } of opened) if (!used.has(fd)) closeSync(fd)
  return fds
}

/** Emptied later, once nothing can be wrong any more. */
const flags: Readonly<Record<File["access"], number>> = {
  both: constants.O_RDWR,
  read: constants.O_RDONLY,
  write: constants.O_WRONLY | constants.O_CREAT,
  append: constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND,
  restart: constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND
}

const open = ({ access, path }: File): number | string => {
  // It would not return before somebody opens the other end, and with it our whole program.
  if (statSync(path, { throwIfNoEntry: false })?.isFIFO() === true) {
    return `${path} is a FIFO, which cannot be opened without waiting for its other end: use a Stream or a Sink`
  }
  return openSync(path, flags[access], 0o666)
}

const isEmptied = ({ access }: File): boolean => access === "write" || access === "restart"

const isSame = (one: Stats, other: Stats): boolean => one.isFile() && one.ino === other.ino && one.dev === other.dev

const problemOfBoth = (one: File, other: File): string | undefined => {
  const accesses = [one.access, other.access]
  if (accesses.includes("write") && accesses.includes("read")) return `${other.path} would be emptied before it is read`
  if (accesses.includes("write") && accesses.includes("append")) return `${other.path} is to be emptied and to be added to: take one of them`
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
