/**
 * Entries of another user, and programs that run as one.
 */
import { spawnSync } from "node:child_process"
import { chmodSync, chownSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** Another user, whom no other test uses. */
export const stranger = 12_345

/** Why nothing can be given to another user here. */
export const noStrangers = process.geteuid?.() === 0 ? undefined : "only root can make entries of another user"

export const give = (path: string, uid: number = stranger): void => chownSync(path, uid, uid)

/** A directory with exactly this mode. */
export const folder = (path: string, mode: number): string => {
  mkdirSync(path)
  chmodSync(path, mode)
  return path
}

/** As `/tmp` is: everybody creates, and nobody removes what is another's. */
export const sticky = (directory: string): string => folder(join(directory, "sticky"), 0o1777)

const program = fileURLToPath(new URL("../../node_modules/.programs/trusting.mjs", import.meta.url))

export const asStranger = ["setpriv", `--reuid=${stranger}`, `--regid=${stranger}`, "--clear-groups"]

/** In a user namespace that knows the current user and nobody else, as a rootless container without a root. */
export const withoutRoot = ["unshare", "--user", "--map-current-user"]

const answers = (prefix: ReadonlyArray<string>, words: ReadonlyArray<string>, env: NodeJS.ProcessEnv = {}) => {
  const [command = "", ...args] = [...prefix, process.execPath, program, ...words]
  return spawnSync(command, args, { encoding: "utf8", timeout: 60_000, env: { PATH: process.env["PATH"], ...env } })
}

/** What the program says of these words, one line each. */
export const trusting = (
  prefix: ReadonlyArray<string>,
  words: ReadonlyArray<string>,
  env?: NodeJS.ProcessEnv
): ReadonlyArray<string> => {
  const { stderr, stdout } = answers(prefix, words, env)
  return stdout === "" ? [`nothing, but ${stderr}`] : stdout.trimEnd().split("\n")
}

/** Why the program cannot run like this, or `undefined`. */
export const whyNot = (prefix: ReadonlyArray<string>): string | undefined =>
  noStrangers ??
  (answers(prefix, []).status === 0 ? undefined : `no program of this checkout runs under ${prefix.join(" ")}`)
