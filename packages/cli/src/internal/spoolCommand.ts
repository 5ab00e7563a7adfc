/**
 * `tether spool`: what hooks have deferred.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import type * as FileSystem from "@effect/platform/FileSystem"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as TerminalText from "@tether/host/TerminalText"
import * as CaptureHandler from "@tether/spool/CaptureHandler"
import * as Captures from "@tether/spool/Captures"
import type { DrainReport } from "@tether/spool/DrainReport"
import * as SpoolDaemon from "@tether/spool/SpoolDaemon"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import { formatAge } from "./age.js"
import type { Answer } from "./answer.js"
import { toJson } from "./json.js"
import * as lineLogger from "./lineLogger.js"
import { unknownAction } from "./misuse.js"
import { flag, wrong } from "./options.js"
import type { Outlets } from "./outlets.js"
import { host } from "./readJournal.js"
import { serve } from "./spoolServe.js"
import { install, uninstall } from "./spoolUnits.js"
import { table } from "./table.js"
import * as texts from "./texts.js"
import { isMarked, withoutMark } from "./words.js"

const { options } = texts.spool

interface Asked {
  readonly subject: string | undefined
  readonly json: boolean
  readonly records: number | undefined
}

type Action = (
  asked: Asked,
  outlets: Outlets
) => Effect.Effect<Answer, { readonly message: string }, FileSystem.FileSystem | ProcessIdentity>

const positive = (given: number) =>
  given > 0 ? Effect.succeed(given) : wrong(`--records takes a number above 0, and not ${given}`)

const word = (given: string) => (isMarked(given) ? withoutMark(given) : given)

export const spoolCommand = (outlets: Outlets, give: (answer: Answer) => Effect.Effect<void>) =>
  Command.make(
    texts.spool.name,
    {
      action: Args.text({ name: "ACTION" }).pipe(Args.map(word), Args.mapEffect(known)),
      subject: Args.text({ name: "FILE" }).pipe(Args.map(word), Args.optional),
      json: flag(options.json),
      records: Options.integer(options.records.name).pipe(
        Options.withDescription(options.records.text.join(" ")),
        Options.mapEffect(positive),
        Options.optional
      )
    },
    ({ action, json, records, subject }) =>
      action({ subject: Option.getOrUndefined(subject), json, records: Option.getOrUndefined(records) }, outlets).pipe(
        Effect.catchAll((error) => Effect.succeed({ lines: [], told: error.message, code: 1 })),
        Effect.provide(host),
        Effect.provide(
          Logger.replace(
            Logger.defaultLogger,
            lineLogger.make(outlets, { outletOf: () => outlets.err, withPrefix: false })
          )
        ),
        Effect.flatMap(give)
      )
  ).pipe(Command.withDescription(texts.spool.summary))

const list: Action = ({ json }, { out }) =>
  Effect.gen(function* () {
    const spool = yield* Captures.deferred
    const [stats, files, dead] = [
      yield* spool.stats,
      yield* spool.peek(Number.POSITIVE_INFINITY),
      yield* spool.deadLetters
    ]
    const shown = files.map(({ file, header, records, retry }) => ({
      file,
      session: stringIn(header?.["session_id"]),
      deferredAt: stringIn(header?.["deferred_at"]),
      records: records.length,
      retry
    }))
    if (json) return { lines: [toJson({ directory: spool.directory, stats, files: shown, dead })], code: 0 }
    const now = yield* Clock.currentTimeMillis
    const rows = [
      ...shown.map(({ deferredAt, file, records, retry, session }) => [
        retry !== undefined && retry.at > now ? "waiting" : "ready",
        ageOf(deferredAt, now),
        String(records),
        line(session),
        line(file),
        retry === undefined ? "-" : retry.at > now ? `in ${formatAge(now, retry.at)}` : "now",
        line(retry?.error)
      ]),
      ...dead.map(({ error, file, since, unsettled }) => [
        "dead",
        formatAge(since, now),
        String(unsettled),
        "-",
        line(file),
        "-",
        line(error)
      ])
    ]
    if (rows.length === 0)
      return { lines: [], told: `nothing is deferred in ${TerminalText.quote(spool.directory)}`, code: 0 }
    const head = ["STATE", "AGE", "RECORDS", "SESSION", "FILE", "NEXT TRY", "REASON"]
    return { lines: table(head, rows, { width: out.width, overflow: "cut" }), code: 0 }
  })

/** A header is written by others: what should be a text may be any value. */
const stringIn = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined)

const line = (text: string | undefined): string => (text === undefined ? "-" : TerminalText.sanitize(text))

const ageOf = (text: string | undefined, now: number): string => {
  const time = text === undefined ? Number.NaN : Date.parse(text)
  return formatAge(Number.isNaN(time) ? undefined : time, now)
}

/** So many records are taken at once, so that an interruption loses little. */
const perPass = 1000

const drain: Action = ({ json, records = Number.POSITIVE_INFINITY }) =>
  Effect.gen(function* () {
    const spool = yield* Captures.deferred
    const handler = yield* CaptureHandler.configured
    let sum = yield* spool.drain(handler, { records: Math.min(records, perPass) })
    while (sum.stoppedBy !== "end" && handled(sum) < records) {
      const next = yield* spool.drain(handler, { records: Math.min(records - handled(sum), perPass) })
      if (handled(next) === 0) break
      sum = added(sum, next)
    }
    const code = sum.failed + sum.filesFailed > 0 ? 1 : 0
    if (json) return { lines: [toJson(sum)], code }
    const told = `${sum.inserted} new, ${sum.reinforced} known, ${sum.skipped} not wanted, ${sum.failed} not taken; ${sum.filesDrained} files are done, ${sum.remaining} are left`
    return { lines: [told], code }
  })

const handled = ({ failed, inserted, reinforced, skipped }: DrainReport): number =>
  inserted + reinforced + skipped + failed

const added = (a: DrainReport, b: DrainReport): DrainReport => ({
  ...b,
  filesDrained: a.filesDrained + b.filesDrained,
  filesFailed: a.filesFailed + b.filesFailed,
  inserted: a.inserted + b.inserted,
  reinforced: a.reinforced + b.reinforced,
  skipped: a.skipped + b.skipped,
  failed: a.failed + b.failed
})

const replay: Action = ({ json, subject }) =>
  Effect.gen(function* () {
    const count = yield* (yield* Captures.deferred).replay(subject)
    return {
      lines: [json ? toJson({ replayed: count }) : `${count} dead letters will be tried again`],
      code: 0
    }
  })

const examine: Action = ({ json }, { out }) =>
  Effect.gen(function* () {
    const spool = yield* Captures.deferred
    const findings = yield* spool.doctor
    // A waiting file needs no person: the next drain after its time takes it.
    const code = findings.every(({ kind }) => kind === "waiting") ? 0 : 1
    if (json) return { lines: [toJson({ directory: spool.directory, findings })], code }
    if (findings.length === 0) return { lines: ["nothing is stranded"], code }
    const rows = findings.map(({ file, kind, problem }) => [kind, line(file), line(problem)])
    return { lines: table(["KIND", "FILE", "PROBLEM"], rows, { width: out.width, overflow: "wrap" }), code }
  })

const unlock: Action = ({ json }) =>
  Effect.gen(function* () {
    const held = yield* SpoolDaemon.owner(yield* Captures.deferred)
    if (held === undefined) return { lines: [json ? toJson({ owner: null }) : "no daemon has the spool"], code: 0 }
    const said = { owner: held.owner, liveness: held.liveness }
    return json ? { lines: [toJson(said)], code: 1 } : { lines: [], told: held.message, code: 1 }
  })

const actions: Readonly<Record<(typeof texts.spoolActions)[number]["name"], Action>> = {
  serve,
  ls: list,
  drain,
  replay,
  doctor: examine,
  unlock,
  install,
  uninstall
}

const names = texts.spoolActions.map(({ name }) => name)

const known = (given: string) => {
  const name = names.find((one) => one === given)
  return name === undefined
    ? Effect.fail(HelpDoc.p(unknownAction("spool", given, names)))
    : Effect.succeed(actions[name])
}
