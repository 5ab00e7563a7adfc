/**
 * Where a daemon listens: which paths can be those of a socket, and which sockets are trusted.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as StateDir from "@tether/host/StateDir"
import * as TrustedPath from "@tether/host/TrustedPath"
import * as Effect from "effect/Effect"

/** Fails for a path that is longer than that of a socket may be: the system would cut it off without a word. */
export const checkSocketPath = (path: string): Effect.Effect<void, FileError> =>
  Buffer.byteLength(path) <= StateDir.maxSocketPath
    ? Effect.void
    : Effect.fail(
        FileAttempt.refused(
          "use as a socket",
          path,
          "Invalid",
          `its path is longer than ${StateDir.maxSocketPath} bytes`
        )
      )

/**
 * Why nothing is said to whoever listens there, or `undefined`. It is also a warning, once. Node.js does not tell who
 * is at the other end (`SO_PEERCRED`), so that the owner of the socket has to do; between this look and the connection
 * nobody else can replace it, which is part of the rule.
 */
export const socketProblem = (path: string): Effect.Effect<string | undefined, never, FileSystem.FileSystem> =>
  TrustedPath.problemOf(path, "Socket").pipe(
    Effect.map((problem) => problem?.text),
    Effect.catchAll((error) => Effect.succeed(error.message)),
    Effect.tap((problem) => (problem === undefined ? Effect.void : TrustedPath.ignored("socket", path, problem)))
  )
