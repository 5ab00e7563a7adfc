/**
 * What a path is itself, and whose, without following a symbolic link. `FileSystem` can only follow one: between a look
 * whether it is a link and a look at what is there, another user could exchange the two in a sticky directory.
 */
import { type PlatformError, SystemError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { isNotFound } from "./fileErrors.js"
import { builtin } from "./runtime.js"

/**
 * What `lstat` of `node:fs` tells.
 *
 * @example
 * ```ts
 * import type { NodeStats } from "@tether/host/TrustedPath"
 *
 * const isMine = (stats: NodeStats) => stats.uid === process.getuid?.()
 * ```
 */
export interface NodeStats {
  readonly dev: number
  readonly ino: number
  readonly uid: number
  readonly gid: number
  readonly mode: number
  readonly nlink: number
  readonly isFile: () => boolean
  readonly isDirectory: () => boolean
  readonly isSymbolicLink: () => boolean
  readonly isSocket: () => boolean
}

/**
 * `lstat` of `node:fs`. It need not be provided: the default is that of the runtime. Tests and hooks replace it, so
 * that it fails, waits or is counted as their `FileSystem` is.
 *
 * @example
 * ```ts
 * import * as TrustedPath from "@tether/host/TrustedPath"
 * import * as Effect from "effect/Effect"
 * import { lstat } from "node:fs"
 *
 * const trusted = TrustedPath.problemOf("/run/user/1000/mails/daemon.sock", "Socket").pipe(
 *   Effect.provideService(TrustedPath.Lstat, (path, done) => lstat(path, done))
 * )
 * ```
 */
export class Lstat extends Context.Reference<Lstat>()("@tether/host/Lstat", {
  defaultValue: (): LstatFunction => {
    const fs = builtin("node:fs") as { readonly lstat?: LstatFunction } | undefined
    return fs?.lstat ?? missing
  }
}) {}

type LstatFunction = (path: string, done: (error: Error | null, stats: NodeStats) => void) => void

/** Node.js before 20.16, of which no builtin module can be asked for. */
const missing: LstatFunction = () => {
  throw new Error("this version of Node.js has no process.getBuiltinModule")
}

/** `undefined` where nothing is. */
export const lstat = (path: string): Effect.Effect<NodeStats | undefined, PlatformError> =>
  Effect.flatMap(Lstat, (run) =>
    Effect.async<NodeStats, PlatformError>((resume) => {
      const refuse = (cause: unknown) =>
        resume(
          Effect.fail(
            new SystemError({
              reason: "Unknown",
              module: "FileSystem",
              method: "lstat",
              pathOrDescriptor: path,
              description: cause instanceof Error ? cause.message : String(cause),
              cause
            })
          )
        )
      try {
        run(path, (error, stats) => (error === null ? resume(Effect.succeed(stats)) : refuse(error)))
      } catch (error) {
        // A path with a NUL is refused before the system is asked.
        refuse(error)
      }
    })
  ).pipe(Effect.catchIf(isNotFound, () => Effect.succeed(undefined)))

export const typeOf = (stats: NodeStats): FileSystem.File.Type => {
  if (stats.isFile()) return "File"
  if (stats.isDirectory()) return "Directory"
  return stats.isSymbolicLink() ? "SymbolicLink" : stats.isSocket() ? "Socket" : "Unknown"
}
