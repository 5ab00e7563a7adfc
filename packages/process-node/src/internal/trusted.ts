/**
 * The rule of `TrustedPath`, for code that cannot wait: what it asks of the file system is answered at once.
 */
import { SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as TrustedPath from "@tether/host/TrustedPath"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { lstatSync, readFileSync, readlinkSync, type Stats } from "node:fs"

const attempt = <A>(method: string, path: string, run: () => A) =>
  Effect.try({
    try: run,
    catch: (cause) =>
      new SystemError({ reason: "Unknown", module: "FileSystem", method, pathOrDescriptor: path, cause })
  })

const files = FileSystem.makeNoop({
  readLink: (path) => attempt("readLink", path, () => readlinkSync(path)),
  readFileString: (path) => attempt("readFileString", path, () => readFileSync(path, "utf8"))
})

const lstat: TrustedPath.Lstat["Type"] = (path, done) => {
  let stats: Stats
  try {
    stats = lstatSync(path)
  } catch (error) {
    return done(error as Error, undefined as never)
  }
  done(null, stats)
}

/** Whether no other user can create or replace anything in a directory, which need not be there yet. */
export const isTrusted = (directory: string): boolean =>
  TrustedPath.problemOf(directory, "Directory").pipe(
    Effect.provideService(FileSystem.FileSystem, files),
    Effect.provideService(TrustedPath.Lstat, lstat),
    Effect.either,
    Effect.runSync,
    Either.match({ onLeft: () => false, onRight: (problem) => problem === undefined })
  )
