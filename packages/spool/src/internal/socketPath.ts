import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as StateDir from "@tether/host/StateDir"
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
