/**
 * One number for each end.
 */
import type { ExitStatus } from "@tether/process/ExitStatus"
import type { Reason } from "@tether/process/SpawnError"
import { constants } from "node:os"

/** The child's own code, or what shells answer for a signal. */
export const ofStatus = (status: ExitStatus): number =>
  status._tag === "Exited" ? status.code : 128 + (constants.signals[status.signal as NodeJS.Signals] ?? 0)

/** As shells, `env` and `timeout` have it. */
export const ofReason = (reason: Reason): number => {
  switch (reason) {
    case "InvalidArgument":
      return 2
    case "PermissionDenied":
    case "ProgramBusy":
      return 126
    case "NotFound":
      return 127
    default:
      return 125
  }
}
