/**
 * Directories that nobody else can look or reach into.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { FileError } from "../FileError.js"
import { makeAll } from "./directories.js"
import { refused } from "./fileErrors.js"
import { isOwn, octal, ownerProblem } from "./ownership.js"
import { type Walk, walk } from "./walk.js"

/**
 * Makes the directory with mode 0700 if it is not there, with those above it, and looks whose it is: somebody else may
 * have been first, and in a directory such as `/tmp` anybody can be. Gives those that were made. `advice`: what else
 * can be done where it cannot be used.
 */
export const privateDirectory = (
  path: string,
  advice: string
): Effect.Effect<ReadonlyArray<string>, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const before = yield* walk(path)
    const made = before?.found === undefined ? yield* makeAll("make the directory", path) : []
    const walked = made.length === 0 && before?.found !== undefined ? before : yield* walk(path)
    const problem = walked === undefined ? undefined : problemOf(walked, advice)
    if (problem !== undefined) return yield* refused("use the directory", path, "NotPrivate", problem)
    return made
  })

const problemOf = ({ found, isLink, problem, self }: Walk, advice: string): string | undefined => {
  // Where a link leads may be changed afterwards by whoever made it.
  if (isLink) return "it is a symbolic link"
  if (found === undefined) return problem
  const { entry, type } = found
  if (type !== "Directory") return "it is no directory"
  if (!isOwn(entry, self)) return `${ownerProblem(entry)}; it has mode ${octal(entry.mode)}, ${advice}`
  if ((entry.mode & 0o077) !== 0) return `it is open to others, with mode ${octal(entry.mode)}; chmod 700 closes it`
  return problem
}
