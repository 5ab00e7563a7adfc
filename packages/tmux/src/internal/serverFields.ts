/**
 * The fields of a server's end that are known when a session begins.
 */
import * as Logfmt from "@tether/host/Logfmt"
import type { ExitRecord } from "@tether/journal/ExitRecord"
import type { DeathFields } from "./deathFields.js"

/** As for a session: those before `dead_status`, and those behind pid and start token, which the shim knows. */
export const serverFields = (socket: string, start: ExitRecord | undefined): DeathFields => ({
  before: Logfmt.encode([
    ["ev", "server-exit"],
    ["identity", `tmux:${socket}`]
  ]),
  after: Logfmt.encode(
    (
      [
        ["boot_id", start?.bootId],
        ["pid_namespace", start?.pidNamespace],
        ["host", start?.host]
      ] as const
    ).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]))
  )
})
