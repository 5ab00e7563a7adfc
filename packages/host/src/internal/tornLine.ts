/**
 * A last line without its newline: whoever wrote it was killed on the way, or the disk was full.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { cancel, lineStart, newline, readRange } from "./bytes.js"
import { longestLine } from "./lineReader.js"
import { infoOf, inode, rotatedFiles } from "./logFiles.js"

/**
 * A last line without its end, as a writer that was killed or a full disk leave it. `offset` is where in the file it
 * began; `bytes` is what there was of it, and of a line of more than 16 MiB the first 64 KiB.
 *
 * @example
 * ```ts
 * import type { TornLine } from "@tether/host/RotatingFile"
 *
 * const words = (torn: TornLine) => `a torn line of ${torn.bytes.length} bytes`
 * ```
 */
export interface TornLine {
  readonly offset: number
  readonly bytes: Uint8Array
}

/**
 * Repairs the end of a file that is open for appending, and gives the torn line, if it was one.
 *
 * What looks torn may be a line of which another process has just written the half. The system ends one append before
 * it begins the next, so a byte of ours, CAN, is appended: if it stands right behind what we saw, nobody was about to
 * end that line, and it is blanked in place, under the writers' feet, by spaces and a newline. Nothing is ever cut off:
 * that might take a line that was appended in between. If the byte stands elsewhere it becomes a newline, and so an
 * empty line.
 */
export const repair = (
  fs: FileSystem.FileSystem,
  path: string,
  file: FileSystem.File,
  size: number
): Effect.Effect<TornLine | undefined, PlatformError> =>
  Effect.gen(function* () {
    const start = yield* lineStart(file, size)
    if (start === size) return undefined
    yield* file.writeAll(Uint8Array.of(cancel))
    const info = yield* file.stat
    // One that no reader shows is only ended: in memory, and as spaces, it would take more than there is.
    const isTooLong = size - start > longestLine
    const from = isTooLong ? size : start
    const bytes = yield* readRange(file, from, Number(info.size))
    const first = bytes.indexOf(cancel, size - from)
    const torn = first === size - from
    yield* Effect.scoped(
      Effect.gen(function* () {
        const writable = yield* openForWriting(fs, path, inode(info))
        if (writable === undefined) return
        for (let at = first; at !== -1; at = bytes.indexOf(cancel, at + 1)) {
          // Two who repair at once leave two marks.
          const isOfTorn = torn && at === first && !isTooLong
          yield* writable.seek(isOfTorn ? start : from + at, "start")
          yield* writable.writeAll(isOfTorn ? blank(size - start) : Uint8Array.of(newline))
        }
      })
    )
    if (!torn) return undefined
    return {
      offset: start,
      bytes: isTooLong ? yield* readRange(file, start, start + told) : bytes.slice(0, size - start)
    }
  })

/** So much is told of a torn line that is too long, in bytes. */
const told = 65_536

const blank = (length: number): Uint8Array => {
  const bytes = new Uint8Array(length + 1).fill(0x20)
  bytes[length] = newline
  return bytes
}

/** The file for writing in place, under whatever name it has by now: one that is open for appending only appends. */
const openForWriting = (fs: FileSystem.FileSystem, path: string, wanted: string) =>
  Effect.gen(function* () {
    const rotated = yield* rotatedFiles(fs, path)
    for (const candidate of [path, ...[...rotated].reverse().map((file) => file.path)]) {
      const info = yield* infoOf(fs, candidate)
      if (info === undefined || inode(info) !== wanted) continue
      const file = yield* fs.open(candidate, { flag: "r+" })
      if (inode(yield* file.stat) === wanted) return file
    }
    return undefined
  })
