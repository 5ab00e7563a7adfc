/**
 * The words, the environment and the descriptors with which a program is started.
 */
import * as TreeCookie from "@tether/host/TreeCookie"
import type { LaunchFailure, LaunchRequest } from "@tether/process/ChildDriver"
import type { ChildProcess } from "node:child_process"
import { accessSync, constants, statSync } from "node:fs"
import { delimiter, join } from "node:path"
import { gate } from "./cgroup.js"
import { directoryProblem, failureOf, pathFrom, pathOf } from "./failure.js"
import { nodeSpawn, type Options } from "./nodeSpawn.js"

export const hasGroups = process.platform !== "win32"

export interface Place {
  /** The child's cookie; undefined where it gets none, and loses ours. */
  readonly cookie: string | undefined
  readonly cgroup: string | undefined
}

export const start = (request: LaunchRequest, { cgroup, cookie }: Place, stdio: Options["stdio"]): ChildProcess => {
  const [program, args] =
    cgroup === undefined ? [request.program, request.args] : gate(cgroup, request.program, request.args)
  const env = environment(request, cookie)
  return nodeSpawn(program, args, {
    ...(request.cwd !== undefined && { cwd: request.cwd }),
    ...(env !== undefined && { env }),
    ...(request.uid !== undefined && { uid: request.uid }),
    ...(request.gid !== undefined && { gid: request.gid }),
    // Its own session and group: the terminal's Ctrl-C reaches us alone, and one signal reaches all of the group.
    detached: hasGroups,
    windowsHide: true,
    ...(request.argv0 !== undefined && { argv0: request.argv0 }),
    stdio
  })
}

/** Undefined where it is our own, which then need not be copied. */
const environment = (
  request: LaunchRequest,
  cookie: string | undefined
): Record<string, string | undefined> | undefined => {
  const isOurs = request.env === undefined && request.extendEnv && cookie === process.env[TreeCookie.variable]
  if (isOurs) return undefined
  const env: Record<string, string | undefined> = request.extendEnv ? { ...process.env } : {}
  for (const [name, value] of request.env ?? []) {
    if (value === undefined) delete env[name]
    else env[name] = value
  }
  if (cookie === undefined) {
    delete env[TreeCookie.variable]
    delete env[TreeCookie.labelVariable]
  } else {
    env[TreeCookie.variable] = cookie
    env[TreeCookie.labelVariable] = labelFor(request)
  }
  return env
}

/** A variable cannot hold a NUL, and a long one takes from the room that the system has for arguments. */
const labelFor = ({ label }: LaunchRequest): string => label.replaceAll("\0", "").slice(0, longestLabel)

const longestLabel = 200

/**
 * Why a program would not start, asked beforehand: behind a shell that goes first, the system tells the shell and not
 * us, and of several that are to run together none is to be started in vain.
 */
export const refusalOf = (request: LaunchRequest): LaunchFailure | undefined => {
  const { cwd, program } = request
  const problem = directoryProblem(request.cwd)
  if (problem !== undefined) return { reason: "BadWorkingDirectory", problem, code: undefined }
  const candidates = program.includes("/")
    ? [pathFrom(cwd, program)]
    : pathOf(request)
        .split(delimiter)
        .map((directory) => pathFrom(cwd, join(directory, program)))
  const codes = candidates.map(refusalAt)
  if (codes.includes(undefined)) return undefined
  return failureOf(Object.assign(new Error(), { code: codes.includes("EACCES") ? "EACCES" : codes[0] }), request)
}

const refusalAt = (path: string): string | undefined => {
  try {
    if (!statSync(path).isFile()) return "EACCES"
    accessSync(path, constants.X_OK)
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "ENOENT"
  }
}
