/**
 * The directory of the sessions' logs, kept within bounds.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

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
 * What was removed, why, and what is left. `over` is by how many bytes the rest is above the budget: logs that are in use are not removed.
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

interface Found {
  readonly path: string
  readonly bytes: number
  readonly changedAt: number
}

/**
 * Removes logs of sessions (`*.log` and those that were rotated) that are too old, and then the oldest, until the rest is within the
 * budget. Those in `inUse` stay; it is asked only where something is to be removed. Nothing else in the directory is looked at, and no log that stays is touched: its time of change tells of
 * its session alone.
 *
 * A launch does this with the directory of its log. Fails with `FileError` if the directory cannot be read.
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
export const sweep = <E = never, R = never>(
  directory: string,
  { maxAge = "14 days", maxBytes = defaultMaxBytes }: Budget = {},
  inUse: Effect.Effect<ReadonlySet<string>, E, R> = Effect.succeed(new Set<string>())
): Effect.Effect<SweepReport, FileError | E, FileSystem.FileSystem | R> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const names = yield* FileAttempt.attempt("read the directory", directory)(fs.readDirectory(directory))
    const found = yield* Effect.forEach(names.filter(isLog), (name) => look(`${directory}/${name}`))
    const oldestFirst = found.flatMap(Option.toArray).sort((a, b) => a.changedAt - b.changedAt)
    const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(maxAge)
    let left = oldestFirst.reduce((sum, { bytes }) => sum + bytes, 0)
    const removed: Array<SweepReport["removed"][number]> = []
    let kept: ReadonlySet<string> | undefined
    for (const { bytes, changedAt, path } of oldestFirst) {
      const because = changedAt < before ? "age" as const : left > maxBytes ? "size" as const : undefined
      if (because === undefined) continue
      kept ??= yield* inUse
      if (kept.has(path)) continue
      if (yield* Effect.isSuccess(fs.remove(path))) {
        left -= bytes
        removed.push({ path, bytes, because })
      }
    }
    return { removed, kept: left, over: Math.max(0, left - maxBytes) }
  })

const isLog = (name: string): boolean => /\.log(\.\d+)?$/.test(name) && !name.startsWith("delivery.log")

const look = (path: string): Effect.Effect<Option.Option<Found>, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.option(Effect.map(fs.stat(path), ({ mtime, size }) => ({
      path,
      bytes: Number(size),
      changedAt: Option.match(mtime, { onNone: () => 0, onSome: (time) => time.getTime() })
    }))))
