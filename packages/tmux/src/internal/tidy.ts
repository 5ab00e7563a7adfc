/**
 * What sessions that did not end in order have left in the directory of the server.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TmuxFailed } from "../TmuxFailed.js"
import type { TmuxService } from "./tmux.js"

/** Of a session, by the id in its files; or the mark of a server whose end is on record. */
const isOurs = (name: string): boolean => /^[0-9A-Z]{26}\.(gate|sock|unwritten)/.test(name) || name.startsWith("ended-")

/** None of them is of use to anybody after so long, but for those of sessions that live. */
const keptFor = Duration.days(1)

/** `inUse` has the sockets of the sessions that live. */
export const tidy = (
  tmux: TmuxService,
  inUse: Effect.Effect<ReadonlyArray<string>, TmuxFailed>
): Effect.Effect<void, never, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(keptFor)
    const names = (yield* fs.readDirectory(tmux.directory)).filter(isOurs)
    const old = yield* Effect.filter(names, (name) =>
      Effect.orElseSucceed(
        Effect.map(fs.stat(`${tmux.directory}/${name}`), ({ mtime }) => Option.exists(mtime, (time) => time.getTime() < before)),
        () => false
      ))
    if (old.length === 0) return
    const ids = (yield* inUse).map((socket) => socket.slice(socket.lastIndexOf("/") + 1).split(".")[0])
    const left = old.filter((name) => !ids.includes(name.split(".")[0]))
    yield* Effect.forEach(left, (name) => Effect.ignore(fs.remove(`${tmux.directory}/${name}`)), { discard: true })
  }).pipe(Effect.ignore)
