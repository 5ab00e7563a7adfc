/**
 * The programs `tether capture-transcript` and `tether capture-turn`, whole: also without `--no-spawn`.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as TerminalText from "@tether/host/TerminalText"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as Capture from "./Capture.js"
import { configured } from "./CaptureHandler.js"
import * as Captures from "./Captures.js"
import { main as captureMain } from "./internal/captureProgram.js"

/**
 * Carries out the words behind `tether`, prints one line on stdout, and ends the process. Without `--no-spawn` the
 * transcript is handed to the handler that `TETHER_CAPTURE_HANDLER` names, or to files in the state directory.
 *
 * @example
 * ```ts
 * import * as CaptureProgram from "@tether/spool/CaptureProgram"
 *
 * const run = () => CaptureProgram.main(["capture-transcript", "--session-id", "1", "/home/dev/.agent/1.jsonl"])
 * ```
 */
export const main = (argv: ReadonlyArray<string>): void =>
  captureMain(argv, (capturing) =>
    Effect.flatMap(configured, (handler) => Captures.ingest(capturing, handler)).pipe(
      Effect.catchAllCause((cause) =>
        Effect.succeed<Capture.Outcome>({
          status: "failed",
          reason: TerminalText.sanitize(Cause.prettyErrors(cause)[0]?.message ?? "it was interrupted")
        })
      ),
      Effect.provide(Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer)),
      // stdout has the one line that is waited for.
      Effect.provide(Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger)))
    )
  )
