/**
 * The log of a session as one stream: its file, and those that were rotated out of it, which are only renamed. What is
 * read is told by the number of its inode, because every name may mean another file a moment later.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"

export interface Part {
  readonly path: string
  readonly inode: number
  readonly file: FileSystem.File
  /** Whoever has read it to its end lets it go: it may have been removed, and would still take its room on the disk. */
  readonly close: Effect.Effect<void>
}

/** From the newest to the oldest; a launch keeps two. */
const pathsOf = (log: string): ReadonlyArray<string> => [log, `${log}.1`, `${log}.2`]

const open = (path: string): Effect.Effect<Option.Option<Part>, FileError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.gen(function* () {
      // A pipe would be waited for.
      if ((yield* fs.stat(path)).type !== "File") return Option.none()
      const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
      const file = yield* Scope.extend(fs.open(path, { flag: "r" }), scope)
      const { ino } = yield* file.stat
      return Option.some({ path, file, inode: Option.getOrElse(ino, () => 0), close: Scope.close(scope, Exit.void) })
    }).pipe(
      Effect.catchIf(FileAttempt.isNotFound, () => Effect.succeedNone),
      FileAttempt.attempt("read", path)
    )
  )

/**
 * All regular files that there are now, the oldest first. The newest are opened first: a rotation meanwhile shows one
 * twice, and hides none.
 */
export const openAll = (log: string) =>
  Effect.map(Effect.forEach(pathsOf(log), open), (found) => {
    const parts = found.flatMap(Option.toArray)
    return parts.filter(({ inode }, index) => parts.findIndex((other) => other.inode === inode) === index).reverse()
  })

/**
 * The one that was begun after this one, once there is one: then nothing comes to this one any more. `isSure` is false
 * where there may have been others between them.
 */
export const after = (
  log: string,
  part: Part | undefined
): Effect.Effect<
  Option.Option<{ readonly part: Part; readonly isSure: boolean }>,
  FileError,
  FileSystem.FileSystem | Scope.Scope
> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    while (true) {
      const found = yield* Effect.forEach(pathsOf(log), (path) =>
        Effect.option(fs.stat(path)).pipe(
          Effect.map(Option.filter(({ type }) => type === "File")),
          Effect.map(Option.map(({ ino }) => ({ path, inode: Option.getOrElse(ino, () => 0) })))
        )
      )
      const there = found.flatMap(Option.toArray)
      // The first of its name is the oldest place at which it was seen.
      const at = there.findLastIndex(({ inode }) => inode === part?.inode)
      const next = at === -1 ? there.at(-1) : there[at - 1]
      if (next === undefined || next.inode === part?.inode) return Option.none()
      const opened = yield* open(next.path)
      // It was rotated since we looked.
      if (Option.isNone(opened)) continue
      if (opened.value.inode !== next.inode) {
        yield* opened.value.close
        continue
      }
      return Option.some({ part: opened.value, isSure: at !== -1 || part === undefined })
    }
  })

const blockBytes = 64 * 1024

/** The bytes that are there now, from where the file was read last. */
export const drain = <E, R>(
  { file, path }: Part,
  take: (bytes: Uint8Array) => Effect.Effect<void, E, R>
): Effect.Effect<void, E | FileError, R> =>
  Effect.gen(function* () {
    while (true) {
      const bytes = yield* FileAttempt.attempt("read", path)(file.readAlloc(blockBytes))
      if (Option.isNone(bytes)) return
      yield* take(bytes.value)
    }
  })

/**
 * Goes to where the last lines of all of them begin, and answers with those that have something of them. A line without
 * an end is one.
 */
export const seekLines = (parts: ReadonlyArray<Part>, lines: number): Effect.Effect<ReadonlyArray<Part>, FileError> =>
  Effect.gen(function* () {
    // The newline at the very end ends the last line, and begins none.
    let wanted = lines
    let isAtEnd = true
    for (let index = parts.length - 1; index >= 0; index--) {
      const part = parts[index] as Part
      const attempt = FileAttempt.attempt("read", part.path)
      let end = Number((yield* attempt(part.file.stat)).size)
      if (isAtEnd && lines === 0) {
        yield* part.file.seek(BigInt(end), "start")
        return [part]
      }
      while (end > 0) {
        const start = Math.max(0, end - blockBytes)
        const block = yield* readAt(part, start, end - start)
        if (isAtEnd && block.at(-1) === newline) wanted += 1
        isAtEnd = false
        for (let at = block.lastIndexOf(newline); at !== -1; at = at === 0 ? -1 : block.lastIndexOf(newline, at - 1)) {
          wanted -= 1
          if (wanted > 0) continue
          yield* part.file.seek(BigInt(start + at + 1), "start")
          return parts.slice(index)
        }
        end = start
      }
      yield* part.file.seek(0n, "start")
    }
    return parts
  })

const newline = 0x0a

const readAt = ({ file, path }: Part, start: number, length: number): Effect.Effect<Uint8Array, FileError> =>
  Effect.gen(function* () {
    const block = new Uint8Array(length)
    yield* file.seek(BigInt(start), "start")
    let filled = 0
    while (filled < length) {
      const count = Number(yield* FileAttempt.attempt("read", path)(file.read(block.subarray(filled))))
      // Nobody cuts a log off; where somebody has, the rest of it is empty.
      if (count === 0) break
      filled += count
    }
    return block.subarray(0, filled)
  })
