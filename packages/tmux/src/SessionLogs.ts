/**
 * The directory of the sessions' logs, kept within bounds.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as FileTime from "@tether/host/FileTime"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as TrustedPath from "@tether/host/TrustedPath"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { loggedIn, markedBy, markerOf } from "./internal/logMarker.js"
import { livenessIn } from "./internal/processFile.js"

/**
 * How much of the logs is kept.
 *
 * - `maxBytes`: of all of them together. Default 512 MiB. `maxAge`: since the last byte came. Default 14 days.
 *
 * @example
 * ```ts
 * import type { Budget } from "@tether/tmux/SessionLogs"
 *
 * const small: Budget = { maxBytes: 64 * 1024 * 1024, maxAge: "2 days" }
 * ```
 */
export interface Budget {
  readonly maxBytes?: number | undefined
  readonly maxAge?: Duration.DurationInput | undefined
}

/**
 * What was removed, why, and what is left. `over` is by how many bytes the rest is above the budget: logs that are in
 * use are not removed.
 *
 * @example
 * ```ts
 * import type { SweepReport } from "@tether/tmux/SessionLogs"
 *
 * const freed = ({ removed }: SweepReport) => removed.reduce((sum, { bytes }) => sum + bytes, 0)
 * ```
 */
export interface SweepReport {
  readonly removed: ReadonlyArray<{ readonly path: string; readonly bytes: number; readonly because: "age" | "size" }>
  readonly kept: number
  readonly over: number
}

const defaultMaxBytes = 512 * 1024 * 1024

interface Log {
  readonly path: string
  readonly bytes: number
  readonly changedAt: number
  readonly identity: string
  readonly isRotated: boolean
}

/**
 * Removes logs of sessions (`<identity>.log` and those that were rotated) that are too old, and then the oldest, until
 * the rest is within the budget. The log of a session that runs, at whatever server, or of which that cannot be told,
 * stays. No log that stays is touched: its time of change tells of its session alone.
 *
 * Logs of sessions are those that a launch has marked, by a file `.<identity>.session` beside them, which goes with the
 * last of them. Nothing else in the directory is looked at.
 *
 * A launch does this with the directory of its log. Fails with `FileError` if the directory cannot be read, or if other
 * users can create files in it: they could mark a file of ours as a log.
 *
 * @example
 * ```ts
 * import * as SessionLogs from "@tether/tmux/SessionLogs"
 * import * as Effect from "effect/Effect"
 *
 * const tidy = SessionLogs.sweep("/var/log/sessions", { maxAge: "2 days" }).pipe(
 *   Effect.flatMap(({ removed }) => Effect.logInfo(`${removed.length} logs removed`))
 * )
 * ```
 */
export const sweep = (
  directory: string,
  { maxAge = "14 days", maxBytes = defaultMaxBytes }: Budget = {}
): Effect.Effect<SweepReport, FileError, FileSystem.FileSystem | ProcessIdentity> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* TrustedPath.check("remove old logs in", directory, "Directory")
    const names = yield* FileAttempt.attempt("read the directory", directory)(fs.readDirectory(directory))
    const marked = new Set(names.flatMap((name) => markedBy(name) ?? []))
    const logs = names.flatMap((name) => {
      const log = loggedIn(name)
      return log !== undefined && marked.has(log.identity) ? [{ name, ...log }] : []
    })
    const found = yield* Effect.forEach(logs, ({ name, ...log }) => look(`${directory}/${name}`, log))
    const oldestFirst = found.flatMap(Option.toArray).sort((a, b) => a.changedAt - b.changedAt)
    const isInUse = (identity: string) =>
      Effect.map(livenessIn(markerOf(directory, identity)), (liveness) => liveness !== "gone")
    const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(maxAge)
    let left = oldestFirst.reduce((sum, { bytes }) => sum + bytes, 0)
    const removed: Array<SweepReport["removed"][number]> = []
    const kept = new Set<string>()
    for (const { bytes, changedAt, identity, isRotated, path } of oldestFirst) {
      const because = changedAt < before ? ("age" as const) : left > maxBytes ? ("size" as const) : undefined
      const stays = because === undefined || (!isRotated && (yield* isInUse(identity)))
      if (!stays && (yield* Effect.isSuccess(fs.remove(path)))) {
        left -= bytes
        removed.push({ path, bytes, because })
      } else kept.add(identity)
    }
    // Of those without a log some have just been launched.
    const markers = yield* Effect.filter(
      [...marked].filter((identity) => !kept.has(identity)),
      (identity) => Effect.map(isInUse(identity), (is) => !is)
    )
    yield* Effect.forEach(markers, (identity) => Effect.ignore(fs.remove(markerOf(directory, identity))), {
      discard: true
    })
    return { removed, kept: left, over: Math.max(0, left - maxBytes) }
  })

const look = (
  path: string,
  log: Pick<Log, "identity" | "isRotated">
): Effect.Effect<Option.Option<Log>, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.option(
      Effect.flatMap(fs.stat(path), (info) =>
        Effect.map(FileTime.pastTime(path, info), (changedAt) => ({
          ...log,
          path,
          bytes: Number(info.size),
          // Where it is not known, the log is taken for the newest.
          changedAt: Option.getOrElse(changedAt, () => Number.MAX_SAFE_INTEGER)
        }))
      )
    )
  )
