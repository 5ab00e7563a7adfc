/**
 * Why a spawn was refused, from the little the system says. One code has many causes, so the file system is asked,
 * after the failure and only then, which of them it was.
 */
import type { LaunchFailure, LaunchRequest } from "@tether/process/ChildDriver"
import type { Reason } from "@tether/process/SpawnError"
import { accessSync, constants, statSync } from "node:fs"
import { resolve } from "node:path"

export const failureOf = (error: unknown, request: LaunchRequest): LaunchFailure => {
  const code = codeOf(error)
  const because = (reason: Reason, problem: string): LaunchFailure => ({ reason, problem, code })
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
    case "EACCES":
    case "ELOOP":
    case "ENAMETOOLONG": {
      const problem = directoryProblem(request.cwd)
      return problem === undefined ? programFailure(code, request) : because("BadWorkingDirectory", problem)
    }
    case "E2BIG":
      return because("ArgumentListTooLong", "the arguments and the environment are longer than the system takes")
    case "EAGAIN":
      return because("ResourceExhausted", "no more processes can be made for this user or on this machine")
    case "EMFILE":
    case "ENFILE":
      return because("ResourceExhausted", "no more descriptors can be opened")
    case "ENOMEM":
      return because("ResourceExhausted", "there is not enough memory")
    case "EBADF":
      return because("InvalidArgument", "a descriptor that it is to inherit is not open here")
    case "EPERM":
      return because("PermissionDenied", "this user may not start it so (another user or group needs privileges)")
    case "ERR_INVALID_ARG_VALUE":
    case "ERR_INVALID_ARG_TYPE":
    case "ERR_OUT_OF_RANGE":
    case "EINVAL":
      // Node's own message would print the value, which may be a secret.
      return because("InvalidArgument", "one of its words or options is not valid")
    default:
      return because("Unknown", "the system refused it")
  }
}

const programFailure = (code: string, request: LaunchRequest): LaunchFailure => {
  const because = (reason: Reason, problem: string): LaunchFailure => ({ reason, problem, code })
  const { program } = request
  const isPath = program.includes("/")
  const found = isPath ? kindOf(resolve(request.cwd ?? ".", program)) : undefined
  switch (code) {
    case "ENOENT":
      if (found !== undefined)
        return because("NotFound", `${program} exists, and the interpreter that it asks for does not`)
      return because(
        "NotFound",
        isPath ? `there is no file ${program}` : `no program ${program} was found on the PATH, ${pathOf(request)}`
      )
    case "ENOTDIR":
      return because("NotFound", `${program} leads through something that is not a directory`)
    case "ELOOP":
      return because("NotFound", `${program} leads through too many links`)
    case "ENAMETOOLONG":
      return because("InvalidArgument", "the program's name is longer than the system takes")
    default:
      return because(
        "PermissionDenied",
        found === "directory" ? `${program} is a directory` : `${program} may not be executed`
      )
  }
}

/** Where a program is looked for whose name is no path. Without a PATH, the system has one of its own. */
export const pathOf = (request: LaunchRequest): string => {
  const path = request.env?.has("PATH") === true || !request.extendEnv ? request.env?.get("PATH") : process.env["PATH"]
  return path ?? "/usr/bin:/bin"
}

/** What is wrong with a working directory. */
export const directoryProblem = (cwd: string | undefined): string | undefined => {
  if (cwd === undefined) return undefined
  try {
    if (!statSync(cwd).isDirectory()) return `the working directory ${cwd} is not a directory`
  } catch (error) {
    return codeOf(error) === "ENOENT"
      ? `the working directory ${cwd} does not exist`
      : `the working directory ${cwd} cannot be reached`
  }
  try {
    accessSync(cwd, constants.X_OK)
    return undefined
  } catch {
    return `the working directory ${cwd} may not be entered`
  }
}

const kindOf = (path: string): "directory" | "file" | undefined => {
  try {
    return statSync(path).isDirectory() ? "directory" : "file"
  } catch {
    return undefined
  }
}

const exhausted: ReadonlySet<string | undefined> = new Set(["EMFILE", "ENFILE", "EAGAIN", "ENOMEM", "ENOSPC"])

/** Whether it may work later. */
export const isExhausted = (code: string | undefined): boolean => exhausted.has(code)

export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined
