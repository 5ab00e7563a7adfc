/**
 * `tether why`: the last end of one, in words.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import type * as FileSystem from "@effect/platform/FileSystem"
import type { FileError } from "@tether/host/FileError"
import * as TerminalText from "@tether/host/TerminalText"
import type * as ExitJournal from "@tether/journal/ExitJournal"
import { ends, ExitRecord } from "@tether/journal/ExitRecord"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Answer } from "./answer.js"
import { jsonOf } from "./json.js"
import { logTail } from "./logTail.js"
import { namesOf } from "./names.js"
import { flag } from "./options.js"
import type { Outlets } from "./outlets.js"
import { directory, readJournal } from "./readJournal.js"
import * as texts from "./texts.js"
import { tell } from "./whyText.js"
import { isMarked, withoutMark } from "./words.js"

export const whyCommand = (outlets: Outlets, give: (answer: Answer) => Effect.Effect<void>) =>
  Command.make(
    texts.why.name,
    {
      identity: Args.map(Args.text({ name: "IDENTITY" }), (word) => (isMarked(word) ? withoutMark(word) : word)),
      json: flag(texts.why.options.json),
      directory
    },
    ({ directory, identity, json }) =>
      Effect.flatMap(
        readJournal(directory, outlets, (journal, path) => answer(journal, path, identity, json)),
        give
      )
  ).pipe(Command.withDescription(texts.why.summary))

const answer = (
  journal: ExitJournal.Reader,
  directory: string,
  identity: string,
  json: boolean
): Effect.Effect<Answer, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    // First what is open: whatever ends meanwhile is found as an end.
    const open = yield* journal.unfinished(identity)
    const { last, lastSeen } = yield* Stream.runFoldWhile(
      journal.newestFirst({ identity, events: ends }),
      { last: undefined, lastSeen: undefined } as Ends,
      ({ lastSeen }) => lastSeen === undefined,
      ({ last }, record) => ({ last: last ?? record, lastSeen: record.endedBy === "unknown" ? undefined : record })
    )
    if (last === undefined && open.length === 0) return yield* nothingOf(journal, directory, identity)
    const newest = open.findLast(({ start }) => last === undefined || start.ts >= last.ts)?.start ?? last
    const log = newest?.log === undefined ? undefined : yield* logTail(newest.log, newest.identity)
    if (json) return { lines: [encode({ exit: last, unfinished: open, log })], code: 0 }
    return {
      lines: tell({ exit: last, seen: lastSeen, open, directory, log, now: yield* Clock.currentTimeMillis }),
      code: 0
    }
  })

interface Ends {
  readonly last: ExitRecord | undefined
  /** The last one that somebody saw. */
  readonly lastSeen: ExitRecord | undefined
}

const nothingOf = (
  journal: ExitJournal.Reader,
  directory: string,
  identity: string
): Effect.Effect<Answer, FileError> =>
  Effect.map(
    Stream.runFold(journal.records(), new Set<string>(), (known, record) => known.add(record.identity)),
    (known) => ({
      lines: [],
      told: `there is no record of ${TerminalText.quote(identity)} in ${TerminalText.quote(directory)}; ${
        known.size === 0 ? "there is none at all" : `there is one of: ${namesOf([...known])}`
      }`,
      code: 1
    })
  )

const encode = jsonOf(
  Schema.Struct({
    exit: Schema.UndefinedOr(ExitRecord),
    log: Schema.UndefinedOr(Schema.Struct({ path: Schema.String, lines: Schema.Array(Schema.String) })),
    unfinished: Schema.Array(
      Schema.Struct({ start: ExitRecord, state: Schema.String, reason: Schema.optional(Schema.String) })
    )
  })
)
