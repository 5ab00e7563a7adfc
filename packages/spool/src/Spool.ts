/**
 * Work that is deferred to disk, and drained later: nothing lost, and nothing done twice as far as keys can tell.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import type { LockHeld } from "@tether/host/LockHeld"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as SortableId from "@tether/host/SortableId"
import * as TerminalText from "@tether/host/TerminalText"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { ParseError } from "effect/ParseResult"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type { Answer } from "./Answer.js"
import type { DrainReport } from "./DrainReport.js"
import { enforceCaps } from "./internal/caps.js"
import { type DeadLetter, deadLetters, type Pending, peek, replay, type Stats, statsOf } from "./internal/contents.js"
import { makeDirectories } from "./internal/directory.js"
import { examine, type Finding } from "./internal/doctor.js"
import { drain } from "./internal/drain.js"
import { type Header, isTooLong, makeParser, maxLineBytes, parseHeader } from "./internal/format.js"
import { handOver } from "./internal/handOver.js"
import { safeName } from "./internal/names.js"
import { type Publication, publish } from "./internal/publish.js"
import type { Caps, Item, Setting } from "./internal/setting.js"
import { Tally } from "./internal/tally.js"

export type { Finding } from "./internal/doctor.js"
export type { DeadLetter, Pending, Stats } from "./internal/contents.js"
export type { Header } from "./internal/format.js"
export type { Retry } from "./internal/retry.js"
export type { Caps, Item } from "./internal/setting.js"

/**
 * What takes records. It may be given one again that it has taken already, after a crash: `key` is the same then.
 *
 * A failure or a defect counts as `Failed`, and so does an answer that does not come within `patience`.
 *
 * @example
 * ```ts
 * import * as Answer from "@tether/spool/Answer"
 * import type { Handler } from "@tether/spool/Spool"
 * import * as Effect from "effect/Effect"
 *
 * const seen = new Set<string>()
 * const handler: Handler<string> = ({ key, record }) =>
 *   seen.has(key) ? Effect.succeed(Answer.known) : Effect.as(Effect.log(record), (seen.add(key), Answer.done))
 * ```
 */
export type Handler<A, R = never> = (item: Item<A>) => Effect.Effect<Answer, unknown, R>

/**
 * What a spool is.
 *
 * - `directory`: made with mode 0700 where it is not there. Any number of programs may put and drain there.
 * - `schema`: of a record, which must be JSON when encoded.
 * - `version`: of the records that this program writes, and the newest that it reads. Default 1. Files of a later one
 *   are left alone.
 * - `keyOf`: by what a record is known again. Default: the name of its file and its place in it.
 * - `fsync`: whether a file is on the disk when `put` returns, and survives a power cut. Default true.
 * - `caps`: beyond these the oldest files are dropped, each with a line in `audit.log` and a warning. Default: none.
 * - `retry`: when a file of which something was not taken is tried again. When the schedule is done, the file is a dead
 *   letter. Default: after 60, 120 and 240 seconds.
 * - `patience`: how long a handler may take for one record. Default 10 seconds.
 *
 * @example
 * ```ts
 * import type { Options } from "@tether/spool/Spool"
 * import * as Schema from "effect/Schema"
 *
 * const mails: Options<string, string> = {
 *   directory: "/var/spool/mails",
 *   schema: Schema.String,
 *   caps: { files: 10_000 }
 * }
 * ```
 */
export interface Options<A, I> {
  readonly directory: string
  readonly schema: Schema.Schema<A, I>
  readonly version?: number | undefined
  readonly keyOf?: ((record: A) => string) | undefined
  readonly fsync?: boolean | undefined
  readonly caps?: Caps | undefined
  readonly retry?: Schedule.Schedule<unknown> | undefined
  readonly patience?: Duration.DurationInput | undefined
}

/**
 * What one pass may take. Whatever is left is for the next one.
 *
 * @example
 * ```ts
 * import type { Budget } from "@tether/spool/Spool"
 *
 * const brief: Budget = { records: 50, time: "1 second" }
 * ```
 */
export interface Budget {
  /** Default 500. */
  readonly records?: number | undefined
  /** Of the lines. Default 64 MiB. */
  readonly bytes?: number | undefined
  /** Default 10 seconds. */
  readonly time?: Duration.DurationInput | undefined
}

/**
 * How a file is named, and what is in its first line besides the version.
 *
 * @example
 * ```ts
 * import type { PutOptions } from "@tether/spool/Spool"
 *
 * const options: PutOptions = { name: "session-42", header: { cwd: "/home/dev/project" } }
 * ```
 */
export interface PutOptions {
  /**
   * The beginning of the name. What is not fit for a name is replaced. Files are drained in the order of their names.
   */
  readonly name?: string | undefined
  readonly header?: Readonly<Record<string, unknown>> | undefined
}

/**
 * How many records were new, known already, not wanted, not taken.
 *
 * @example
 * ```ts
 * import type { Taken } from "@tether/spool/Spool"
 *
 * const isAll = ({ failed }: Taken) => failed === 0
 * ```
 */
export interface Taken {
  readonly inserted: number
  readonly reinforced: number
  readonly skipped: number
  readonly failed: number
}

/**
 * A spool.
 *
 * - `put`: writes records into one new file, which is there whole or not at all, and answers with its path. It fails if
 *   it cannot: then nothing is there. So it does for what could not be drained: a record of more than 16 MiB, a header
 *   that is no JSON or says another version.
 * - `drain`: one pass. Each file is claimed, so that no other drainer has it, and its records are handed over in their
 *   order; it is removed when all are settled, and kept otherwise. What is wrong with one file does not concern the
 *   others: one that has used up the time of a pass, or of which something was not taken then, goes behind them in the
 *   next. Interrupted, it gives back what it has, with its progress.
 * - `take`: hands records over now, as the lines of a file are, though they were on no disk. It answers how many were
 *   taken; of a later version none is.
 * - `peek`: the files that are to be drained next, with their records. `stats`: how much there is.
 * - `deadLetters`: files that are not tried any more. `replay`: has them, or one of them, tried again, and answers how
 *   many.
 * - `doctor`: what will not be drained by itself, and why.
 *
 * @example
 * ```ts
 * import * as Answer from "@tether/spool/Answer"
 * import type { Spool } from "@tether/spool/Spool"
 * import * as Effect from "effect/Effect"
 *
 * const postpone = (spool: Spool<string>) => spool.put(["to be done"], { name: "night" })
 * const catchUp = (spool: Spool<string>) => spool.drain(({ record }) => Effect.as(Effect.log(record), Answer.done))
 * ```
 */
export interface Spool<A> {
  readonly directory: string
  readonly put: (records: Iterable<A>, options?: PutOptions) => Effect.Effect<string, FileError | ParseError>
  readonly drain: <R>(handler: Handler<A, R>, budget?: Budget) => Effect.Effect<DrainReport, FileError | LockHeld, R>
  readonly take: <R>(
    header: Header,
    lines: ReadonlyArray<string>,
    handler: Handler<A, R>
  ) => Effect.Effect<Taken, never, R>
  readonly peek: (count?: number) => Effect.Effect<ReadonlyArray<Pending<A>>, FileError>
  readonly stats: Effect.Effect<Stats, FileError>
  readonly deadLetters: Effect.Effect<ReadonlyArray<DeadLetter>, FileError>
  readonly replay: (file?: string) => Effect.Effect<number, FileError>
  readonly doctor: Effect.Effect<ReadonlyArray<Finding>, FileError>
}

/**
 * A spool in a directory.
 *
 * Limits. The file system must have hard links. Whether a record is handed over again after a crash is not ours to
 * prevent (nobody can tell a handler that was killed before it took a record from one that was killed after): keys are
 * there for that. Files that a drainer of another pid namespace has claimed are left to it, also when it is gone.
 *
 * @example
 * ```ts
 * import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
 * import * as ProcessIdentity from "@tether/host/ProcessIdentity"
 * import * as Answer from "@tether/spool/Answer"
 * import * as Spool from "@tether/spool/Spool"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Schema from "effect/Schema"
 *
 * const program = Effect.gen(function*() {
 *   const spool = yield* Spool.make({ directory: "/tmp/demo/mails", schema: Schema.Struct({ to: Schema.String }) })
 *   yield* spool.put([{ to: "ada" }, { to: "grace" }])
 *   return yield* spool.drain(({ record }) => Effect.as(Effect.log(record.to), Answer.done))
 * }).pipe(Effect.provide(Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer)))
 * ```
 */
export const make = <A, I>(
  options: Options<A, I>
): Effect.Effect<Spool<A>, FileError, FileSystem.FileSystem | ProcessIdentity> =>
  Effect.gen(function* () {
    const { directory } = options
    yield* makeDirectories(directory)
    const context = yield* Effect.context<FileSystem.FileSystem | ProcessIdentity>()
    const encode = Schema.encode(Schema.parseJson(options.schema))
    const { keyOf } = options
    const delayAfter = delays(options.retry ?? backoff)
    const setting: Setting<A> = {
      directory,
      version: options.version ?? 1,
      fsync: options.fsync ?? true,
      caps: options.caps ?? {},
      encode,
      parse: makeParser(options.schema),
      keyOf: keyOf ?? ((_, { file, position }) => `${file}#${position}`),
      delayAfter,
      longestWait: yield* longestOf(delayAfter),
      patience: Duration.decode(options.patience ?? "10 seconds"),
      unsaved: new Map()
    }
    const nextId = SortableId.make()
    return {
      directory,
      put: (records, { header, name } = {}) =>
        Effect.gen(function* () {
          const lines = yield* Effect.forEach(records, (record) => encode(record))
          const id = nextId(yield* Clock.currentTimeMillis)
          const publication: Publication = {
            directory,
            name: name === undefined ? id : `${safeName(name)}-${id}`,
            header: { version: setting.version, ...header },
            lines,
            fsync: setting.fsync
          }
          yield* drainable(publication, setting.version)
          const path = yield* Effect.catchIf(
            publish(publication),
            ({ reason }) => reason === "NotFound",
            () =>
              // Somebody has removed the directory since.
              Effect.zipRight(makeDirectories(directory), publish(publication))
          )
          yield* enforceCaps(setting)
          return path
        }).pipe(Effect.provide(context)),
      drain: <R>(handler: Handler<A, R>, budget: Budget = {}) =>
        drain(setting, handler, {
          records: budget.records ?? 500,
          bytes: budget.bytes ?? 64 * 1024 * 1024,
          time: Duration.toMillis(budget.time ?? "10 seconds")
        }).pipe(
          Effect.tap(tell(directory)),
          Effect.mapInputContext((given: Context.Context<R>) => Context.merge(given, context))
        ),
      take: (header, lines, handler) => take(setting, header, lines, handler),
      peek: (count = 10) => Effect.provide(peek(setting, count), context),
      stats: Effect.provide(statsOf(setting), context),
      deadLetters: Effect.provide(deadLetters(directory), context),
      replay: (file) => Effect.provide(replay(directory, file), context),
      doctor: Effect.provide(examine(setting), context)
    }
  })

/** After the first failure, the second, and the third. */
const backoff = Schedule.intersect(Schedule.exponential("60 seconds"), Schedule.recurs(3))

/** How long a schedule waits after so many steps. The step at which it is done is the last one that it tells of. */
const delays =
  (schedule: Schedule.Schedule<unknown>) =>
  (attempts: number): Effect.Effect<number | undefined> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Schedule.run(
        Schedule.delays(schedule),
        now,
        Array.from({ length: attempts + 1 }, () => undefined)
      )
    ).pipe(
      Effect.map((waits) =>
        waits.length <= attempts ? undefined : Duration.toMillis(Chunk.unsafeGet(waits, attempts - 1))
      )
    )

/** What nobody could drain is not to be put. */
const drainable = ({ directory, header, lines }: Publication, version: number): Effect.Effect<void, FileError> => {
  const refuse = (problem: string) => Effect.fail(FileAttempt.refused("put a file into", directory, "Invalid", problem))
  const first = Either.flatMap(
    Either.try(() => JSON.stringify(header)),
    parseHeader
  )
  if (Either.isLeft(first)) return refuse("its header is no JSON")
  if (first.right.version !== version) return refuse(`its header may not say another version than ${version}`)
  if ([JSON.stringify(header), ...lines].some(isTooLong))
    return refuse(`a line of it is longer than ${maxLineBytes} bytes`)
  return Effect.void
}

/** Of a schedule without an end, what it comes to in so many steps. */
const mostSteps = 100

/** The longest of its delays. One with chance in it may come to more another time, but not to twice as much. */
const longestOf = (delayAfter: Setting<unknown>["delayAfter"]): Effect.Effect<number> =>
  Effect.gen(function* () {
    let longest = 0
    for (let attempts = 1; attempts <= mostSteps; attempts++) {
      const delay = yield* delayAfter(attempts)
      if (delay === undefined) break
      longest = Math.max(longest, delay)
    }
    return longest * 2
  })

const take = <A, R>(setting: Setting<A>, header: Header, lines: ReadonlyArray<string>, handler: Handler<A, R>) =>
  Effect.gen(function* () {
    if (header.version > setting.version) {
      yield* Effect.logWarning(
        `records of version ${header.version} are not taken: this program knows ${setting.version}`
      )
      return { inserted: 0, reinforced: 0, skipped: 0, failed: lines.length }
    }
    const tally = new Tally({ records: Infinity, bytes: Infinity, time: Infinity }, 0)
    for (const [index, text] of lines.entries()) {
      const { answer } = yield* handOver(setting, handler, { name: "live", header, text, position: index + 1 })
      tally.answered(answer, text.length)
    }
    const { failed, inserted, reinforced, skipped } = tally.report("end", 0)
    return { inserted, reinforced, skipped, failed }
  })

const tell =
  (directory: string) =>
  (report: DrainReport): Effect.Effect<void> => {
    const { filesDrained, filesFailed } = report
    const log = filesFailed > 0 ? Effect.logWarning : filesDrained > 0 ? Effect.logInfo : Effect.logDebug
    return Effect.annotateLogs(log(`drained ${TerminalText.quote(directory)}`), { ...report })
  }
