/**
 * Whether what is at a path may be used, and files that are opened only where it may.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { FileError, Reason } from "../FileError.js"
import { doing, isNotFound, isTaken, refused } from "./fileErrors.js"
import { inode } from "./logFiles.js"
import { isOwn, isShared, octal, ownerProblem, sharedProblem } from "./ownership.js"
import { type Walk, walk } from "./walk.js"

/**
 * What is expected at a path.
 *
 * - `"Socket"`: a socket that belongs to the current user or to root. A symbolic link to it is followed.
 * - `"File"`: a regular file that belongs to them, and not a symbolic link. In a sticky directory that others can write
 *   to, it has no second name: another user may have made it, as a hard link to a file of ours.
 * - `"Directory"`: a directory that belongs to them, and in which nobody else can create anything. A symbolic link to
 *   it is followed.
 *
 * @example
 * ```ts
 * import type { Kind } from "@tether/host/TrustedPath"
 *
 * const kind: Kind = "Socket"
 * ```
 */
export type Kind = "Socket" | "File" | "Directory"

/**
 * Why what is at a path is not used. `reason` is that of a `FileError`: `NotPrivate` for owners and modes, `Invalid`
 * for an entry of another kind.
 *
 * @example
 * ```ts
 * import type { Problem } from "@tether/host/TrustedPath"
 *
 * const problem: Problem = { reason: "Invalid", text: "it is not a socket" }
 * ```
 */
export interface Problem {
  readonly reason: Reason
  readonly text: string
}

const texts: Readonly<Record<Kind, string>> = {
  Socket: "it is not a socket",
  File: "it is no regular file",
  Directory: "it is no directory"
}

export const judge = ({ directory, found, isLink, problem, self }: Walk, kind: Kind): Problem | undefined => {
  if (kind === "File" && isLink) return { reason: "Invalid", text: "it is a symbolic link" }
  if (found !== undefined) {
    const { entry, nlink, type } = found
    if (type !== kind) return { reason: "Invalid", text: texts[kind] }
    if (!isOwn(entry, self)) {
      const mode = kind === "Directory" ? `; it has mode ${octal(entry.mode)}, choose another directory` : ""
      return { reason: "NotPrivate", text: `${ownerProblem(entry)}${mode}` }
    }
    if (kind === "Directory" && isShared(entry, self)) return { reason: "NotPrivate", text: sharedProblem(entry) }
    if (kind === "File" && isShared(directory, self) && nlink > 1)
      return { reason: "NotPrivate", text: "it has a second name (a hard link), which another user may have made" }
  }
  return problem === undefined ? undefined : { reason: "NotPrivate", text: problem }
}

export const problemOf = (
  path: string,
  kind: Kind
): Effect.Effect<Problem | undefined, FileError, FileSystem.FileSystem> =>
  Effect.map(walk(path), (walked) => (walked === undefined ? undefined : judge(walked, kind)))

export const check = (
  action: string,
  path: string,
  kind: Kind
): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.flatMap(problemOf(path, kind), (problem) =>
    problem === undefined ? Effect.void : refused(action, path, problem.reason, problem.text)
  )

/**
 * The mode is set, since the umask may have left nothing of the one that was asked for.
 *
 * There is no O_NOFOLLOW here, and it is not needed: a new file is created exclusively, which follows no link, and one
 * that was looked at can be replaced by nobody else.
 */
export const openToAppend = (
  action: string,
  path: string
): Effect.Effect<FileSystem.File, FileError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    while (true) {
      const walked = yield* walk(path)
      const problem = walked === undefined ? undefined : judge(walked, "File")
      if (problem !== undefined) return yield* refused(action, path, problem.reason, problem.text)
      const seen = walked?.found?.inode
      const file = yield* doing(action, path)(seen === undefined ? created(fs, path) : reopened(fs, path, seen))
      // Another process of ours has created it, or rotated it away, just now.
      if (file !== undefined) return file
    }
  })

const created = (
  fs: FileSystem.FileSystem,
  path: string
): Effect.Effect<FileSystem.File | undefined, PlatformError, Scope.Scope> =>
  Effect.tap(fs.open(path, { flag: "ax+", mode: 0o600 }), () =>
    Effect.catchIf(fs.chmod(path, 0o600), isNotFound, () => Effect.void)
  ).pipe(Effect.catchIf(isTaken, () => Effect.succeed(undefined)))

const reopened = (
  fs: FileSystem.FileSystem,
  path: string,
  seen: string
): Effect.Effect<FileSystem.File | undefined, PlatformError, Scope.Scope> =>
  Effect.gen(function* () {
    const outer = yield* Effect.scope
    const scope = yield* Scope.fork(outer, outer.strategy)
    const file = yield* Scope.extend(fs.open(path, { flag: "a+", mode: 0o600 }), scope)
    if (inode(yield* file.stat) === seen) return file
    yield* Scope.close(scope, Exit.void)
    return undefined
  })
