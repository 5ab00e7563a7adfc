/**
 * That a journal is not read again as a whole to know what has no end, and that this is never seen in the answer.
 */
import { describe, expect, it } from "@effect/vitest"
import * as ExitJournal from "@tether/journal/ExitJournal"
import * as FaultyDisk from "@tether/vitest/FaultyDisk"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestContext from "effect/TestContext"
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { host, inFile, quiet } from "../support/journal.js"

const start = (id: string) => `ts=2026-01-01T00:00:00.000Z ev=session-start identity=it id=${id} writer=1:1`
const end = (id: string) =>
  `ts=2026-01-01T00:00:01.000Z ev=session-exit identity=it dead_status=0 dead_signal= id=E${id} start=${id} ended_by=child`
const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
const gone = (id: string) => `${start(id)} pid=4194300 start_token=1 boot_id=${boot}`
const asJson = (id: string) => JSON.stringify({ id, ts: 0, ev: "session-start", identity: "it", writer: "1:1" })

/** Long enough that it is worth remembering what it was. */
const longPast = (name: string, count = 700) =>
  Array.from({ length: count }, (_, index) => `${start(`${name}${index}`)}\n${end(`${name}${index}`)}\n`).join("")

const open = (directory: string) =>
  Effect.scoped(Effect.asVoid(Layer.build(inFile(directory)))).pipe(
    Effect.provide(quiet),
    Effect.provide(TestContext.TestContext)
  )

const unfinished = (directory: string) =>
  Effect.flatMap(ExitJournal.reader(directory), (journal) => journal.unfinished()).pipe(
    Effect.map((found) => found.map(({ start: { id } }) => id).sort()),
    Effect.provide(host)
  )

/** What a reader of all the records finds. */
const truly = (directory: string) =>
  Effect.flatMap(ExitJournal.reader(directory), (journal) => Stream.runCollect(journal.records())).pipe(
    Effect.map((records) => {
      const ended = new Set([...records].map((record) => record.start))
      return [...records].flatMap(({ ev, id }) => (ev === "session-start" && !ended.has(id) ? [id] : [])).sort()
    }),
    Effect.provide(host)
  )

/** Each start is written once: what a line says is known by its place among the steps. */
const line = fc.oneof(
  fc.constant((place: number) => start(`S${place}`)),
  fc.constant((place: number) => gone(`S${place}`)),
  fc.constant((place: number) => asJson(`S${place}`)),
  fc.nat(40).map((of) => () => end(`S${of}`)),
  fc.constantFrom("", "torn identity=", "{", `${end("S1")}ts=2026-01-01T00:00:00.000Z`).map((text) => () => text)
)
const past = (place: number) => longPast(`P${place}-`)
const happenings = ["rotate", "open", "open", "open", "forget", "damage", "change", "drop"] as const
const step = fc.oneof(
  { weight: 8, arbitrary: line },
  { weight: 1, arbitrary: fc.constant(past) },
  { weight: 3, arbitrary: fc.constantFrom(...happenings) }
)

describe("what has no end", () => {
  it("is the same with what is remembered and without, whatever has become of the files", () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const directory = mkdtempSync(join(tmpdir(), "tether-index-"))
        const active = join(directory, "exits.log")
        let rotated = 0
        try {
          for (const [place, step] of steps.entries()) {
            const index = join(directory, "exits.index")
            if (typeof step === "function") appendFileSync(active, `${step(place)}\n`)
            else if (step === "open") await Effect.runPromise(open(directory))
            else if (step === "rotate" && existsSync(active)) renameSync(active, `${active}.${++rotated}`)
            else if (step === "forget") rmSync(index, { force: true })
            else if (step === "damage" && existsSync(index)) writeFileSync(index, readFileSync(index).subarray(0, -10))
            else if (step === "change" && existsSync(active))
              writeFileSync(active, `${start(`S${place}`)}\n${longPast(`Q${place}-`)}`)
            else if (step === "drop" && rotated > 0) rmSync(`${active}.${rotated}`, { force: true })
          }
          expect(await Effect.runPromise(unfinished(directory))).toEqual(await Effect.runPromise(truly(directory)))
        } finally {
          rmSync(directory, { recursive: true })
        }
      }),
      { numRuns: 60 }
    ))

  it.effect("is found in a long journal by reading what is new", () =>
    Effect.gen(function* () {
      const directory = mkdtempSync(join(tmpdir(), "tether-index-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(directory, { recursive: true })))
      writeFileSync(join(directory, "exits.log.1"), longPast("old", 20_000))
      writeFileSync(join(directory, "exits.log"), `${longPast("new", 10_000)}${gone("OPEN")}\n`)
      let reads = 0
      const counting = Layer.merge(
        host,
        FaultyDisk.layer((operation, path) => {
          if (operation === "read" && path.includes("exits.log")) reads++
        })
      )
      const readsOf = (what: Effect.Effect<unknown, unknown, never>) =>
        Effect.suspend(() => {
          reads = 0
          return Effect.map(what, () => reads)
        })
      const opening = Effect.scoped(Layer.build(Layer.provide(ExitJournal.layerFile({ directory }), counting)))
      // 64 KiB each.
      expect(yield* readsOf(opening)).toBeGreaterThan(80)
      // It has given an end to the one that had none.
      expect(yield* truly(directory)).toEqual([])
      appendFileSync(join(directory, "exits.log"), `${longPast("x", 10)}${gone("LATER")}\n`)
      expect(yield* readsOf(opening)).toBeLessThan(30)
      expect(yield* truly(directory)).toEqual([])
      const last = Effect.flatMap(ExitJournal.reader(directory), (journal) => journal.lastExit("it")).pipe(
        Effect.provide(counting)
      )
      expect(yield* readsOf(last)).toBeLessThan(6)
      expect(Option.getOrThrow(yield* last)).toMatchObject({ start: "LATER", endedBy: "unknown" })
    }).pipe(Effect.scoped)
  )

  it.effect("is not remembered of a short journal, nor by one who only reads", () =>
    Effect.gen(function* () {
      const directory = mkdtempSync(join(tmpdir(), "tether-index-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(directory, { recursive: true })))
      writeFileSync(join(directory, "exits.log"), longPast("a", 5))
      yield* open(directory)
      expect(readdirSync(directory)).not.toContain("exits.index")
      appendFileSync(join(directory, "exits.log"), longPast("b"))
      yield* unfinished(directory)
      expect(readdirSync(directory)).not.toContain("exits.index")
      yield* open(directory)
      expect(statSync(join(directory, "exits.index")).mode & 0o777).toBe(0o600)
      unlinkSync(join(directory, "exits.log"))
      expect(yield* unfinished(directory)).toEqual([])
    }).pipe(Effect.scoped)
  )
})

describe("records, newest first", () => {
  it.effect("are those of the journal, backwards, whatever is asked for", () =>
    Effect.gen(function* () {
      const directory = mkdtempSync(join(tmpdir(), "tether-index-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(directory, { recursive: true })))
      writeFileSync(join(directory, "exits.log.1"), `${longPast("a", 3)}${asJson("J")}\ntorn\n`)
      writeFileSync(
        join(directory, "exits.log"),
        `${longPast("b", 3)}${start("A").replace("identity=it", 'identity="it\'s é"')}\n`
      )
      const journal = yield* Effect.provide(ExitJournal.reader(directory), host)
      const time = Date.parse("2026-01-01T00:00:00.500Z")
      const queries: ReadonlyArray<ExitJournal.Query> = [
        {},
        { identity: "it" },
        { identity: "it's é" },
        { identity: "" },
        { identity: "'" },
        { events: ["session-exit"] },
        { since: time },
        { until: time },
        { until: time + 500.5, since: time + 499.5 },
        { since: -1e20 },
        { until: Number.POSITIVE_INFINITY }
      ]
      const every = [...(yield* Stream.runCollect(journal.records()))]
      expect(every).toHaveLength(14)
      for (const query of queries) {
        const asked = every.filter(
          ({ ev, identity, ts }) =>
            (query.identity === undefined || identity === query.identity) &&
            (query.events?.includes(ev) ?? true) &&
            ts >= (query.since ?? -Infinity) &&
            ts < (query.until ?? Infinity)
        )
        expect([...(yield* Stream.runCollect(journal.records(query)))]).toEqual(asked)
        expect([...(yield* Stream.runCollect(journal.newestFirst(query)))]).toEqual(asked.reverse())
      }
    }).pipe(Effect.scoped)
  )
})
