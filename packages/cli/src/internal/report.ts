/**
 * The end of a child as one JSON value: its report, or the error (which has a `_tag`) if there is none.
 */
import type { ExitReport } from "@tether/process/ExitReport"
import { SpawnError } from "@tether/process/SpawnError"
import { SurvivorsError } from "@tether/process/SurvivorsError"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { jsonOf, toJson } from "./json.js"

/** A single command has no stages but itself. */
export const ofReport = ({ duration, stages: _, ...report }: ExitReport): string =>
  toJson({ ...report, durationMillis: Duration.toMillis(duration) })

export const ofError: (error: SpawnError | SurvivorsError) => string = jsonOf(Schema.Union(SpawnError, SurvivorsError))
