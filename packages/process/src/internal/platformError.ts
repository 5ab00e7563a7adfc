/**
 * Our failures in the words of `@effect/platform`.
 */
import { BadArgument, type PlatformError, SystemError, type SystemErrorReason } from "@effect/platform/Error"
import type { StreamName } from "../ChildDriver.js"
import type { InputError } from "../InputError.js"
import type { ProcessFailed } from "../ProcessFailed.js"
import type { SpawnError } from "../SpawnError.js"
import type { SurvivorsError } from "../SurvivorsError.js"
import { clip } from "./text.js"

export const fromSpawnError = (error: SpawnError): PlatformError => {
  const description = error.problems.join("; ")
  switch (error.reason) {
    case "InvalidArgument":
    case "ArgumentListTooLong":
    case "Unsupported":
      return new BadArgument({ module: "Command", method: "spawn", description, cause: error })
    case "BadWorkingDirectory":
      // As the executor of `@effect/platform-node` has it, which asks the file system beforehand.
      return new SystemError({
        reason: directoryReason(error.code),
        module: "FileSystem",
        method: "access",
        pathOrDescriptor: error.cwd === undefined ? undefined : clip(error.cwd),
        syscall: "access",
        description,
        cause: error
      })
    case "BadFile":
      return new SystemError({
        reason: directoryReason(error.code),
        module: "FileSystem",
        method: "open",
        pathOrDescriptor: clip(error.label),
        syscall: "open",
        description,
        cause: error
      })
    default:
      return new SystemError({
        reason: reasons[error.reason],
        module: "Command",
        method: "spawn",
        pathOrDescriptor: clip(error.label),
        syscall: `spawn ${clip(error.command)}`,
        description: error.code === undefined ? description : `${description} (${error.code})`,
        cause: error
      })
  }
}

const reasons = {
  NotFound: "NotFound",
  PermissionDenied: "PermissionDenied",
  ProgramBusy: "Busy",
  ResourceExhausted: "Busy",
  Unknown: "Unknown"
} as const

const directoryReason = (code: string | undefined): SystemErrorReason => {
  if (code === "ENOENT") return "NotFound"
  return code === "EACCES" ? "PermissionDenied" : "BadResource"
}

export const noSignal = (signal: string): PlatformError =>
  new BadArgument({ module: "Command", method: "kill", description: `${clip(signal)} is no signal` })

/** A failure of a process that runs, or has run. `label` is its command line. */
export const ofProcess = (
  label: string,
  method: string,
  reason: SystemErrorReason,
  description: string,
  cause: unknown = new Error(description)
): PlatformError =>
  new SystemError({ reason, module: "Command", method, pathOrDescriptor: clip(label), description, cause })

export const lostBytes = (label: string, stream: StreamName, bytes: number): PlatformError =>
  ofProcess(
    label,
    stream,
    "InvalidData",
    `${bytes} bytes of ${stream} came while nobody read it, more than is kept, and are lost. ` +
      `Reading on gives what came after them. Read it while the process runs.`
  )

/** Something was not written. */
export const notWritten = (error: InputError): PlatformError =>
  ofProcess(error.label, "stdin", "Unknown", error.message, error)

/** A process was stopped, because what was to be written to it could not be had. */
export const lostInput = (label: string, error: ProcessFailed | SurvivorsError): PlatformError =>
  ofProcess(label, "stdin", "Unknown", error.message, error._tag === "ProcessFailed" ? error.inputCause : error)
