/**
 * Files that need a person, and files that wait for another attempt.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type { FileError } from "@tether/host/FileError"
import * as FileTime from "@tether/host/FileTime"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as SortableId from "@tether/host/SortableId"
import * as StateDir from "@tether/host/StateDir"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { claimants, illegible, tryLock } from "./claims.js"
import { deadLetters } from "./contents.js"
import { namesIn, readyIn, removeEmpty } from "./directory.js"
import { parseHeader } from "./format.js"
import { makeLines } from "./lines.js"
import { claimsDirectory, isLive, isTemporary, oddEnding, stateDirectory } from "./names.js"
import { type Retry, retryOf } from "./retry.js"
import type { Setting } from "./setting.js"

/**
 * A file that is not drained now. `kind` is
 *
 * - `waiting`: the handler failed for some records, and another attempt is scheduled. `problem` has the first error and
 *   the time. It needs a person only if the handler does.
 * - `dead`: a file that was tried often enough, or that is none. `replay` has it tried again.
 * - `newer`: a file of a later version, which this program leaves alone.
 * - `stale`: a file that nobody has drained for a day: no drainer runs, or its user may not.
 * - `claimed`: a file of a drainer that is gone (`drain` puts it back), or of which nothing can be told.
 * - `unfinished`: what a `put` that was killed has left. It was never promised, and nothing of it is drained.
 * - `stray`: what cannot be drained because its name is no UTF-8, or what stands in the place of a state and is none.
 * - `blocked`: nothing can be claimed here, because the disk is full, or this user may not.
 *
 * @example
 * ```ts
 * import type { Finding } from "@tether/spool/Spool"
 *
 * const line = ({ file, kind, problem }: Finding) => `${kind} ${file}: ${problem}`
 * ```
 */
export interface Finding {
  readonly kind: "waiting" | "dead" | "newer" | "stale" | "claimed" | "unfinished" | "stray" | "blocked"
  readonly file: string
  readonly problem: string
}

const found = (kind: Finding["kind"], file: string, problem: string): Finding => ({ kind, file, problem })

const staleAfter = Duration.days(1)

const unfinishedAfter = Duration.minutes(1)

/** A daemon drains each minute. */
const lateAfter = Duration.hours(1)

export const examine = <A>(
  setting: Setting<A>
): Effect.Effect<ReadonlyArray<Finding>, FileError, FileSystem.FileSystem | ProcessIdentity> =>
  Effect.gen(function* () {
    const { directory } = setting
    const now = yield* Clock.currentTimeMillis
    const dead = (yield* deadLetters(directory)).map(({ error, file }) => found("dead", file, error))
    const names = yield* readyIn(directory)
    const ready = yield* Effect.forEach(names, (file) => ofReady(setting, file, now))
    const blocked = names.length === 0 ? [] : yield* ofClaiming(directory, now)
    const states = yield* Effect.forEach(yield* namesIn(`${directory}/${stateDirectory}`), (file) =>
      ofState(directory, file)
    )
    const live = yield* Effect.forEach((yield* namesIn(directory)).filter(isLive), (file) =>
      ofLive(directory, file, now)
    )
    const claims = yield* Effect.forEach(yield* claimants(directory), (id) => ofClaims(directory, id))
    const unfinished = yield* Effect.forEach((yield* namesIn(directory)).filter(isTemporary), (file) =>
      ofUnfinished(directory, file, now)
    )
    return [dead, blocked, ...ready, ...live, ...claims, ...unfinished, ...states].flat()
  })

const ofReady = <A>(setting: Setting<A>, file: string, now: number) =>
  Effect.gen(function* () {
    const { directory, version } = setting
    const fs = yield* FileSystem.FileSystem
    const age = yield* ageOf(fs, `${directory}/${file}`, now)
    const retry = yield* retryOf(setting, file)
    // A pipe would be waited for; a drain says what it is.
    if ((yield* fs.stat(`${directory}/${file}`)).type !== "File") return [found("stale", file, "it is no regular file")]
    const lines = yield* makeLines(yield* fs.open(`${directory}/${file}`, { flag: "r" }), 0, 65_536)
    const header = parseHeader((yield* lines.next)?.[0]?.text)
    const isNewer = header._tag === "Right" && header.right.version > version
    if (isNewer)
      return [found("newer", file, `it is of version ${header.right.version}, and this program knows ${version}`)]
    if (retry !== undefined) return [ofRetry(file, retry, now)]
    if (age <= Duration.toMillis(staleAfter)) return []
    return [found("stale", file, `nobody has drained it for ${Duration.format(Duration.millis(age))}`)]
  }).pipe(
    Effect.scoped,
    Effect.orElseSucceed((): ReadonlyArray<Finding> =>
      // Any other has been claimed just now.
      file.includes(illegible)
        ? [found("stray", file, "its name is no UTF-8: it can be drained under another one")]
        : []
    )
  )

const ofRetry = (file: string, { at, attempts, error, unsettled }: Retry, now: number) => {
  const failed = `records: ${unsettled} failed, attempts: ${attempts}`
  const why = `first error: ${error}`
  const late = now - at
  if (late > Duration.toMillis(lateAfter))
    return found("stale", file, `${failed}; retry overdue by ${length(late)}; ${why}`)
  const next = late < 0 ? `next attempt in ${length(-late)}` : "next attempt with the next drain"
  return found("waiting", file, `${failed}; ${next}; ${why}`)
}

/** Rounded up to whole seconds. */
const length = (millis: number): string => Duration.format(Duration.seconds(Math.ceil(millis / 1000)))

/** A drain begins with a directory for what it claims. */
const ofClaiming = (directory: string, now: number) =>
  Effect.gen(function* () {
    const probe = `${claimsDirectory}/${SortableId.make()(now)}`
    yield* StateDir.makeOwn(directory, [claimsDirectory, probe])
    yield* removeEmpty(`${directory}/${probe}`)
  }).pipe(
    Effect.uninterruptible,
    Effect.match({
      onSuccess: () => [],
      onFailure: ({ message }) => [found("blocked", claimsDirectory, `nothing can be claimed: ${message}`)]
    })
  )

/** What a drain has moved aside; what else belongs to no file is removed by it. */
const ofState = (directory: string, file: string) =>
  Effect.gen(function* () {
    const { type } = yield* (yield* FileSystem.FileSystem).stat(`${directory}/${stateDirectory}/${file}`)
    if (type === "File" && !file.endsWith(oddEnding)) return []
    return [found("stray", `${stateDirectory}/${file}`, "it is no state: remove it, or take it elsewhere")]
  }).pipe(Effect.orElseSucceed((): ReadonlyArray<Finding> => []))

/** A day without a turn: its session has ended without a word. */
const ofLive = (directory: string, file: string, now: number) =>
  Effect.gen(function* () {
    const age = yield* ageOf(yield* FileSystem.FileSystem, `${directory}/${file}`, now)
    if (age <= Duration.toMillis(staleAfter)) return []
    return [
      found("stale", file, "its session has not ended, and has said nothing for a day: the next drain takes it up")
    ]
  }).pipe(Effect.orElseSucceed((): ReadonlyArray<Finding> => []))

const ofClaims = (directory: string, id: string) =>
  Effect.gen(function* () {
    const claims = `${directory}/${claimsDirectory}/${id}`
    const files = yield* namesIn(claims)
    if (files.length === 0) return []
    const held = yield* tryLock(directory, id).pipe(
      Effect.as("gone" as const),
      Effect.scoped,
      Effect.catchTags({
        LockHeld: ({ liveness }) => Effect.succeed(liveness),
        FileError: (error) => Effect.succeed(error)
      })
    )
    if (held === "alive") return []
    const problem =
      held === "gone"
        ? "its drainer is gone: the next drain puts it back"
        : `whether its drainer lives cannot be told${held === "unknown" ? " from here" : `: ${held.message}`}`
    return files.map((file) => found("claimed", file, problem))
  })

const ofUnfinished = (directory: string, file: string, now: number) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const age = yield* ageOf(fs, `${directory}/${file}`, now)
    return age <= Duration.toMillis(unfinishedAfter)
      ? []
      : [found("unfinished", file, "whoever wrote it was killed before it was whole")]
  }).pipe(Effect.orElseSucceed((): ReadonlyArray<Finding> => []))

const ageOf = (fs: FileSystem.FileSystem, path: string, now: number) =>
  Effect.map(fs.stat(path), (info) => now - Option.getOrElse(FileTime.modifiedAt(info), () => now))
