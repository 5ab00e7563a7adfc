/**
 * Too much of a spool: the oldest files are dropped, and each of them is on record.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type { FileError } from "@tether/host/FileError"
import * as Logfmt from "@tether/host/Logfmt"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as RotatingFile from "@tether/host/RotatingFile"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { readyIn } from "./directory.js"
import { makeLines } from "./lines.js"
import { auditFile } from "./names.js"
import type { Caps, Setting } from "./setting.js"
import { removeState } from "./state.js"

interface Weighed {
  readonly name: string
  readonly bytes: number
  readonly changedAt: number
}

export const enforceCaps = <A>(
  { caps, directory }: Setting<A>
): Effect.Effect<void, FileError, FileSystem.FileSystem | ProcessIdentity> =>
  Effect.gen(function*() {
    if (caps.files === undefined && caps.bytes === undefined && caps.age === undefined) return
    const names = yield* readyIn(directory)
    const isCountOnly = caps.bytes === undefined && caps.age === undefined
    if (isCountOnly && names.length <= (caps.files ?? 0)) return
    const files = yield* Effect.forEach(names, weighed(directory))
    const now = yield* Clock.currentTimeMillis
    const oldestFirst = files.flat().toSorted((a, b) => a.changedAt - b.changedAt || (a.name < b.name ? -1 : 1))
    for (const [file, cap] of overflow(oldestFirst, caps, now)) yield* drop(directory, file, cap, now)
  })

const weighed = (directory: string) => (name: string): Effect.Effect<ReadonlyArray<Weighed>, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(`${directory}/${name}`)).pipe(
    Effect.map(({ mtime, size }) => [
      { name, bytes: Number(size), changedAt: Option.match(mtime, { onNone: () => 0, onSome: (time) => time.getTime() }) }
    ]),
    // Somebody has claimed it just now.
    Effect.orElseSucceed(() => [])
  )

/** The files that are too many, and by which cap. */
const overflow = (oldestFirst: ReadonlyArray<Weighed>, { age, bytes, files }: Caps, now: number) => {
  let count = oldestFirst.length
  let sum = oldestFirst.reduce((total, file) => total + file.bytes, 0)
  const oldest = age === undefined ? Number.NEGATIVE_INFINITY : now - Duration.toMillis(age)
  return oldestFirst.flatMap((file) => {
    const cap = file.changedAt < oldest
      ? "age"
      : files !== undefined && count > files
      ? "files"
      : bytes !== undefined && sum > bytes
      ? "bytes"
      : undefined
    if (cap === undefined) return []
    count--
    sum -= file.bytes
    return [[file, cap] as const]
  })
}

/** On record before it is gone. */
const drop = (directory: string, { bytes, changedAt, name }: Weighed, cap: string, now: number) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = `${directory}/${name}`
    const records = yield* countRecords(fs, path)
    const line = Logfmt.encode([
      ["ts", new Date(now).toISOString()],
      ["ev", "dropped"],
      ["file", name],
      ["cap", cap],
      ["records", String(records)],
      ["bytes", String(bytes)],
      ["since", new Date(changedAt).toISOString()]
    ])
    yield* Effect.scoped(Effect.flatMap(RotatingFile.open(`${directory}/${auditFile}`), (audit) => audit.append(line)))
    yield* Effect.ignore(fs.remove(path))
    yield* removeState(directory, name)
    yield* Effect.logWarning(
      `${JSON.stringify(path)} was dropped with ${records} records, because the spool has reached its cap of ${cap}`
    )
  })

const countRecords = (fs: FileSystem.FileSystem, path: string): Effect.Effect<number> =>
  Effect.gen(function*() {
    const lines = yield* makeLines(yield* fs.open(path, { flag: "r" }), 0, 0)
    let count = -1
    for (let some = yield* lines.next; some !== undefined; some = yield* lines.next) count += some.length
    return Math.max(0, count)
  }).pipe(Effect.scoped, Effect.orElseSucceed(() => 0))
