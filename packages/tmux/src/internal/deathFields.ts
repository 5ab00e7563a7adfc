/**
 * The fields of an end that are known when the session begins: others than the journal write it, a shell and a shim.
 */
import * as Logfmt from "@tether/host/Logfmt"
import type { ExitRecord } from "@tether/journal/ExitRecord"

/**
 * As logfmt, in the order of the journal: those between `ts` and `dead_status`, and those between `id` and `ended_by`.
 */
export interface DeathFields {
  readonly before: string
  /** Empty where nobody has recorded the start. */
  readonly after: string
}

export const deathFields = (identity: string, start?: ExitRecord): DeathFields => ({
  before: Logfmt.encode([
    ["ev", "session-exit"],
    ["identity", identity]
  ]),
  after:
    start === undefined
      ? ""
      : Logfmt.encode(
          present([
            ["start", start.id],
            ["pid", start.pid],
            ["start_token", start.startToken],
            ["boot_id", start.bootId],
            ["pid_namespace", start.pidNamespace],
            ["host", start.host],
            ["writer", start.writer],
            ["command", start.command],
            ["cwd", start.cwd],
            ["log", start.log]
          ])
        )
})

const present = (fields: ReadonlyArray<readonly [string, string | number | undefined]>): ReadonlyArray<Logfmt.Pair> =>
  fields.flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)] as const]))
