/**
 * Whether a pipe still has a reader. A program that writes learns it by a write that fails. One that waits for the next
 * thing to write does not, and would wait without an end: `tether exits --follow | head -1`. Node.js has no call that
 * asks the system, so that the processes which hold the pipe are looked at.
 */
import * as ActiveTime from "@tether/host/ActiveTime"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync, readlinkSync } from "node:fs"

/**
 * Completes when the last reader of a descriptor has gone. Never completes where that cannot be told: the descriptor is
 * not a pipe, there is no `/proc`, or its first reader cannot be seen, as that of another user.
 */
export const readerGone = (fd: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    const link = linkOf("self", fd)
    if (link?.startsWith("pipe:") !== true) return yield* Effect.never
    let readers = readersOf(link)
    if (readers.length === 0) return yield* Effect.never
    while (true) {
      yield* ActiveTime.sleep(lookEvery)
      if (readers.some((reader) => mayHold(reader, link))) continue
      // A reader may have handed the pipe on.
      readers = readersOf(link)
      if (readers.length === 0) return
    }
  })

const lookEvery = "250 millis"

interface Reader {
  readonly pid: string
  readonly fd: string
}

const readersOf = (link: string): ReadonlyArray<Reader> =>
  namesIn("/proc").flatMap((pid) =>
    /^\d+$/.test(pid)
      ? namesIn(`/proc/${pid}/fd`).flatMap((fd) =>
          linkOf(pid, fd) === link && isReadable(pid, fd) ? [{ pid, fd }] : []
        )
      : []
  )

/** One that may not be looked at any more, such as `sudo`, may hold it still. */
const mayHold = ({ fd, pid }: Reader, link: string): boolean => {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`) === link
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EACCES"
  }
}

const linkOf = (pid: string, fd: string | number): string | undefined => {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`)
  } catch {
    return undefined
  }
}

const namesIn = (directory: string): ReadonlyArray<string> => {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** The last two bits of the flags are the access mode: 1 is write only. */
const isReadable = (pid: string, fd: string): boolean => {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8"))?.[1] ?? "1"
    return (Number.parseInt(flags, 8) & 3) !== 1
  } catch {
    return false
  }
}
