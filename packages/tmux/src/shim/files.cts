/**
 * Files of the shim's own: nothing is read or written through a link, nor in a file of another user, and modes are set,
 * since the umask may leave nothing of those that are asked for.
 */
import fs = require("node:fs")
import path = require("node:path")

// A pipe is opened without its other end, and refused.
const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = fs.constants

const isOwn = ({ uid }: fs.Stats): boolean => uid === process.geteuid?.() || uid === 0

const checked = (fd: number, file: string): number => {
  const stats = fs.fstatSync(fd)
  if (stats.isFile() && isOwn(stats)) return fd
  fs.closeSync(fd)
  throw new Error(`${file} is no regular file of this user`)
}

/** With mode 0600, and fails where it is there. */
const create = (file: string): number => {
  const fd = fs.openSync(file, O_APPEND | O_CREAT | O_EXCL | O_RDWR, 0o600)
  fs.fchmodSync(fd, 0o600)
  return fd
}

const openToAppend = (file: string): number => {
  while (true) {
    try {
      return create(file)
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error
    }
    try {
      return checked(fs.openSync(file, O_APPEND | O_RDWR | O_NOFOLLOW | O_NONBLOCK), file)
    } catch (error) {
      // It was rotated just now.
      if (codeOf(error) !== "ENOENT") throw error
    }
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

/** Empty, and there for all to see that something has happened. */
const mark = (file: string): void => fs.closeSync(openToAppend(file))

const read = (file: string): string => {
  const fd = checked(fs.openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK), file)
  try {
    return fs.readFileSync(fd, "utf8")
  } finally {
    fs.closeSync(fd)
  }
}

/** With mode 0700, as are those above it that were not there. */
const makeDirectory = (directory: string): void => {
  const above = path.dirname(directory)
  if (makeOne(directory) || above === directory) return
  makeDirectory(above)
  // Not recursive: below /proc, mkdir always fails with ENOENT, and Node's recursive mkdir never returns.
  if (!makeOne(directory)) throw new Error(`${directory} cannot be made`)
}

/** Whether the directory exists now: false if its parent is missing. */
const makeOne = (directory: string): boolean => {
  try {
    fs.mkdirSync(directory, { mode: 0o700 })
    fs.chmodSync(directory, 0o700)
    return true
  } catch (error) {
    const code = codeOf(error)
    if (code !== "EEXIST" && code !== "ENOENT") throw error
    return code === "EEXIST"
  }
}

export = { create, makeDirectory, mark, openToAppend, read }
