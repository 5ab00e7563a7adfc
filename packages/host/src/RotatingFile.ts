/**
 * A file of lines to which several processes append, of which the youngest part is kept, and which can be followed.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { FileError } from "./FileError.js"
import { type Appender, makeAppender } from "./internal/appender.js"
import { lineStart } from "./internal/bytes.js"
import { makeAll } from "./internal/directories.js"
import { doing, fileError, isNotFound, refused } from "./internal/fileErrors.js"
import { makeTurns } from "./internal/inTurn.js"
import { linesBackwards, linesBetween, textBefore } from "./internal/keptFile.js"
import { isBlank, isTooLong as stoodIn, type LineReader, longestLine, makeLineReader } from "./internal/lineReader.js"
import { directoryOf } from "./internal/paths.js"
import type { TornLine } from "./internal/tornLine.js"
import { warn } from "./internal/warn.js"
import type { LockHeld } from "./LockHeld.js"
import type { ProcessIdentity } from "./ProcessIdentity.js"
import * as TerminalText from "./TerminalText.js"

export type { TornLine } from "./internal/tornLine.js"

/**
 * How a file is written, and how much of it is kept.
 *
 * - `maxBytes`: the size above which it is rotated. Default 5 MiB. Nothing is cut for it: a line that is longer has a
 *   file of its own, and with several writers a file may become some lines longer.
 * - `keep`: how many rotated files are kept beside the active one. Default 5.
 * - `fsync`: when lines are brought to the disk: `"never"`, by `sync` and by `append` with `sync` (`"onSync"`, the
 *   default), or `"always"`, by every append. What is not synced survives the death of every process, but not a power
 *   cut.
 * - `onTorn`: told of a torn last line, once, by whoever repairs it. Default: a warning in the log.
 *
 * @example
 * ```ts
 * import type { Options } from "@tether/host/RotatingFile"
 *
 * const small: Options = { maxBytes: 64 * 1024, keep: 2, fsync: "never" }
 * ```
 */
export interface Options {
  readonly maxBytes?: number | undefined
  readonly keep?: number | undefined
  readonly fsync?: "never" | "onSync" | "always" | undefined
  readonly onTorn?: ((torn: TornLine) => Effect.Effect<void>) | undefined
}

/**
 * A file that is open for appending. Any number of fibers and processes may append to it at once.
 *
 * - `append(line)`: the line and its newline in one write, on the disk too with `{ sync: true }`. It fails with
 *   `FileError`, and the caller decides: then the line is not there, or only a part that the next append repairs. A
 *   line that is blank, is longer than 16 MiB, or has a newline or CAN (0x18) in it, is refused with the reason
 *   `Invalid`. It is not interrupted on its way.
 * - `appendAll(lines)`: several lines in one write.
 * - `sync`: brings to the disk what was appended here.
 * - `rotate`: rotates now, if there is anything in the active file.
 *
 * @example
 * ```ts
 * import type { RotatingFile } from "@tether/host/RotatingFile"
 * import * as Effect from "effect/Effect"
 *
 * const note = (file: RotatingFile, line: string) =>
 *   file.append(line, { sync: true }).pipe(Effect.catchTag("FileError", (error) => Effect.logError(error.message)))
 * ```
 */
export interface RotatingFile {
  readonly path: string
  readonly append: (line: string, options?: { readonly sync?: boolean | undefined }) => Effect.Effect<void, FileError>
  readonly appendAll: (
    lines: Iterable<string>,
    options?: { readonly sync?: boolean | undefined }
  ) => Effect.Effect<void, FileError>
  readonly sync: Effect.Effect<void, FileError>
  readonly rotate: Effect.Effect<void, FileError | LockHeld>
}

/**
 * Opens a file for appending until the scope closes. It is created with mode 0600, and its directory with 0700, where
 * they are not there. A torn last line is blanked and told to `onTorn`; a line that another process is just writing is
 * left alone.
 *
 * `<path>` is the active file, and `<path>.1`, `<path>.2` and so on are those before it, the youngest with the highest
 * number. Who rotates holds the lock `<path>.lock`; nobody waits for it, and a file grows until somebody has it. A
 * writer that still has the old file open writes into it under its new name, where it is kept and read. It counts as
 * young as its last line. A writer whose file was removed under it appends the line again, to the active file.
 *
 * A rotated file must be a regular file; a symbolic link does not count. In a directory such as `/tmp`, it must belong
 * to the current user, root or the owner of the active file. Other files are not read, counted or removed.
 *
 * To look after a line takes longer than to write it: that is done 20 ms later for all that were appended meanwhile,
 * and by `sync`. A line that is found in a removed file, or behind one that another writer has torn within the last 100
 * ms, is appended again.
 *
 * Limits. Appends of several processes do not mix on the local file systems of Linux and macOS; they may on NFS. A
 * writer whose file is removed right when it writes may have its line twice; one that is killed within these 20 ms may
 * have it in neither file. Behind a line that was torn within the last 100 ms there may be half a line and a whole one
 * in one.
 *
 * @example
 * ```ts
 * import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
 * import * as ProcessIdentity from "@tether/host/ProcessIdentity"
 * import * as RotatingFile from "@tether/host/RotatingFile"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const program = Effect.gen(function*() {
 *   const file = yield* RotatingFile.open("/tmp/demo/exits.log", { maxBytes: 1024 * 1024 })
 *   yield* file.append("pid=4711 code=0")
 * }).pipe(
 *   Effect.scoped,
 *   Effect.provide(Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer))
 * )
 * ```
 */
export const open = (
  path: string,
  options: Options = {}
): Effect.Effect<RotatingFile, FileError, Scope.Scope | FileSystem.FileSystem | ProcessIdentity> =>
  Effect.gen(function* () {
    const appender = makeAppender({
      path,
      maxBytes: options.maxBytes ?? 5 * 1024 * 1024,
      keep: options.keep ?? 5,
      fsync: options.fsync ?? "onSync",
      onTorn: options.onTorn ?? ((torn) => Effect.logWarning(tornMessage(path, torn)))
    })
    const opened = yield* Effect.acquireRelease(
      Effect.catchIf(appender, isNotFound, () =>
        Effect.zipRight(makeAll("make the directory of", directoryOf(path)), appender)
      ),
      (appender) => appender.close
    )
    return serialized(path, opened, yield* Effect.scope)
  })

const tornMessage = (path: string, torn: TornLine): string =>
  `${TerminalText.quote(path)} had a torn line of ${torn.bytes.length} bytes at ${torn.offset}: blanked`

/** So soon after an append it is looked at, so that one look serves all appends of a moment. */
const lookAfter = Duration.millis(20)

/** One at a time: an appender remembers where the file ended. */
const serialized = (path: string, appender: Appender, scope: Scope.Scope): RotatingFile => {
  const alone = makeTurns()
  let willLook = false
  const look = Effect.suspend(() => {
    willLook = false
    return alone(appender.settle)
  })
  const lookSoon = Effect.suspend(() => {
    if (willLook) return Effect.void
    willLook = true
    return Effect.asVoid(Effect.forkIn(Effect.interruptible(Effect.delay(look, lookAfter)), scope))
  })
  const appendAll: RotatingFile["appendAll"] = (lines, options) => {
    let text = ""
    for (const line of lines) {
      const problem = problemOf(line)
      if (problem !== undefined) return Effect.fail(refused("append to", path, "Invalid", problem))
      text += `${line}\n`
    }
    return text === ""
      ? Effect.void
      : Effect.zipRight(alone(appender.append(encoder.encode(text), options?.sync ?? false)), lookSoon)
  }
  return {
    path,
    append: (line, options) => appendAll([line], options),
    appendAll,
    sync: alone(appender.sync),
    rotate: alone(appender.rotate)
  }
}

const encoder = new TextEncoder()

const problemOf = (line: string): string | undefined => {
  if (line.includes("\n")) return "a line must not have a newline in it"
  if (line.includes("\x18")) return "a line must not have the control character CAN in it"
  if (line.length * 3 > longestLine && encoder.encode(line).length > longestLine)
    return `a line must not be longer than ${longestLine} bytes`
  return isBlank(line) ? "a line must not be blank" : undefined
}

/**
 * The lines that are there now, oldest first, of all files that are kept. A torn line is left out. It creates nothing:
 * where there is no file, there are no lines. Lines of one writer come in their order.
 *
 * In place of a line longer than 16 MiB, which `append` does not write, stands a short one that says so:
 * `(a line of 629145600 bytes, longer than 16777216, is not shown)`.
 *
 * @example
 * ```ts
 * import * as RotatingFile from "@tether/host/RotatingFile"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * const show = RotatingFile.read("/tmp/demo/exits.log").pipe(Stream.runForEach((line) => Effect.log(line)))
 * ```
 */
export const read = (path: string): Stream.Stream<string, FileError, FileSystem.FileSystem> =>
  Stream.unwrapScoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const reader = yield* makeLineReader(fs, path)
      yield* doing("read", path)(reader.look)
      return Stream.repeatEffectChunkOption(
        Effect.flatMap(Effect.mapError(doing("read", path)(reader.next), Option.some), (lines) =>
          lines === undefined ? Effect.fail(Option.none()) : Effect.succeed(lines)
        )
      )
    })
  )

/**
 * Whether a line stands in place of one that is longer than 16 MiB.
 *
 * @example
 * ```ts
 * import * as RotatingFile from "@tether/host/RotatingFile"
 *
 * RotatingFile.isTooLong("(a line of 629145600 bytes, longer than 16777216, is not shown)") // true
 * ```
 */
export const isTooLong = (line: string): boolean => stoodIn(line)

/**
 * One of the files that are kept, as it was when it was looked at.
 *
 * - `inode`: tells it from every other that exists at the same time, whatever its name.
 * - `bytes`: where its last whole line ends.
 * - `lines(from)`: its lines from that position on, which is the beginning of one. Default: from its beginning.
 * - `backwards`: all of its lines, the last one first.
 * - `textBefore(position)`: what stands before a position, up to 256 bytes of it: by this and the inode a position is
 *   known again that was reached before.
 *
 * @example
 * ```ts
 * import type { KeptFile } from "@tether/host/RotatingFile"
 * import * as Stream from "effect/Stream"
 *
 * const lastLine = (file: KeptFile) => Stream.runHead(file.backwards)
 * ```
 */
export interface KeptFile {
  readonly inode: string
  readonly bytes: number
  readonly lines: (from?: number) => Stream.Stream<string, FileError>
  readonly backwards: Stream.Stream<string, FileError>
  readonly textBefore: (position: number) => Effect.Effect<string, FileError>
}

/**
 * The files that are there now, oldest first, for whoever does not want to read all of them from the beginning. They
 * stay open until the scope closes, so that none is lost by a rotation meanwhile.
 *
 * @example
 * ```ts
 * import * as RotatingFile from "@tether/host/RotatingFile"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * const newestFirst = Effect.map(RotatingFile.files("/tmp/demo/exits.log"), (files) =>
 *   Stream.flatMap(Stream.fromIterable([...files].reverse()), ({ backwards }) => backwards))
 * ```
 */
export const files = (
  path: string
): Effect.Effect<ReadonlyArray<KeptFile>, FileError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const reader = yield* makeLineReader(yield* FileSystem.FileSystem, path)
    const reading = doing("read", path)
    yield* reading(reader.look)
    return yield* Effect.forEach(reader.files(), (file) =>
      Effect.map(reading(lineStart(file.file, file.end)), (bytes): KeptFile => ({
        inode: file.inode,
        bytes,
        lines: (from = 0) => Stream.mapError(linesBetween(file, from, bytes), fileError("read", path)),
        backwards: Stream.mapError(linesBackwards(file, bytes), fileError("read", path)),
        textBefore: (position) => reading(textBefore(file, position, 256))
      }))
    )
  })

/**
 * How a file is followed.
 *
 * - `from`: `"start"` gives what is there first, and `"end"` only what comes. Default `"start"`.
 * - `pollEvery`: how often it is looked at, on Effect's `Clock`. Default 200 milliseconds.
 *
 * @example
 * ```ts
 * import type { FollowOptions } from "@tether/host/RotatingFile"
 *
 * const news: FollowOptions = { from: "end" }
 * ```
 */
export interface FollowOptions {
  readonly from?: "start" | "end" | undefined
  readonly pollEvery?: Duration.DurationInput | undefined
}

/**
 * The lines that are there, and then every line as it comes, across rotations and removals, until it is interrupted. It
 * waits for a file that is not there yet. It keeps files open and reads them to their ends, what slow writers add to
 * rotated ones too. Lines of one writer come in their order.
 *
 * Limit: files that were rotated and removed again between two looks are missed, which is said in the log with their
 * number. With the defaults that takes 25 MiB within 200 milliseconds.
 *
 * @example
 * ```ts
 * import * as RotatingFile from "@tether/host/RotatingFile"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * const watch = RotatingFile.follow("/tmp/demo/exits.log", { from: "end" }).pipe(
 *   Stream.runForEach((line) => Effect.log(line))
 * )
 * ```
 */
export const follow = (
  path: string,
  options: FollowOptions = {}
): Stream.Stream<string, FileError, FileSystem.FileSystem> =>
  Stream.unwrapScoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const reader = yield* makeLineReader(fs, path)
      yield* doing("follow", path)(reader.look)
      if (options.from === "end") yield* doing("follow", path)(reader.skip)
      return Stream.repeatEffectChunk(doing("follow", path)(nextOrWait(path, reader, options.pollEvery ?? 200)))
    })
  )

const nextOrWait = (path: string, reader: LineReader, pollEvery: Duration.DurationInput) =>
  Effect.gen(function* () {
    while (true) {
      const lines = yield* reader.next
      if (lines !== undefined && Chunk.isNonEmpty(lines)) return lines
      if (lines !== undefined) continue
      yield* Effect.sleep(pollEvery)
      const missed = yield* reader.look
      if (missed > 0) yield* warn(`${missed} files of ${TerminalText.quote(path)} came and went unread`)
    }
  })
