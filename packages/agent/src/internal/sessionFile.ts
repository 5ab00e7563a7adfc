/**
 * The lines of a session file, in memory that does not grow with it.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as FileTime from "@tether/host/FileTime"
import * as Lines from "@tether/process/Lines"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/** A line may be so long, in bytes. Of a longer one the rest is dropped, so that it is no JSON any more. */
const maxLineBytes = 64 * 1024 * 1024

/** So much is read at once, in bytes. */
const chunkSize = 256 * 1024

const action = "read the session"

const linesOf = (fs: FileSystem.FileSystem, path: string): Stream.Stream<Lines.Line, PlatformError> =>
  Lines.split({ maxLineBytes })(fs.stream(path, { chunkSize }))

/** A pipe would never end, and opening one already waits for a writer. */
const regularFile = (fs: FileSystem.FileSystem, path: string) =>
  Effect.filterOrFail(
    FileAttempt.attempt(action, path)(fs.stat(path)),
    ({ type }) => type === "File",
    () => FileAttempt.refused(action, path, "Invalid", "it is no regular file")
  )

/** Gives each line to `take`, and then returns when the file was changed last, in milliseconds since the epoch. */
export const eachLine = (
  path: string,
  take: (line: string) => void
): Effect.Effect<number | undefined, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const info = yield* regularFile(fs, path)
    yield* linesOf(fs, path).pipe(
      Stream.runForEachChunk((lines) =>
        Effect.sync(() => {
          for (const { text } of lines) take(text)
        })
      ),
      FileAttempt.attempt(action, path)
    )
    return Option.getOrUndefined(FileTime.modifiedAt(info))
  })

/** The first answer that a line has. Nothing is read after it. */
export const firstInLines = <A>(
  path: string,
  answer: (line: string) => A | undefined
): Effect.Effect<Option.Option<A>, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* regularFile(fs, path)
    return yield* linesOf(fs, path).pipe(
      Stream.filterMap(({ text }) => Option.fromNullable(answer(text))),
      Stream.runHead,
      FileAttempt.attempt(action, path)
    )
  })
