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
    const fs = builtin("node:fs") as { readonly lstat?: BigIntLstat } | undefined
    return fs?.lstat === undefined ? missing : inNumbers(fs.lstat)
  }
}) {}

type LstatFunction = (path: string, done: (error: Error | null, stats: NodeStats) => void) => void

type BigIntStats = {
  readonly [Name in keyof NodeStats]: NodeStats[Name] extends number ? bigint : NodeStats[Name]
}

type BigIntLstat = (
  path: string,
  options: { readonly bigint: true },
  done: (error: Error | null, stats: BigIntStats) => void
) => void

/**
 * Asked for as `bigint`: what is told as numbers, Node keeps in one place for the whole thread, and until the next such
 * call the module loader of Node 20 and 22 does not follow a symbolic link after that place has told of a pipe or a
 * socket. A package that pnpm has linked is then given the dependencies of another one.
 */
const inNumbers =
  (lstat: BigIntLstat): LstatFunction =>
  (path, done) =>
    lstat(path, { bigint: true }, (error, stats) => {
      if (error !== null) return done(error, undefined as never)
      done(null, {
        dev: Number(stats.dev),
        ino: Number(stats.ino),
        uid: Number(stats.uid),
        gid: Number(stats.gid),
        mode: Number(stats.mode),
        nlink: Number(stats.nlink),
        isFile: () => stats.isFile(),
        isDirectory: () => stats.isDirectory(),
        isSymbolicLink: () => stats.isSymbolicLink(),
        isSocket: () => stats.isSocket()
      })
    })

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
