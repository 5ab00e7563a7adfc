/**
 * The few things that are done to paths, without a `Path` service.
 */
import { isWindows, workingDirectory } from "./runtime.js"

const lastSeparator = (path: string): number =>
  isWindows() ? Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) : path.lastIndexOf("/")

/** The directory that holds this path. */
export const directoryOf = (path: string): string => {
  const at = lastSeparator(path)
  if (at === -1) return "."
  return at === 0 ? "/" : path.slice(0, at)
}

/** The name within its directory. */
export const nameOf = (path: string): string => path.slice(lastSeparator(path) + 1)

/** A path below a directory. */
export const join = (directory: string, name: string): string =>
  directory.endsWith("/") ? directory + name : `${directory}/${name}`

/** Whether a path means the same from every working directory. */
export const isAbsolute = (path: string): boolean =>
  path.startsWith("/") || (isWindows() && /^(?:[a-z]:)?[\\/]/i.test(path))

/** The path from the root, or `undefined` where the working directory has been removed. */
export const absolutePath = (path: string): string | undefined => {
  if (isAbsolute(path)) return path
  const directory = workingDirectory()
  return directory === undefined ? undefined : join(directory, path)
}
