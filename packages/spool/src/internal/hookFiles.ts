/**
 * The part of a file system that a hook needs, over Node's own functions. The layer of `@effect/platform-node` brings
 * streams and watchers along, which take a third of the time that a hook may take to load.
 */
import { BadArgument, type PlatformError, SystemError, type SystemErrorReason } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as fs from "node:fs"

type Callback<A> = (error: NodeJS.ErrnoException | null, value: A) => void

const reasons: Readonly<Record<string, SystemErrorReason>> = {
  ENOENT: "NotFound",
  EEXIST: "AlreadyExists",
  EACCES: "PermissionDenied",
  EPERM: "PermissionDenied"
}

let underWay = 0
let answers = 0

/** How often the system has answered so far: while that grows, nothing hangs. */
export const answered = (): number => answers

/** Whether the system has not answered yet: Node.js does not end before it has, however it is told to. */
export const isUnderWay = (): boolean => underWay > 0

/** As all else, so that it is known when it hangs. */
export const hookLstat = (path: string, done: Callback<fs.Stats>): void => {
  fs.lstat(path, (error, stats) => {
    underWay--
    answers++
    done(error, stats)
  })
  underWay++
}

const call = <A>(method: string, path: string, run: (callback: Callback<A>) => void): Effect.Effect<A, PlatformError> =>
  Effect.async((resume) => {
    try {
      run((error, value) => {
        underWay--
        answers++
        resume(error === null ? Effect.succeed(value) : Effect.fail(toError(method, path, error)))
      })
      underWay++
    } catch (error) {
      // A path with a NUL is refused before the system is asked.
      resume(Effect.fail(new BadArgument({ module: "FileSystem", method, description: String(error) })))
    }
  })

const toError = (method: string, path: string, error: NodeJS.ErrnoException): SystemError =>
  new SystemError({
    reason: reasons[error.code ?? ""] ?? "Unknown",
    module: "FileSystem",
    method,
    pathOrDescriptor: path,
    description: error.message,
    cause: error
  })

const done = (callback: Callback<void>) => (error: NodeJS.ErrnoException | null) => callback(error, undefined)

const infoOf = (stats: fs.Stats): FileSystem.File.Info => ({
  type: stats.isFile() ? "File" : stats.isDirectory() ? "Directory" : stats.isSocket() ? "Socket" : "Unknown",
  mtime: Option.some(stats.mtime),
  atime: Option.some(stats.atime),
  birthtime: Option.some(stats.birthtime),
  dev: stats.dev,
  rdev: Option.some(stats.rdev),
  ino: Option.some(stats.ino),
  mode: stats.mode,
  nlink: Option.some(stats.nlink),
  uid: Option.some(stats.uid),
  gid: Option.some(stats.gid),
  size: FileSystem.Size(stats.size),
  blksize: Option.none(),
  blocks: Option.none()
})

const fileOf = (fd: number, path: string): FileSystem.File => {
  let position = 0
  const write = (bytes: Uint8Array): Effect.Effect<number, PlatformError> =>
    call("write", path, (callback) => fs.write(fd, bytes, callback))
  const writeAll = (bytes: Uint8Array): Effect.Effect<void, PlatformError> =>
    Effect.flatMap(write(bytes), (written) =>
      written === bytes.length ? Effect.void : writeAll(bytes.subarray(written))
    )
  return {
    ...unsupported,
    [FileSystem.FileTypeId]: FileSystem.FileTypeId,
    fd: FileSystem.FileDescriptor(fd),
    stat: Effect.map(
      call<fs.Stats>("stat", path, (callback) => fs.fstat(fd, callback)),
      infoOf
    ),
    seek: (offset) => Effect.sync(() => void (position = Number(offset))),
    sync: call("sync", path, (callback) => fs.fsync(fd, done(callback))),
    read: (bytes) =>
      Effect.map(
        call<number>("read", path, (callback) => fs.read(fd, bytes, 0, bytes.length, position, callback)),
        (count) => {
          position += count
          return FileSystem.Size(count)
        }
      ),
    truncate: (length) => call("truncate", path, (callback) => fs.ftruncate(fd, Number(length ?? 0), done(callback))),
    write: (bytes) => Effect.map(write(bytes), FileSystem.Size),
    writeAll
  }
}

const unsupported = {
  readAlloc: () => Effect.dieMessage("a hook reads into what it has")
}

export const hookFiles: FileSystem.FileSystem = FileSystem.makeNoop({
  access: (path) => call("access", path, (callback) => fs.access(path, done(callback))),
  chmod: (path, mode) => call("chmod", path, (callback) => fs.chmod(path, mode, done(callback))),
  link: (from, to) => call("link", to, (callback) => fs.link(from, to, done(callback))),
  makeDirectory: (path, options) =>
    call("makeDirectory", path, (callback) => fs.mkdir(path, options?.mode ?? 0o777, done(callback))),
  open: (path, options) =>
    Effect.acquireRelease(
      call<number>("open", path, (callback) => fs.open(path, options?.flag ?? "r", options?.mode, callback)),
      (fd) => Effect.ignore(call("close", path, (callback) => fs.close(fd, done(callback))))
    ).pipe(Effect.map((fd) => fileOf(fd, path))),
  readFileString: (path) => call("readFile", path, (callback) => fs.readFile(path, "utf8", callback)),
  readLink: (path) => call("readLink", path, (callback) => fs.readlink(path, callback)),
  remove: (path, options) =>
    call("remove", path, (callback) => fs.rm(path, { force: options?.force ?? false }, done(callback))),
  rename: (from, to) => call("rename", to, (callback) => fs.rename(from, to, done(callback))),
  stat: (path) =>
    Effect.map(
      call<fs.Stats>("stat", path, (callback) => fs.stat(path, callback)),
      infoOf
    )
})
