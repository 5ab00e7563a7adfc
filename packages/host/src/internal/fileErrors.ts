/**
 * What the file system says, as a `FileError`.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { FileError, type Reason } from "../FileError.js"

const reasons: Readonly<Record<string, Reason>> = {
  ENOENT: "NotFound",
  EEXIST: "AlreadyExists",
  EACCES: "PermissionDenied",
  EPERM: "PermissionDenied",
  ENOSPC: "NoSpace",
  EDQUOT: "NoSpace",
  EFBIG: "NoSpace",
  EROFS: "ReadOnly",
  EMFILE: "TooManyFiles",
  ENFILE: "TooManyFiles",
  ENOTSUP: "Unsupported",
  EOPNOTSUPP: "Unsupported",
  ENOSYS: "Unsupported",
  EXDEV: "Unsupported",
  EMLINK: "Unsupported",
  ENAMETOOLONG: "Invalid",
  EINVAL: "Invalid",
  EISDIR: "Invalid",
  ENOTDIR: "Invalid"
}

const problems: Readonly<Record<Reason, string>> = {
  NotFound: "it does not exist",
  AlreadyExists: "it exists already",
  PermissionDenied: "permission denied",
  NoSpace: "no space is left",
  ReadOnly: "the file system is read-only",
  TooManyFiles: "too many files are open",
  Unsupported: "the file system cannot do that",
  NotPrivate: "it is not private",
  Invalid: "this cannot be the path of it",
  Unknown: "the system refused"
}

/** The system's own name for what went wrong: it is kept as the cause, and begins Node's messages. */
const codeOf = (error: PlatformError): string | undefined => {
  if (Predicate.hasProperty(error.cause, "code") && Predicate.isString(error.cause.code)) return error.cause.code
  return /^E[A-Z0-9]{2,}/.exec(error.description ?? "")?.[0]
}

const reasonOf = (error: PlatformError, code: string | undefined): Reason => {
  const known = reasons[code ?? ""]
  if (known !== undefined) return known
  if (error._tag === "BadArgument") return "Invalid"
  switch (error.reason) {
    case "NotFound":
    case "AlreadyExists":
    case "PermissionDenied":
      return error.reason
    default:
      return "Unknown"
  }
}

/** The error with what was to be done, and to which file. */
export const fileError =
  (action: string, path: string) =>
  (error: PlatformError): FileError => {
    const code = codeOf(error)
    const reason = reasonOf(error, code)
    return new FileError({ reason, action, path, problem: problems[reason], code })
  }

/** Fails with a `FileError` where the file system fails. One that is there already stays as it is. */
export const doing =
  (action: string, path: string) =>
  <A, R>(effect: Effect.Effect<A, PlatformError | FileError, R>): Effect.Effect<A, FileError, R> =>
    Effect.mapError(effect, (error) => (error._tag === "FileError" ? error : fileError(action, path)(error)))

/** An error of our own finding. */
export const refused = (action: string, path: string, reason: Reason, problem: string): FileError =>
  new FileError({ reason, action, path, problem, code: undefined })

const hasReason =
  (reason: Reason) =>
  (error: PlatformError | FileError): boolean =>
    (error._tag === "FileError" ? error.reason : reasonOf(error, codeOf(error))) === reason

/** Whether it is not there, which is an answer to many a question. */
export const isNotFound = hasReason("NotFound")

/** Whether somebody was first. */
export const isTaken = hasReason("AlreadyExists")
