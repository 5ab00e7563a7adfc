import type { Reason } from "@tether/process/SpawnError"
import { describe, expect, it } from "vitest"
import * as exitCode from "../../src/internal/exitCode.js"

describe("a child that cannot be started", () => {
  // The system's limits cannot be reached from outside without reaching them for tether itself.
  it.each<Reason>(["ResourceExhausted", "ArgumentListTooLong", "BadWorkingDirectory", "Unsupported", "Unknown"])(
    "125: %s",
    (reason) => {
      expect(exitCode.ofReason(reason)).toBe(125)
    }
  )
})
