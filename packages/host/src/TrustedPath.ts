/**
 * Paths at which no other user can put something else. What is read from there, or handed over there, is then that of
 * the current user or of root.
 *
 * The rule. What is at the path belongs to the current user or to root. So does each directory above it, and none of
 * them is writable for others; a sticky one, such as `/tmp`, is accepted where the entry in it belongs to the current
 * user or to root. A symbolic link on the way is followed under the same conditions.
 *
 * A group that has the number of the directory's owner counts as that user, unless `/etc/group` gives it other members:
 * with umask 002, many distributions make such directories. Any other group that can write counts as other users. In a
 * user namespace without a root, the overflow user (65534) stands for root in directories that only their owner can
 * write to, and in sticky ones.
 *
 * Limits. Access lists of macOS are not looked at. On Windows nothing is checked. Node does not tell who is at the
 * other end of a socket (`SO_PEERCRED`): its owner on disk has to do.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { FileError } from "./FileError.js"
import * as trust from "./internal/trust.js"
import { warn } from "./internal/warn.js"
import * as TerminalText from "./TerminalText.js"

export { Lstat, type NodeStats } from "./internal/lstat.js"
export type { Kind, Problem } from "./internal/trust.js"

/**
 * Why what is at this path is not to be used, or `undefined` if it can be. Where nothing is, it is `undefined` if no
 * other user can replace what the current user creates there exclusively.
 *
 * Fails with `FileError` where the system does not tell.
 *
 * @example
 * ```ts
 * import * as TrustedPath from "@tether/host/TrustedPath"
 * import * as Effect from "effect/Effect"
 *
 * const isOurs = Effect.map(
 *   TrustedPath.problemOf("/run/user/1000/mails/daemon.sock", "Socket"),
 *   (problem) => problem === undefined
 * )
 * ```
 */
export const problemOf: (
  path: string,
  kind: trust.Kind
) => Effect.Effect<trust.Problem | undefined, FileError, FileSystem.FileSystem> = trust.problemOf

/**
 * Fails with `FileError` where `problemOf` finds a problem. `action` is what was to be done, for the message.
 *
 * @example
 * ```ts
 * import * as TrustedPath from "@tether/host/TrustedPath"
 *
 * const ready = TrustedPath.check("keep logs in", "/var/lib/builds", "Directory")
 * ```
 */
export const check: (
  action: string,
  path: string,
  kind: trust.Kind
) => Effect.Effect<void, FileError, FileSystem.FileSystem> = trust.check

/**
 * Opens a file at whose end is written, until the scope closes, and for reading, too. It is created with mode 0600,
 * whatever the umask is, where it is not there.
 *
 * Fails with `FileError`, and writes nothing, where a symbolic link or a pipe is, or a file that belongs to another
 * user or that another user can replace. `action` is what was to be done, for the message; default "append to".
 *
 * @example
 * ```ts
 * import * as TrustedPath from "@tether/host/TrustedPath"
 * import * as Effect from "effect/Effect"
 *
 * const note = (line: string) =>
 *   Effect.scoped(
 *     Effect.flatMap(TrustedPath.openToAppend("/var/lib/builds/notes"), (file) =>
 *       file.writeAll(new TextEncoder().encode(line)))
 *   )
 * ```
 */
export const openToAppend = (
  path: string,
  action = "append to"
): Effect.Effect<FileSystem.File, FileError, FileSystem.FileSystem | Scope.Scope> => trust.openToAppend(action, path)

/**
 * Warns, once for each path and problem in this process, that what is at a path is treated as missing.
 *
 * @example
 * ```ts
 * import * as TrustedPath from "@tether/host/TrustedPath"
 *
 * // ignoring socket /x/d.sock: it is not a socket
 * const said = TrustedPath.ignored("socket", "/x/d.sock", "it is not a socket")
 * ```
 */
export const ignored = (what: string, path: string, problem: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    const message = `ignoring ${what} ${/^[!-~]+$/.test(path) ? path : TerminalText.quote(path)}: ${TerminalText.sanitize(problem)}`
    if (said.has(message)) return Effect.void
    said.add(message)
    return warn(message)
  })

const said = new Set<string>()
