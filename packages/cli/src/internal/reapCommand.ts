/**
 * `tether reap`: ends what has lost its host.
 */
import * as Command from "@effect/cli/Command"
import * as ProcessInfo from "@tether/host/ProcessInfo"
import * as Orphans from "@tether/process-node/Orphans"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { formatAge } from "./age.js"
import type { Answer } from "./answer.js"
import { jsonOf } from "./json.js"
import { duration, flag } from "./options.js"
import { table } from "./table.js"
import * as texts from "./texts.js"

const { options } = texts.reap

interface ReapOptions {
  readonly dryRun: boolean
  readonly grace: Duration.Duration
  readonly json: boolean
}

export const reapCommand = (width: number | undefined, give: (answer: Answer) => Effect.Effect<void>) =>
  Command.make(
    texts.reap.name,
    {
      dryRun: flag(options.dryRun),
      grace: duration(options.grace, "3s"),
      json: flag(options.json)
    },
    (given) => Effect.flatMap(given.dryRun ? list(given, width) : end(given, width), give)
  ).pipe(Command.withDescription(texts.reap.summary))

const list = ({ json }: ReapOptions, width: number | undefined): Effect.Effect<Answer> =>
  Effect.map(Effect.zip(Orphans.find, Clock.currentTimeMillis), ([orphans, now]) => {
    if (json) return { lines: [listToJson({ orphans })], code: 0 }
    if (orphans.length === 0) return nothing
    return {
      lines: toLines(
        orphans.map((orphan) => ({ orphan, result: orphan.isForeign ? "foreign" : "found" })),
        now,
        width
      ),
      code: 0
    }
  })

const end = ({ grace, json }: ReapOptions, width: number | undefined): Effect.Effect<Answer> =>
  Effect.map(Effect.zip(Orphans.end({ grace }), Clock.currentTimeMillis), ([outcome, now]) => {
    const { ended, foreign, survivors } = outcome
    const code = survivors.length === 0 ? 0 : 1
    if (json) return { lines: [outcomeToJson(outcome)], code }
    if (ended.length + survivors.length + foreign.length === 0) return nothing
    const rows = [
      ...ended.map((orphan) => ({ orphan, result: "ended" })),
      ...survivors.map((orphan) => ({ orphan, result: "alive" })),
      ...foreign.map((orphan) => ({ orphan, result: "foreign" }))
    ]
    const told =
      code === 0
        ? undefined
        : `could not be ended, not even by SIGKILL: ${survivors
            .map(({ process }) => ProcessInfo.format(process))
            .join(", ")}`
    return { lines: toLines(rows, now, width), told, code }
  })

const nothing: Answer = { lines: [], told: "there is no process that has lost its host", code: 0 }

const listToJson = jsonOf(Schema.Struct({ orphans: Schema.Array(Orphans.Orphan) }))
const outcomeToJson = jsonOf(Orphans.Outcome)

const toLines = (
  rows: ReadonlyArray<{ readonly orphan: Orphans.Orphan; readonly result: string }>,
  now: number,
  width: number | undefined
): ReadonlyArray<string> =>
  table(
    ["PID", "RESULT", "HOST", "CHILD", "AGE", "COMMAND"],
    rows.map(({ orphan: { child, host, process }, result }) => [
      String(process.pid),
      result,
      String(host.pid),
      `#${child}`,
      formatAge(process.startedAt, now),
      ProcessInfo.commandLine(process)
    ]),
    { width, overflow: "cut" }
  )
