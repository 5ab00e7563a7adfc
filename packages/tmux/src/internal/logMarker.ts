/**
 * A file beside the logs of a session, by which they are known as such: it has the process of the pane that writes
 * them.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as AtomicFile from "@tether/host/AtomicFile"
import type { Identity } from "@tether/host/ProcessIdentity"
import * as TerminalText from "@tether/host/TerminalText"
import * as Effect from "effect/Effect"
import { toText } from "./processFile.js"

export const markerOf = (directory: string, identity: string): string => `${directory}/.${identity}.session`

/** A session whose logs are not marked runs all the same, and they are never removed. */
export const markLog = (
  directory: string,
  identity: string,
  shim: Identity
): Effect.Effect<void, never, FileSystem.FileSystem> =>
  AtomicFile.replace(markerOf(directory, identity), toText(shim), { mode: 0o600, fsync: false }).pipe(
    Effect.catchAll((error) =>
      Effect.logWarning(
        `the logs of session ${TerminalText.quote(identity)} will not be kept within bounds: ${error.message}`
      )
    )
  )

/** The identity of whose marker this is the name. */
export const markedBy = (name: string): string | undefined => /^\.(.+)\.session$/s.exec(name)?.[1]

/** The identity of whose log this is the name: the one that is written to, or one that was rotated. */
export const loggedIn = (name: string): { readonly identity: string; readonly isRotated: boolean } | undefined => {
  const [, identity, number] = /^(.+)\.log(\.\d+)?$/s.exec(name) ?? []
  return identity === undefined ? undefined : { identity, isRotated: number !== undefined }
}
