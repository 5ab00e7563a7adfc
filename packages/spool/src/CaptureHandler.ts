/**
 * The handler of captures that the environment names.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import type bundle from "@tether/spool/bundle"
import * as Effect from "effect/Effect"
import { createRequire } from "node:module"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import * as Captures from "./Captures.js"

/**
 * It is the function `handler` that the module exports whose path `TETHER_CAPTURE_HANDLER` is, and `Captures.toFiles`
 * where that is not set. Fails if there is no such function.
 *
 * @example
 * ```ts
 * import * as CaptureHandler from "@tether/spool/CaptureHandler"
 * import * as Captures from "@tether/spool/Captures"
 * import * as Effect from "effect/Effect"
 *
 * const drained = Effect.gen(function*() {
 *   const spool = yield* Captures.deferred
 *   return yield* spool.drain(yield* CaptureHandler.configured)
 * })
 * ```
 */
export const configured: Effect.Effect<Captures.CaptureHandler, FileError, FileSystem.FileSystem | ProcessIdentity> =
  Effect.suspend(() => {
    const path = process.env["TETHER_CAPTURE_HANDLER"]
    if (path === undefined || path === "") return Captures.toFiles
    const refused = (problem: string) => FileAttempt.refused("load the handler of captures,", path, "Invalid", problem)
    return Effect.tryPromise({
      try: () => importModule(pathToFileURL(resolve(path)).href),
      catch: (error) => refused(error instanceof Error ? error.message : String(error))
    }).pipe(
      Effect.flatMap(({ handler }) =>
        isHandler(handler) ? Effect.succeed(handler) : Effect.fail(refused("it exports no function named handler"))
      )
    )
  })

/** By a file that is not bundled: code that is compiled ahead cannot import. */
const importModule = (address: string) => {
  const { importModule } = createRequire(import.meta.url)("@tether/spool/bundle") as typeof bundle
  return importModule(address) as Promise<{ readonly handler?: unknown }>
}

const isHandler = (value: unknown): value is Captures.CaptureHandler => typeof value === "function"
