/**
 * Descriptors that this program was started with and that would reach every program it starts.
 *
 * Node sets close-on-exec on what it opens, and at its start on what it finds at numbers up to 15 (libuv stops at the
 * first gap after that). The others stay inheritable: 63 of bash's `<(…)`, 200 of `flock -n 200 … 200>lock`. A lock is
 * held until the last process that has it open ends, so that a terminal server would hold the lock of the script that
 * started it. Node can neither set the flag later nor close a number in a child, and `"ignore"` leaves it as it is. A
 * descriptor of /dev/null at that number replaces it in the child.
 *
 * On macOS libuv starts programs by `posix_spawn` with POSIX_SPAWN_CLOEXEC_DEFAULT, after which they have only what
 * they are given.
 */
import type { IOType } from "node:child_process"
import { openSync, readdirSync, readFileSync } from "node:fs"
import { noteFinding } from "./findings.js"
import { OpenHandle } from "./handle.js"
import { countMoved, softLimit } from "./room.js"

/**
 * Numbers from here on are not covered. Node goes through an array with an entry for each number up to the highest one:
 * of the 1.2 ms of CPU time that a spawn takes, 0.05 ms are for number 200, 0.3 ms for 1000, 5 ms for 16000.
 */
const bound = 16384

const closeOnExec = 0o2000000

const byName = /\/(?:dev|proc\/self)\/fd\/(\d+)/g

/** What was found at the first spawn. Later ones are opened by native code only, which is not looked for. */
let known: ReadonlyArray<number> | undefined

/**
 * Puts /dev/null over those of them that the child is not given on purpose: by its options, or by a word such as
 * `/dev/fd/63`, which is what bash writes for `<(…)`. The caller closes what is returned after the spawn.
 */
export const coverInherited = (
  stdio: Array<IOType | number | undefined>,
  words: ReadonlyArray<string>
): OpenHandle | undefined => {
  const inherited = stillInherited()
  if (inherited.length === 0) return undefined
  const named = new Set(words.flatMap((word) => Array.from(word.matchAll(byName), ([, fd]) => Number(fd))))
  const found = inherited.filter((fd) => (stdio[fd] ?? "ignore") === "ignore" && !named.has(fd))
  if (found.length === 0) return undefined
  const covered = coverable(found, inherited, stdio)
  for (const descriptor of found.slice(covered.length)) {
    noteFinding({ _tag: "Uncovered", descriptor, limit: softLimit(), bound })
  }
  if (covered.length === 0) return undefined
  const nothing = new OpenHandle(openSync("/dev/null", "r+"))
  for (const fd of covered) stdio[fd] = nothing.fd
  return nothing
}

/** Each of them needs a number above all that the child is given: the lowest ones, as many as can be. */
const coverable = (
  found: ReadonlyArray<number>,
  inherited: ReadonlyArray<number>,
  stdio: ReadonlyArray<IOType | number | undefined>
): ReadonlyArray<number> => {
  const limit = softLimit()
  const others = countMoved(stdio)
  for (let count = found.length; count > 0; count--) {
    const end = Math.max(stdio.length, Number(found[count - 1]) + 1)
    const used = inherited.filter((fd) => fd >= end).length
    if (end <= bound && end + used + others + count <= limit) return found.slice(0, count)
  }
  return []
}

/**
 * Their numbers may be used again since, by Node with the flag: one is looked at in 15 us, and mostly there are none.
 */
const stillInherited = (): ReadonlyArray<number> => {
  if (known !== undefined) return known.filter(isInheritable)
  if (process.platform !== "linux") return (known = [])
  try {
    const open = readdirSync("/proc/self/fd").map(Number)
    known = open.filter((fd) => fd > 2 && isInheritable(fd)).sort((one, other) => one - other)
    return known
  } catch (error) {
    // Without /proc it cannot be told. Without a free descriptor it can be told next time.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") known = []
    return []
  }
}

const isInheritable = (fd: number): boolean => {
  try {
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0
  } catch (error) {
    // Where there is no descriptor to look with, one too many does no harm.
    return (error as NodeJS.ErrnoException).code !== "ENOENT"
  }
}
