/**
 * What is in a spool.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as FileTime from "@tether/host/FileTime"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { claimed } from "./claims.js"
import { namesIn, readyIn } from "./directory.js"
import { type Header, maxLineBytes, parseHeader } from "./format.js"
import { makeLines } from "./lines.js"
import { move } from "./moving.js"
import { deadDirectory, isReady } from "./names.js"
import { countOf } from "./progress.js"
import { type Retry, retryOf } from "./retry.js"
import type { Setting } from "./setting.js"
import { readState, type State, writeState } from "./state.js"

/**
 * A file that is to be drained. Lines that are not records are left out. `retry` is defined if an earlier attempt
 * failed.
 *
 * @example
 * ```ts
 * import type { Pending } from "@tether/spool/Spool"
 *
 * const count = (files: ReadonlyArray<Pending<string>>) => files.reduce((sum, { records }) => sum + records.length, 0)
 * ```
 */
export interface Pending<A> {
  readonly file: string
  readonly header: Header | undefined
  readonly records: ReadonlyArray<A>
  readonly retry: Retry | undefined
}

/**
 * The number of files in each state. Each file is counted once.
 *
 * - `ready`: can be drained now. `waiting`: scheduled for another attempt. `claimed`: a drainer works on it. `dead`: a
 *   dead letter.
 * - `bytes`: the size of the ready and the waiting files. `oldest`: the time of the oldest of them, in milliseconds
 *   since the epoch.
 *
 * @example
 * ```ts
 * import type { Stats } from "@tether/spool/Spool"
 *
 * const isEmpty = ({ claimed, ready }: Stats) => ready + claimed === 0
 * ```
 */
export interface Stats {
  readonly ready: number
  readonly waiting: number
  readonly claimed: number
  readonly dead: number
  readonly bytes: number
  readonly oldest: number | undefined
}

/**
 * A file that is not tried any more. `error` is the first thing that went wrong, at `since`; `unsettled` is how many of
 * its records were not taken.
 *
 * @example
 * ```ts
 * import type { DeadLetter } from "@tether/spool/Spool"
 *
 * const line = ({ error, file }: DeadLetter) => `${file}: ${error}`
 * ```
 */
export interface DeadLetter {
  readonly file: string
  readonly path: string
  readonly attempts: number
  readonly unsettled: number
  readonly error: string
  readonly since: number | undefined
}

export const peek = <A>(
  setting: Setting<A>,
  count: number
): Effect.Effect<ReadonlyArray<Pending<A>>, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const { directory, parse } = setting
    const fs = yield* FileSystem.FileSystem
    const names = yield* readyIn(directory)
    return yield* Effect.forEach(names.slice(0, count), (file) =>
      Effect.gen(function* () {
        const path = `${directory}/${file}`
        const retry = yield* retryOf(setting, file)
        // A pipe would be waited for.
        if ((yield* fs.stat(path)).type !== "File") return { file, header: undefined, records: [], retry }
        const lines = yield* makeLines(yield* fs.open(path, { flag: "r" }), 0, maxLineBytes)
        const texts: Array<string | undefined> = []
        for (let some = yield* lines.next; some !== undefined; some = yield* lines.next)
          texts.push(...some.map(({ text }) => text))
        const [first, ...rest] = texts
        const header = Option.getOrUndefined(Either.getRight(parseHeader(first)))
        return {
          file,
          header,
          records: rest.flatMap((text) =>
            text === undefined ? [] : Either.match(parse(text), { onLeft: () => [], onRight: (record) => [record] })
          ),
          retry
        }
      }).pipe(
        Effect.scoped,
        // Claimed just now, or no file at all.
        Effect.orElseSucceed((): Pending<A> => ({ file, header: undefined, records: [], retry: undefined }))
      )
    )
  })

export const statsOf = <A>(setting: Setting<A>): Effect.Effect<Stats, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const { directory } = setting
    const now = yield* Clock.currentTimeMillis
    const fs = yield* FileSystem.FileSystem
    const names = yield* readyIn(directory)
    const infos = (yield* Effect.forEach(names, (name) => Effect.option(fs.stat(`${directory}/${name}`)))).flatMap(
      Option.toArray
    )
    const times = infos.flatMap((info) => Option.toArray(FileTime.modifiedAt(info)))
    const retries = yield* Effect.forEach(names, (name) => retryOf(setting, name))
    const waiting = retries.filter((retry) => retry !== undefined && retry.at > now).length
    return {
      ready: names.length - waiting,
      waiting,
      claimed: (yield* claimed(directory)).length,
      dead: (yield* deadIn(directory)).length,
      bytes: infos.reduce((sum, { size }) => sum + Number(size), 0),
      oldest: times.length === 0 ? undefined : Math.min(...times)
    }
  })

const deadIn = (directory: string) =>
  Effect.map(namesIn(`${directory}/${deadDirectory}`), (names) => names.filter(isReady))

export const deadLetters = (
  directory: string
): Effect.Effect<ReadonlyArray<DeadLetter>, FileError, FileSystem.FileSystem> =>
  Effect.flatMap(
    deadIn(directory),
    Effect.forEach((file) =>
      Effect.map(readState(directory, file), (state) => ({
        file,
        path: `${directory}/${deadDirectory}/${file}`,
        attempts: state?.attempts ?? 0,
        unsettled: state === undefined ? 0 : countOf(state),
        error: state?.firstError ?? "not known",
        since: state?.firstAt
      }))
    )
  )

export const replay = (
  directory: string,
  only: string | undefined
): Effect.Effect<number, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const dead = (yield* deadIn(directory)).filter((name) => only === undefined || name === only)
    if (only !== undefined && dead.length === 0) {
      return yield* FileAttempt.refused(
        "replay",
        `${directory}/${deadDirectory}/${only}`,
        "NotFound",
        "there is no such dead letter"
      )
    }
    for (const name of dead) {
      const state = yield* readState(directory, name)
      // What is settled stays settled; what was not a record may be one by now.
      if (state !== undefined) yield* writeState(directory, name, afresh(state))
      yield* move("replay", directory, `${directory}/${deadDirectory}/${name}`, directory, name)
    }
    return dead.length
  })

const afresh = (state: State): State => ({
  ...state,
  attempts: 0,
  nextAt: 0,
  tried: 0,
  behindSince: 0,
  malformed: 0,
  unsettled: state.unsettled.map((each) => ({ ...each, isMalformed: false }))
})
