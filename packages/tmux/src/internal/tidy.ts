/**
 * What sessions that did not end in order have left in the directory of the server. Other servers may have theirs there
 * too.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FileTime from "@tether/host/FileTime"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { livenessIn } from "./processFile.js"

interface Found {
  readonly name: string
  readonly age: number
}

/** Of a session, by the id in its files, which a lock or an unfinished file has behind a dot. */
const idOf = (name: string): string | undefined =>
  /^\.?([0-9A-Z]{26})\.(gate|unopened|sock|unwritten|end)(\.|$)/.exec(name)?.[1]

/** Of a server whose end is on record. */
const isMark = (name: string): boolean => /^ended-[A-Za-z0-9_-]+$/.test(name)

/** A gate has the environment of a program. Nobody waits for one that was not finished. */
const isUnfinishedGate = (name: string): boolean => /^\.[0-9A-Z]{26}\.gate\..*\.tmp$/.test(name)

/** For all that belongs to nobody who lives. */
const keptFor = Duration.toMillis("1 day")

/** For what belongs to nobody knows whom. */
const keptUnnamed = Duration.toMillis("14 days")

const keptUnfinished = Duration.toMillis("1 hour")

/** An end is on record: by then, nobody is about to record it any more. */
const isSettled = (name: string): boolean => /^[0-9A-Z]{26}\.end$/.test(name)

const keptSettled = Duration.toMillis("1 minute")

export const tidy = (directory: string): Effect.Effect<void, never, FileSystem.FileSystem | ProcessIdentity> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const now = yield* Clock.currentTimeMillis
    const look = (name: string) =>
      Effect.option(
        Effect.flatMap(fs.stat(`${directory}/${name}`), (info) =>
          Effect.map(FileTime.pastTime(`${directory}/${name}`, info), (writtenAt) => ({
            name,
            type: info.type,
            size: info.size,
            age: Option.match(writtenAt, { onNone: () => 0, onSome: (time) => now - time })
          }))
        )
      )
    const remove = (files: ReadonlyArray<Found>) =>
      Effect.forEach(files, ({ name }) => Effect.ignore(fs.remove(`${directory}/${name}`)), { discard: true })

    const names = yield* fs.readDirectory(directory)
    const found = (yield* Effect.forEach(
      names.filter((name) => idOf(name) !== undefined || isMark(name)),
      look
    )).flatMap(Option.toArray)
    const [unfinished, others] = [
      found.filter(({ name }) => isUnfinishedGate(name)),
      found.filter(({ name }) => !isUnfinishedGate(name))
    ]
    yield* remove(others.filter(({ age, name, size }) => isSettled(name) && size === 0n && age > keptSettled))
    yield* remove(unfinished.filter(({ age }) => age > keptUnfinished))
    // The socket of a server may have such a name.
    yield* remove(others.filter(({ age, name, type }) => isMark(name) && type === "File" && age > keptFor))
    for (const id of new Set(others.flatMap(({ name }) => idOf(name) ?? []))) {
      const files = others.filter(({ name }) => idOf(name) === id)
      if (!files.some(({ age }) => age > keptFor)) continue
      const liveness = yield* livenessOf(directory, id, files)
      if (liveness !== "gone" && liveness !== "unnamed") continue
      const longest = liveness === "gone" ? keptFor : keptUnnamed
      yield* remove(files.filter(({ age }) => age > longest))
    }
  }).pipe(Effect.ignore)

/**
 * What is left without this file has ended, and its log is complete; but a session that lost the writer of its log
 * alone still listens.
 */
const livenessOf = (directory: string, id: string, files: ReadonlyArray<Found>) => {
  const has = (name: string) => files.some((file) => file.name === name)
  if (has(`${id}.unwritten`)) return livenessIn(`${directory}/${id}.unwritten`)
  return Effect.succeed(has(`${id}.sock`) ? ("unnamed" as const) : ("gone" as const))
}
