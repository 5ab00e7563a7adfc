/**
 * The exit journal in which a command of ours records.
 */
import * as StateDir from "@tether/host/StateDir"
import * as ExitJournal from "@tether/journal/ExitJournal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Kept } from "./options.js"
import { host } from "./readJournal.js"

/** What is recorded never decides about what is run: without a journal it runs all the same, and that is said. */
export const keepJournal = (kept: Kept | undefined): Layer.Layer<ExitJournal.ExitJournal> =>
  Layer.unwrapEffect(Effect.map(directoryOf(kept), (directory) => ExitJournal.layerFile({ directory }))).pipe(
    Layer.provide(host),
    Layer.catchAll((error) =>
      Layer.unwrapEffect(
        Effect.as(Effect.logError(`the command runs without an exit journal: ${error.message}`), ExitJournal.layerNone)
      )
    )
  )

const directoryOf = (kept: Kept | undefined) =>
  kept === undefined || kept.directory !== undefined ? Effect.succeed(kept?.directory) : StateDir.stateDir("journal")
