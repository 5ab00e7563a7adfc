/**
 * Which starts have no end, found without reading a long journal again and again: of each file it is remembered how far
 * it was read, and what was open there.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as AtomicFile from "@tether/host/AtomicFile"
import type { FileError } from "@tether/host/FileError"
import * as RotatingFile from "@tether/host/RotatingFile"
import * as TrustedPath from "@tether/host/TrustedPath"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ExitRecord } from "../ExitRecord.js"
import { fromLine, peek } from "./line.js"

/**
 * What one file holds, as far as it was read. `before` is what stands there: in an inode that was given away, or in a
 * file that was changed, something else does.
 */
const Part = Schema.Struct({
  inode: Schema.String,
  bytes: Schema.NonNegativeInt,
  before: Schema.String,
  /** The lines of starts that have no end in this file, by their ids. */
  starts: Schema.Array(Schema.Tuple(Schema.String, Schema.String)),
  /** The starts, by their ids, of ends that have none in this file. */
  ends: Schema.Array(Schema.String)
})

type Part = typeof Part.Type

const Index = Schema.parseJson(Schema.Struct({ version: Schema.Literal(1), parts: Schema.Array(Part) }))
const decode = Schema.decodeOption(Index)
const encode = Schema.encodeSync(Index)

export interface StartIndex {
  /** The starts that have no end on record. */
  readonly open: Effect.Effect<ReadonlyArray<ExitRecord>, FileError>
}

/** One that writes nothing forgets with the program what it has read. */
export const makeStartIndex = (
  directory: string,
  path: string,
  files: FileSystem.FileSystem,
  { isKept }: { readonly isKept: boolean }
): StartIndex => {
  const file = `${directory}/exits.index`
  let known: ReadonlyArray<Part> | undefined
  let saved = 0

  // What another user says of the journal would be written into it, as ends of starts that never were.
  const load = TrustedPath.check("read", file, "File").pipe(
    Effect.zipRight(files.readFileString(file)),
    Effect.option,
    Effect.map((text) =>
      Option.match(Option.flatMap(text, decode), { onNone: () => [], onSome: ({ parts }) => parts })
    ),
    Effect.provideService(FileSystem.FileSystem, files)
  )

  const save = (parts: ReadonlyArray<Part>) =>
    AtomicFile.sweep(file).pipe(
      Effect.zipRight(AtomicFile.replace(file, encode({ version: 1, parts }), { fsync: false })),
      Effect.provideService(FileSystem.FileSystem, files),
      // The journal is read once more, then.
      Effect.ignore
    )

  return {
    open: Effect.scoped(
      Effect.gen(function* () {
        const before = known ?? (yield* load)
        const parts = yield* Effect.forEach(yield* RotatingFile.files(path), (file) =>
          readOn(
            file,
            before.find(({ inode }) => inode === file.inode)
          )
        )
        known = parts
        saved += parts.reduce((sum, { read }) => sum + read, 0)
        if (isKept && saved >= worthSaving) {
          yield* save(parts)
          saved = 0
        }
        return openIn(parts)
      })
    ).pipe(Effect.provideService(FileSystem.FileSystem, files))
  }
}

/** In bytes: what is read again in no time. */
const worthSaving = 128 * 1024

const readOn = (
  file: RotatingFile.KeptFile,
  known: Part | undefined
): Effect.Effect<Part & { readonly read: number }, FileError> =>
  Effect.gen(function* () {
    const isSame =
      known !== undefined && known.bytes <= file.bytes && (yield* file.textBefore(known.bytes)) === known.before
    const from = isSame ? known.bytes : 0
    if (isSame && from === file.bytes) return { ...known, read: 0 }
    const open = new OpenStarts(isSame ? known : undefined)
    yield* Stream.runForEachChunk(file.lines(from), (lines) =>
      Effect.sync(() => {
        for (const line of lines) open.take(line)
      })
    )
    return {
      inode: file.inode,
      bytes: file.bytes,
      before: yield* file.textBefore(file.bytes),
      ...open.found,
      read: file.bytes - from
    }
  })

/**
 * Of several writers, none is in the order of time with the others: an end may stand before its start, and in an older
 * file. And a writer whose file was removed under it may have a line twice.
 */
const openIn = (parts: ReadonlyArray<Part>): ReadonlyArray<ExitRecord> => {
  const starts = new Map(parts.flatMap(({ starts }) => starts))
  for (const { ends } of parts) for (const id of ends) starts.delete(id)
  return [...starts.values()].flatMap((line) => Option.toArray(fromLine(line)))
}

class OpenStarts {
  private readonly starts: Map<string, string>
  private readonly ends: Set<string>

  constructor(known: Part | undefined) {
    this.starts = new Map(known?.starts)
    this.ends = new Set(known?.ends)
  }

  take(line: string): void {
    const { ev, id, start } = peek(line)
    if (ev === "session-start" && id !== undefined) {
      if (!this.ends.delete(id)) this.starts.set(id, line)
    } else if (start !== undefined && !this.starts.delete(start)) this.ends.add(start)
  }

  get found(): Pick<Part, "starts" | "ends"> {
    return { starts: [...this.starts], ends: [...this.ends] }
  }
}
