/**
 * What `/proc` says of processes. Where there is none, nothing is known.
 */
import fs = require("node:fs")
import type { ShimProcess } from "../internal/shimProtocol.js" with { "resolution-mode": "import" }

const hasProc = fs.existsSync("/proc/self/stat")

const readIfAny = (path: string): string | undefined => {
  try {
    return fs.readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}

interface Stat extends ShimProcess {
  readonly session: number
  readonly hasEnded: boolean
  /** It runs nothing any more, and closes what it has open. */
  readonly isEnding: boolean
}

/** `PF_EXITING` of Linux, set before a process that ends closes its first descriptor. */
const exiting = 0x4

const statOf = (pid: number): Stat | undefined => {
  const text = readIfAny(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  // The program's name stands in parentheses, and may have any character in it.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  return {
    pid,
    startToken: fields[19] ?? "",
    session: Number(fields[3]),
    // A zombie runs nothing, and hears nothing.
    hasEnded: fields[0] === "Z" || fields[0] === "X",
    isEnding: (Number(fields[6]) & exiting) !== 0
  }
}

const identityOf = (pid: number): ShimProcess | undefined => {
  const stat = statOf(pid)
  return stat && { pid, startToken: stat.startToken }
}

const isAlive = ({ pid, startToken }: ShimProcess): boolean => {
  const stat = statOf(pid)
  return stat !== undefined && stat.startToken === startToken && !stat.hasEnded
}

/** Whether it has begun to end, or has ended. */
const isEnding = ({ pid, startToken }: ShimProcess): boolean => {
  const stat = statOf(pid)
  return stat === undefined || stat.startToken !== startToken || stat.hasEnded || stat.isEnding
}

/** All that runs in the session of this process, but for itself. */
const othersOfSession = (): ReadonlyArray<ShimProcess> =>
  fs.readdirSync("/proc").flatMap((name) => {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) return []
    const stat = statOf(pid)
    return stat === undefined || stat.hasEnded || stat.session !== process.pid ? [] : [stat]
  })

/** In bytes. */
const memoryOf = (pid: number): number | undefined => {
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readIfAny(`/proc/${pid}/status`) ?? "")?.[1]
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024
}

/** Nobody may send it, or nobody is there any more: then there is nothing to be done. */
const send = (pid: number, signal: string): void => {
  try {
    process.kill(pid, signal)
  } catch {
    // As said.
  }
}

export = { hasProc, identityOf, isAlive, isEnding, memoryOf, othersOfSession, send }
