/**
 * Why a spawn was refused, from the little the system says. One code has many causes, so the file system is asked,
 * after the failure and only then, which of them it was.
 */
import type { LaunchFailure, LaunchRequest } from "@tether/process/ChildDriver"
import type { Reason } from "@tether/process/SpawnError"
import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs"
import { isAbsolute, join } from "node:path"

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
    case "ETXTBSY":
      return because("ProgramBusy", `${request.program} is open for writing, and may not be executed meanwhile`)
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
  const path = isPath ? pathFrom(request.cwd, program) : undefined
  const found = path === undefined ? undefined : kindOf(path)
  switch (code) {
    case "ENOENT":
      if (path !== undefined && found !== undefined)
        return because(
          "NotFound",
          `${program} exists, and the interpreter that it asks for does not${interpreterOf(path)}`
        )
      return because(
        "NotFound",
        isPath
          ? `there is no file ${program}${isOwnDirectoryGone(request) ? ": the working directory of this program was removed" : ""}`
          : `no program ${program} was found on the PATH, ${pathOf(request)}`
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
        found === "directory"
          ? `${program} is a directory`
          : `${program} may not be executed${path === undefined ? "" : interpreterOf(path)}`
      )
  }
}

/** Where a path begins that a child is given: not asked of the system, as our own directory may be gone. */
export const pathFrom = (cwd: string | undefined, path: string): string =>
  isAbsolute(path) || cwd === undefined ? path : join(cwd, path)

const isOwnDirectoryGone = ({ cwd, program }: LaunchRequest): boolean => {
  if (isAbsolute(program) || (cwd !== undefined && isAbsolute(cwd))) return false
  try {
    process.cwd()
    return false
  } catch {
    return true
  }
}

/** So much of a script does the kernel look at, in bytes. */
const firstLineSize = 256

/** The interpreter in the first line of a script, as it stands there. Windows' line ends leave a CR in its name. */
const interpreterOf = (path: string): string => {
  const start = Buffer.alloc(firstLineSize)
  let size: number
  try {
    const fd = openSync(path, "r")
    try {
      size = readSync(fd, start, 0, firstLineSize, 0)
    } finally {
      closeSync(fd)
    }
  } catch {
    return ""
  }
  const [, name] = /^#![ \t]*([^ \t\n]+)/.exec(start.toString("utf8", 0, size)) ?? []
  if (name === undefined) return ""
  const isCut = name.endsWith("\r")
  return `: ${JSON.stringify(name)}${isCut ? ", with a carriage return at its end, as Windows writes lines" : ""}`
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
