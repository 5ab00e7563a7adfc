/**
 * Reads the whole lines of a rotating file, from all of its files, oldest first.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { cancel, lineStart, newline, readRange } from "./bytes.js"
import { isNotFound } from "./fileErrors.js"
import { infoOf, inode, rotatedFiles } from "./logFiles.js"

/** One of the files, and how far it was read: up to the beginning of a line. */
interface Cursor {
  readonly file: FileSystem.File
  readonly scope: Scope.CloseableScope
  /** Its number, or infinity while it is the active one. */
  number: number
  offset: number
}

/** A file, and its size when all files were looked at. */
interface Portion {
  readonly inode: string
  readonly cursor: Cursor
  readonly end: number
  readonly isLast: boolean
}

/** A reader keeps the files open that it has seen, so that one that is rotated or removed is read to its end. */
export interface LineReader {
  /**
   * Looks at all files: what is there now will be read by `next`. Gives the number of files that came and went unseen.
   */
  readonly look: Effect.Effect<number, PlatformError>
  /** The next lines of what was looked at, which may be none, or `undefined` when that is read. */
  readonly next: Effect.Effect<Chunk.Chunk<string> | undefined, PlatformError>
  /** Passes over what is there now. */
  readonly skip: Effect.Effect<void, PlatformError>
  /** What was looked at and not read, file by file, oldest first. */
  readonly files: () => ReadonlyArray<OpenFile>
}

/** A file, and its size when it was looked at. */
export interface OpenFile {
  readonly inode: string
  readonly file: FileSystem.File
  readonly end: number
}

/** A reader whose files are closed with the scope. */
export const makeLineReader = (
  fs: FileSystem.FileSystem,
  path: string
): Effect.Effect<LineReader, never, Scope.Scope> =>
  Effect.map(Effect.scope, (parent) => {
    const cursors = new Map<string, Cursor>()
    let portions: ReadonlyArray<Portion> = []
    let lastNumber: number | undefined

    /** The inode that has this path, with a cursor. `wanted`: the only inode that is opened there. */
    const seen = (name: string, number: number, wanted?: string): Effect.Effect<string | undefined, PlatformError> =>
      Effect.gen(function* () {
        const info = yield* infoOf(fs, name)
        if (info === undefined || isEndless(info.type)) return undefined
        const known = cursors.get(inode(info))
        if (known !== undefined) {
          known.number = number
          return inode(info)
        }
        const scope = yield* Scope.fork(parent, parent.strategy)
        const file = yield* Scope.extend(fs.open(name, { flag: "r" }), scope).pipe(
          // It was renamed just now: the directory is listed again.
          Effect.catchIf(isNotFound, () => Effect.succeed(undefined)),
          Effect.onError(() => Scope.close(scope, Exit.void))
        )
        const id = file === undefined ? undefined : inode(yield* file.stat)
        const isOther = wanted !== undefined && id !== wanted
        if (file === undefined || id === undefined || isOther || cursors.has(id)) yield* Scope.close(scope, Exit.void)
        else cursors.set(id, { file, scope, number, offset: 0 })
        return isOther ? undefined : id
      }).pipe(Effect.uninterruptible)

    /** Which inode has which name now: the rotated files by their numbers, and last the active one. */
    const names = Effect.gen(function* () {
      const rotated = (yield* rotatedFiles(fs, path)).map(({ inode, number }) => `${number} ${inode}`)
      return [...rotated, `active ${yield* inodeAt(path)}`].join("\n")
    })

    const inodeAt = (name: string) =>
      Effect.map(infoOf(fs, name), (info) => (info === undefined ? "none" : inode(info)))

    /**
     * The inodes of all files. No rotation must have come in between: a file whose new name is looked at before it has
     * it, and whose old name after, would seem to be gone.
     */
    const all: Effect.Effect<ReadonlySet<string>, PlatformError> = Effect.gen(function* () {
      while (true) {
        const before = yield* names
        const found: Array<string | undefined> = []
        for (const { inode, number, path: name } of yield* rotatedFiles(fs, path))
          found.push(yield* seen(name, number, inode))
        found.push(yield* seen(path, Number.POSITIVE_INFINITY))
        if (before === (yield* names)) return new Set(found.filter((id) => id !== undefined))
      }
    })

    const unseen = (all: ReadonlySet<string>): number => {
      const rotated = [...cursors].filter(([id, cursor]) => all.has(id) && Number.isFinite(cursor.number))
      const newest = Math.max(0, ...rotated.map(([, cursor]) => cursor.number))
      const from = lastNumber ?? newest
      lastNumber = Math.max(newest, from)
      const known = rotated.filter(([, cursor]) => cursor.number > from).length
      // What was active when we last looked, and is rotated and removed since, is still open here.
      const removed = [...cursors].filter(([id, cursor]) => !all.has(id) && !Number.isFinite(cursor.number)).length
      return Math.max(0, lastNumber - from - known - removed)
    }

    const look = Effect.gen(function* () {
      const files = yield* all
      const missed = unseen(files)
      const oldestFirst = [...cursors].sort(([a, { number: n }], [b, { number: m }]) =>
        // A removed one that had no number yet comes before the active one.
        n === m ? Number(files.has(a)) - Number(files.has(b)) : n - m
      )
      const found: Array<Portion> = []
      // Youngest first: whoever wrote a line to a younger file has written his earlier ones to the older file by then.
      for (const [id, cursor] of [...oldestFirst].reverse()) {
        const isLast = !files.has(id)
        const end = Number((yield* cursor.file.stat).size)
        if (isLast || end > cursor.offset) found.push({ inode: id, cursor, end, isLast })
        if (isLast) cursors.delete(id)
      }
      portions = found.reverse()
      return missed
    })

    const next = Effect.gen(function* () {
      const [portion, ...rest] = portions
      if (portion === undefined) return undefined
      const { cursor, end, isLast } = portion
      const { lines, to } = yield* linesFrom(cursor.file, cursor.offset, end)
      if (to === cursor.offset) {
        portions = rest
        if (isLast) yield* Scope.close(cursor.scope, Exit.void)
      }
      cursor.offset = to
      return lines
    })

    const skip = Effect.gen(function* () {
      for (const { cursor, end } of portions) cursor.offset = yield* lineStart(cursor.file, end)
      portions = []
    })

    const files = () => portions.map(({ cursor: { file }, end, inode }) => ({ inode, file, end }))

    return { look, next, skip, files }
  })

/** Pipes, sockets and terminals are waited for, and `/dev/zero` has no end. */
const isEndless = (type: FileSystem.File.Type): boolean => type !== "File" && type !== "Directory"

/**
 * The longest line that is read, in bytes. A longer one would take the memory of the reader, and no text can hold one
 * of 512 MiB.
 */
export const longestLine = 16 * 1024 * 1024

/** Whole lines, and the position after them. */
export interface Lines {
  readonly lines: Chunk.Chunk<string>
  readonly to: number
}

/**
 * Some lines from `from` on, which is the beginning of one, at most up to `end`. `to` is `from` if there is no newline.
 * In place of a line that is too long stands one that says so, and which no reader takes for a record.
 */
export const linesFrom = (file: FileSystem.File, from: number, end: number): Effect.Effect<Lines, PlatformError> =>
  Effect.gen(function* () {
    let length = 65_536
    while (true) {
      const bytes = yield* readRange(file, from, Math.min(end, from + length))
      const last = bytes.lastIndexOf(newline)
      if (last !== -1) return { lines: linesOf(bytes.subarray(0, last + 1)), to: from + last + 1 }
      if (from + length >= end) return { lines: Chunk.empty(), to: from }
      if (length === longestLine) break
      length = Math.min(length * 4, longestLine)
    }
    for (let at = from + longestLine; at < end; at += skipped) {
      const found = (yield* readRange(file, at, Math.min(end, at + skipped))).indexOf(newline)
      if (found === -1) continue
      const to = at + found + 1
      return { lines: Chunk.of(tooLong(to - from - 1)), to }
    }
    return { lines: Chunk.empty(), to: from }
  })

const tooLong = (bytes: number): string => `(a line of ${bytes} bytes, longer than ${longestLine}, is not shown)`

export const isTooLong = (line: string): boolean =>
  /^\(a line of \d+ bytes, longer than \d+, is not shown\)$/.test(line)

/** So much is read at once of a line that is too long. */
const skipped = 4 * 1024 * 1024

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

const linesOf = (bytes: Uint8Array): Chunk.Chunk<string> => {
  const lines = decoder.decode(bytes.subarray(0, -1)).split("\n")
  const whole = bytes.includes(cancel) ? lines.map((line) => line.slice(line.lastIndexOf("\x18") + 1)) : lines
  return Chunk.unsafeFromArray(whole.filter((line) => !isBlank(line)))
}

/** What is left of a torn line. */
export const isBlank = (line: string): boolean => line === "" || (line.startsWith(" ") && /^ +$/.test(line))
