/**
 * Whether a program can be started at all, asked before anything is made for its session.
 */
import * as Effect from "effect/Effect"
import { accessSync, constants, statSync } from "node:fs"
import { delimiter, resolve } from "node:path"
import type { Request } from "./launchRequest.js"

/** The system's answer to the start of a program that cannot be started; undefined where the start may succeed. */
export const refusalOf = ({ cwd, env, program }: Pick<Request, "cwd" | "env" | "program">) =>
  Effect.sync((): "EACCES" | "ENOENT" | undefined => {
    // An empty place in a PATH is the working directory.
    const places = program.includes("/") ? [""] : pathOf(env).split(delimiter)
    const codes = places.map((place) => refusalAt(resolve(cwd, place, program)))
    if (codes.includes(undefined)) return undefined
    return codes.includes("EACCES") ? "EACCES" : "ENOENT"
  })

/** Where a program is looked for whose name is no path. Without a PATH, the system has one of its own. */
export const pathOf = (env: Request["env"]): string => env["PATH"] ?? "/usr/bin:/bin"

const refusalAt = (path: string): "EACCES" | "ENOENT" | undefined => {
  try {
    if (!statSync(path).isFile()) return "EACCES"
    accessSync(path, constants.X_OK)
    return undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "EACCES") return code
    // Any other answer, such as one of a file system that is away, is left to the start itself.
    return code === "ENOENT" || code === "ENOTDIR" ? "ENOENT" : undefined
  }
}
