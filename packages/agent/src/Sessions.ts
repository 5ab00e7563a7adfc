/**
 * The sessions that Claude Code has stored for a directory.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { projectsDirectory, sessionFiles } from "./internal/projects.js"
import { SessionDigest } from "./internal/sessionDigest.js"
import { eachLine } from "./internal/sessionFile.js"

/**
 * A session.
 *
 * - `id`: how to resume it. `path`: its file, for `Transcript.read`. `cwd`: where it was started; undefined where its
 *   file does not tell.
 * - `title`: the one that its user gave it; otherwise the one that was made for it, or its summary; otherwise its first
 *   prompt, of which at most 80 characters are shown; otherwise its id.
 * - `changedAt`: when its last message came, in milliseconds since the epoch.
 * - `turns`: how often its user has said something. `malformed`: how many of its lines could not be understood.
 *   `unknown`: how many were left out because their kind is not known.
 *
 * @example
 * ```ts
 * import type { Session } from "@tether/agent/Sessions"
 *
 * const line = ({ changedAt, id, title, turns }: Session) =>
 *   `${new Date(changedAt).toISOString()} ${id} ${title} (${turns})`
 * ```
 */
export interface Session {
  readonly id: string
  readonly path: string
  readonly cwd: string | undefined
  readonly title: string
  readonly changedAt: number
  readonly turns: number
  readonly malformed: number
  readonly unknown: number
}

/**
 * The sessions, the one that changed last first, and why others cannot be shown.
 *
 * @example
 * ```ts
 * import type { Listing } from "@tether/agent/Sessions"
 *
 * const newest = ({ sessions }: Listing) => sessions[0]?.id
 * ```
 */
export interface Listing {
  readonly sessions: ReadonlyArray<Session>
  readonly problems: ReadonlyArray<FileError>
}

/**
 * - `configDir`: the directory of Claude Code. Default: `$CLAUDE_CONFIG_DIR`, otherwise `$HOME/.claude`, as the config
 *   provider has them.
 * - `concurrency`: how many files are read at once. Default 4.
 *
 * @example
 * ```ts
 * import type { Options } from "@tether/agent/Sessions"
 *
 * const other: Options = { configDir: "/home/somebody/.claude" }
 * ```
 */
export interface Options {
  readonly configDir?: string | undefined
  readonly concurrency?: number | undefined
}

/**
 * The sessions that were started in a directory, which is named by its absolute path. A file is read bit by bit and
 * never held whole.
 *
 * Those are the files in the project directory of that path that do not tell of another one, and the files in other
 * project directories that tell of this one. A file without any message, such as that of a sub-agent, is no session. A
 * file that cannot be read or understood is a problem, and hides no other. Where nothing was ever stored, there are no
 * sessions.
 *
 * Fails with `FileError` where the project directories cannot be listed.
 *
 * @example
 * ```ts
 * import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
 * import * as Sessions from "@tether/agent/Sessions"
 * import * as Effect from "effect/Effect"
 *
 * const titles = Sessions.list("/home/dev/project").pipe(
 *   Effect.map(({ sessions }) => sessions.map(({ title }) => title)),
 *   Effect.provide(NodeFileSystem.layer)
 * )
 * ```
 */
export const list = (
  cwd: string,
  { concurrency = 4, configDir }: Options = {}
): Effect.Effect<Listing, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const cwds = yield* namesOf(cwd)
    const files = yield* sessionFiles(yield* projectsDirectory(configDir), cwds)
    const read = yield* Effect.forEach(files, (path) => Effect.either(sessionOf(path, cwds)), { concurrency })
    return {
      sessions: read
        .flatMap((one) => (Either.isRight(one) && one.right !== undefined ? [one.right] : []))
        .sort(newestFirst),
      problems: read.flatMap((one) => (Either.isLeft(one) ? [one.left] : []))
    }
  })

const newestFirst = (one: Session, other: Session): number =>
  other.changedAt - one.changedAt || (one.path < other.path ? -1 : 1)

/** The program stores where it really is, which a symbolic link may lead to. */
const namesOf = (cwd: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const named = cwd.length > 1 ? cwd.replace(/\/+$/, "") : cwd
    const real = yield* Effect.orElseSucceed(fs.realPath(cwd), () => named)
    return [...new Set([named, real])]
  })

/** Undefined where it is none, or belongs to another directory. */
const sessionOf = (
  path: string,
  cwds: ReadonlyArray<string>
): Effect.Effect<Session | undefined, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const digest = new SessionDigest()
    const modifiedAt = yield* eachLine(path, (line) => digest.line(line))
    const { changedAt = modifiedAt ?? 0, cwd, malformed, messages, title, turns, unknown } = digest
    if (cwd !== undefined && !cwds.includes(cwd)) return undefined
    if (messages === 0 && malformed > 0)
      return yield* FileAttempt.refused("read the session", path, "Invalid", "no line of it is a message")
    if (messages === 0) return undefined
    const id = path.slice(path.lastIndexOf("/") + 1, -".jsonl".length)
    return { id, path, cwd, title: title ?? id, changedAt, turns, malformed, unknown }
  })
