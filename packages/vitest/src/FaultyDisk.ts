/**
 * The real disk, asked synchronously: a test clock then knows when a program waits. Operations can be let fail, and a
 * "process" can be let die before any of them.
 */
import { SystemError, type SystemErrorReason } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as TrustedPath from "@tether/host/TrustedPath"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as fs from "node:fs"

/**
 * Called before an operation, `"write"` or `"rename"` for example, with the path: it may throw an error with a `code`,
 * or answer how many bytes of a write go through.
 *
 * @example
 * ```ts
 * import { type Before, fail } from "@tether/vitest/FaultyDisk"
 *
 * const isFull: Before = (operation) => operation === "write" ? fail("ENOSPC") : undefined
 * ```
 */
export type Before = (operation: string, path: string) => number | void

/**
 * Lets an operation fail as the system would.
 *
 * @example
 * ```ts
 * import { type Before, fail } from "@tether/vitest/FaultyDisk"
 *
 * const mayNotBeRenamed: Before = (operation) => operation === "rename" ? fail("EACCES") : undefined
 * ```
 */
export const fail = (code: string): never => {
  throw Object.assign(new Error(`${code}: as the test wants it`), { code })
}

/**
 * Thrown by a `Before`, it is the death of the process: whatever asks the disk dies with it as a defect.
 *
 * @example
 * ```ts
 * import { type Before, Killed } from "@tether/vitest/FaultyDisk"
 *
 * const beforeTheRename: Before = (operation) => {
 *   if (operation === "rename") throw new Killed()
 * }
 * ```
 */
export class Killed extends Error {}

const reasons: Record<string, SystemErrorReason> = {
  ENOENT: "NotFound",
  EEXIST: "AlreadyExists",
  EACCES: "PermissionDenied"
}

const infoOf = (stats: fs.Stats): FileSystem.File.Info => ({
  type: stats.isDirectory() ? "Directory" : stats.isFile() ? "File" : stats.isSocket() ? "Socket" : "Unknown",
  mtime: Option.some(stats.mtime),
  atime: Option.some(stats.atime),
  birthtime: Option.some(stats.birthtime),
  dev: stats.dev,
  rdev: Option.none(),
  ino: Option.some(stats.ino),
  mode: stats.mode,
  nlink: Option.some(stats.nlink),
  uid: Option.some(stats.uid),
  gid: Option.some(stats.gid),
  size: FileSystem.Size(stats.size),
  blksize: Option.none(),
  blocks: Option.none()
})

/**
 * The real disk, of which any operation may fail. With `mixing`, other fibers get their turn before an operation, as
 * often as not. It has what `@tether/host` and what stands on it need of a file system; everything else is not there.
 *
 * @example
 * ```ts
 * import * as FaultyDisk from "@tether/vitest/FaultyDisk"
 *
 * const full = FaultyDisk.layer((operation) => operation === "write" ? FaultyDisk.fail("ENOSPC") : undefined)
 * ```
 */
export const layer = (before: Before = () => {}, mixing = false): Layer.Layer<FileSystem.FileSystem> => {
  const attempt = <A>(
    operation: string,
    path: string,
    run: (allowed: number | void) => A
  ): Effect.Effect<A, SystemError> =>
    Effect.zipRight(
      mixing ? Effect.flatMap(Random.nextIntBetween(0, 4), (n) => Effect.repeatN(Effect.yieldNow(), n)) : Effect.void,
      Effect.suspend(() => {
        try {
          return Effect.succeed(run(before(operation, path)))
        } catch (error) {
          if (error instanceof Killed) return Effect.die(error)
          const { code = "", message } = error as NodeJS.ErrnoException
          return Effect.fail(
            new SystemError({
              reason: reasons[code] ?? "Unknown",
              module: "FileSystem",
              method: operation,
              pathOrDescriptor: path,
              description: message,
              cause: error
            })
          )
        }
      })
    )

  const fileOf = (fd: number, path: string, appends: boolean): FileSystem.File => {
    let position = 0
    const write = (bytes: Uint8Array) =>
      attempt("write", path, (allowed) => {
        const part = bytes.subarray(0, allowed ?? bytes.length)
        const written = fs.writeSync(fd, part, 0, part.length, appends ? null : position)
        if (!appends) position += written
        return FileSystem.Size(written)
      })
    const readAlloc = (size: FileSystem.SizeInput) =>
      attempt("read", path, () => {
        const bytes = new Uint8Array(Number(size))
        const length = fs.readSync(fd, bytes, 0, bytes.length, position)
        position += length
        return length === 0 ? Option.none() : Option.some(bytes.slice(0, length))
      })
    return {
      [FileSystem.FileTypeId]: FileSystem.FileTypeId,
      fd: FileSystem.FileDescriptor(fd),
      stat: attempt("fstat", path, () => infoOf(fs.fstatSync(fd))),
      // Nothing here outlives a power cut.
      sync: attempt("sync", path, () => {}),
      seek: (offset, from) =>
        Effect.sync(() => {
          position = from === "start" ? Number(offset) : position + Number(offset)
        }),
      read: (bytes) =>
        attempt("read", path, () => {
          const length = fs.readSync(fd, bytes, 0, bytes.length, position)
          position += length
          return FileSystem.Size(length)
        }),
      readAlloc,
      truncate: (length) => attempt("truncate", path, () => fs.ftruncateSync(fd, Number(length ?? 0))),
      write,
      writeAll: (bytes) =>
        Effect.flatMap(write(bytes), (written) =>
          Number(written) === bytes.length ? Effect.void : Effect.dieMessage("half a write where all is wanted")
        )
    }
  }

  const { exists: _, ...rest } = FileSystem.makeNoop({})
  const lstat: TrustedPath.Lstat["Type"] = (path, done) => {
    try {
      done(null, fs.lstatSync(path))
    } catch (error) {
      done(error as Error, undefined as never)
    }
  }
  const files = Layer.succeed(
    FileSystem.FileSystem,
    FileSystem.make({
      ...rest,
      chmod: (path, mode) => attempt("chmod", path, () => fs.chmodSync(path, mode)),
      link: (from, to) => attempt("link", to, () => fs.linkSync(from, to)),
      makeDirectory: (path, options) => attempt("makeDirectory", path, () => void fs.mkdirSync(path, options)),
      open: (path, options) => {
        const flag = options?.flag ?? "r"
        return Effect.acquireRelease(
          attempt("open", path, () => fs.openSync(path, flag, options?.mode)),
          (fd) => Effect.sync(() => fs.closeSync(fd))
        ).pipe(Effect.map((fd) => fileOf(fd, path, flag.startsWith("a"))))
      },
      readDirectory: (path) => attempt("readDirectory", path, () => fs.readdirSync(path)),
      readFile: (path) => attempt("readFile", path, () => new Uint8Array(fs.readFileSync(path))),
      readLink: (path) => attempt("readLink", path, () => fs.readlinkSync(path)),
      remove: (path, options) => attempt("remove", path, () => fs.rmSync(path, options)),
      rename: (from, to) => attempt("rename", to, () => fs.renameSync(from, to)),
      stat: (path) => attempt("stat", path, () => infoOf(fs.statSync(path))),
      utimes: (path, atime, mtime) => attempt("utimes", path, () => fs.utimesSync(path, atime, mtime))
    })
  )
  return Layer.merge(files, Layer.succeed(TrustedPath.Lstat, lstat))
}

const changes = new Set(["chmod", "link", "makeDirectory", "open", "remove", "rename", "utimes", "write", "sync"])

/**
 * Dies before the operation with this number (of those that change something), and does nothing ever after. `steps`
 * tells how many there were: a test goes through all numbers up to that of a life that was not cut short.
 *
 * @example
 * ```ts
 * import * as FaultyDisk from "@tether/vitest/FaultyDisk"
 *
 * const death = FaultyDisk.killedAt(3)
 * const layer = FaultyDisk.layer(death.before)
 * ```
 */
export const killedAt = (step: number): { readonly before: Before; readonly steps: () => number } => {
  let steps = 0
  return {
    before: (operation) => {
      if (changes.has(operation) || steps >= step) steps++
      if (steps > step) throw new Killed()
    },
    steps: () => steps
  }
}
