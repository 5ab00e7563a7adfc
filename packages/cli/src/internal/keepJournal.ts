/**
 * The exit journal in which a command of ours records.
 */
import * as ExitJournal from "@tether/journal/ExitJournal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { host } from "./readJournal.js"

/** What is recorded never decides about what is run: without a journal it runs all the same, and that is said. */
export const keepJournal = (directory: string | undefined): Layer.Layer<ExitJournal.ExitJournal> =>
  ExitJournal.layerFile({ directory }).pipe(
    Layer.provide(host),
    Layer.catchAll((error) =>
      Layer.unwrapEffect(
        Effect.as(Effect.logError(`the command runs without an exit journal: ${error.message}`), ExitJournal.layerNone)
      )
    )
  )
