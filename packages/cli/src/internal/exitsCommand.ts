/**
 * `tether exits`: what has ended.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import type { FileError } from "@tether/host/FileError"
import * as TerminalText from "@tether/host/TerminalText"
import type * as ExitJournal from "@tether/journal/ExitJournal"
import { ends, ExitRecord } from "@tether/journal/ExitRecord"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { createColors } from "picocolors"
import type { Answer } from "./answer.js"
import { parseDuration } from "./duration.js"
import { exitRow, head } from "./exitRow.js"
import { jsonOf } from "./json.js"
import { flag, present, text, wrong } from "./options.js"
import type { Outlets } from "./outlets.js"
import { directory, readJournal } from "./readJournal.js"
import { growing } from "./table.js"
import * as texts from "./texts.js"

const { options } = texts.exits

interface Asked {
  readonly identity: Option.Option<string>
  readonly since: Option.Option<number>
  readonly follow: boolean
  readonly json: boolean
}

export const exitsCommand = (outlets: Outlets, give: (answer: Answer) => Effect.Effect<void>) =>
  Command.make(
    texts.exits.name,
    {
      identity: text(options.identity).pipe(Options.mapEffect(present(options.identity)), Options.optional),
      since: text(options.since).pipe(
        Options.mapEffect(present(options.since)),
        Options.mapEffect(timeOf),
        Options.optional
      ),
      follow: flag(options.follow),
      json: flag(options.json),
      directory
    },
    ({ directory, ...asked }) =>
      Effect.flatMap(
        readJournal(directory, outlets, (journal, path) => show(journal, path, asked, outlets)),
        give
      )
  ).pipe(Command.withDescription(texts.exits.summary))

/** So long ago, or a point in time as JavaScript reads it. */
const timeOf = (given: string) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const ago = parseDuration(given)
    // JavaScript takes a mere number for a year, and many another word for a time.
    const time = Option.isSome(ago)
      ? now - Duration.toMillis(ago.value)
      : /^\d{4}-\d\d-\d\d([T ]|$)/.test(given)
        ? Date.parse(given)
        : Number.NaN
    return Number.isNaN(time)
      ? wrong(`--since takes a duration like 30m, 2h or 7d, or a time like 2026-11-25T03:00Z, and not '${given}'`)
      : Effect.succeed(time)
  })

const show = (
  journal: ExitJournal.Reader,
  path: string,
  { follow, identity, json, since }: Asked,
  { closed, left, out }: Outlets
): Effect.Effect<Answer, FileError> =>
  Effect.gen(function* () {
    const query: ExitJournal.Query = {
      events: ends,
      identity: Option.getOrUndefined(identity),
      since: Option.getOrUndefined(since)
    }
    const records = follow ? journal.follow(query) : journal.records(query)
    const rows = growing(head, { width: out.width, overflow: "cut" })
    const toRow = exitRow(createColors(out.hasColours))
    const toLines = (some: ReadonlyArray<ExitRecord>) =>
      json ? some.map((record) => encode(record)) : rows(some.map(toRow))
    // The columns of a whole table are as wide as all that stands in them.
    const batches = follow || json ? Stream.chunks(records) : Stream.fromEffect(Stream.runCollect(records))
    const count = yield* Stream.runFoldEffect(batches, 0, (sum, batch) => {
      if (batch.length === 0) return Effect.succeed(sum)
      for (const line of toLines([...batch])) out.push(line)
      return Effect.as(out.settled, sum + batch.length)
    }).pipe(Effect.raceFirst(Effect.as(follow ? left : closed, 1)))
    const told = count === 0 ? `no such end is on record in ${TerminalText.quote(path)}` : undefined
    return { lines: [], told, code: 0 }
  })

const encode = jsonOf(ExitRecord)
