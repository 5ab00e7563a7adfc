/**
 * Whether the descriptors suffice that are left to this program.
 *
 * Node never closes the sockets that it has opened for a child when the start then fails with EMFILE or ENFILE: with
 * four descriptors left, the two pairs for stdout and stderr can be made, the pipe by which libuv hears of a failed
 * `execve` cannot, and two sockets stay open for ever. So a start is refused before it begins.
 */
import type { IOType } from "node:child_process"
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs"

/** Throws EMFILE or ENFILE where Node would. */
export const requireRoom = (stdio: ReadonlyArray<IOType | number>): void => {
  // Two ends of each pipe, and libuv's own.
  const opened = 2 * stdio.filter((each) => each === "pipe").length + 2
  const moved = countMoved(stdio)
  if (moved > 0 && !hasNumbers(moved, stdio.length)) {
    throw Object.assign(new Error("the start of a program needs more descriptors than are left"), { code: "EMFILE" })
  }
  openAtOnce(opened + moved)
}

/** Before a child has a descriptor at a higher number than ours, libuv moves it to one after all that the child has. */
export const countMoved = (stdio: ReadonlyArray<IOType | number | undefined>): number =>
  stdio.filter((given, fd) => fd > 2 && (given === "pipe" || (typeof given === "number" && given < fd))).length

/**
 * Opened and closed, 4 us each: the only answer that is exact. The size of `/proc/self/fd` tells how many are open in
 * 5 us, but since Linux 6.2 only, and not what the limit is by now; its list takes 25 us for 20 and 500 us for 500.
 */
const openAtOnce = (count: number): void => {
  const opened: Array<number> = []
  try {
    while (opened.length < count) opened.push(openSync("/", "r"))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Any other failure tells nothing.
    if (code === "EMFILE" || code === "ENFILE") throw error
  } finally {
    for (const fd of opened) closeSync(fd)
  }
}

/** Whether so many numbers are free from `from` on. Where that cannot be told, Node finds out. */
const hasNumbers = (count: number, from: number): boolean => {
  let used: ReadonlyArray<number>
  try {
    used = readdirSync("/proc/self/fd").map(Number)
  } catch {
    return true
  }
  return softLimit() - from - used.filter((fd) => fd >= from).length >= count
}

/** How many this program may have open: a number as high as this, or higher, is given to none. */
export const softLimit = (): number => {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1]
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
