/**
 * Lines that no journal has written, and records that none of its readers would take.
 */
import { describe, expect, it } from "@effect/vitest"
import * as ExitJournal from "@tether/journal/ExitJournal"
import * as RestartTally from "@tether/journal/RestartTally"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { fromLine } from "../../src/internal/line.js"
import { folder, host, inFile, linesIn } from "../support/journal.js"

const now = Date.now()
const good = { id: "01A", ts: now, ev: "session-exit", identity: "web", deadStatus: 1, endedBy: "child" }
const ansi = "\x1b]52;c;aGk=\x07"

const fields: ReadonlyArray<object> = [
  ...[1e308, -1e308, 8.64e15 + 1, -8.64e15 - 1, null, "0", true].map((ts) => ({ ts })),
  ...["", `0${ansi}`, "a\nb", "\u009b2J", "a\u2028b", 7, null].map((id) => ({ id })),
  ...["", ansi, "a\u202eb", 7].map((start) => ({ start })),
  ...[`${ansi}SIGKILL`, "SIGNOTHING", "KILL", "sigkill", "", 9].map((deadSignal) => ({
    deadStatus: undefined,
    deadSignal
  })),
  ...[0, -1, 1.5, 1e308, "1"].map((pid) => ({ pid })),
  ...[1e308, -1e308, "1", null].map((uptime) => ({ uptime })),
  ...[1.5, 1e308, "1"].map((deadStatus) => ({ deadStatus })),
  ...[-1, 1.5, 1e308].map((memory) => ({ memory })),
  { writer: ansi },
  { startToken: "" },
  { bootId: "\x07" },
  { pidNamespace: "a\nb" },
  { ev: "session-end" },
  { identity: 7 },
  { endedBy: "nobody" },
  { lastLines: 7 },
  { oom: { certainty: "sure", evidence: "x" } }
]

const json = fields.map((bad) => JSON.stringify({ ...good, ...bad }))

const logfmt = [
  "ts=+999999-01-01T00:00:00.000Z ev=session-exit identity=web dead_status=1 dead_signal= id=01A",
  "ts=1e308 ev=session-exit identity=web dead_status=1 dead_signal= id=01A",
  "ts=2026-01-01T00:00:00.000Z ev=session-exit identity=web dead_status= dead_signal=SIGNOTHING id=01A",
  `ts=2026-01-01T00:00:00.000Z ev=session-exit identity=web dead_status= dead_signal="\\u001b[2J" id=01A`,
  `ts=2026-01-01T00:00:00.000Z ev=session-exit identity=web dead_status=1 dead_signal= id="\\u001b[2J"`,
  "ts=2026-01-01T00:00:00.000Z ev=session-exit identity=web dead_status=1e308 dead_signal= id=01A",
  "ts=2026-01-01T00:00:00.000Z ev=session-exit identity=web dead_status=1 dead_signal= id=01A uptime_ms=1e308",
  "ts=2026-01-01T00:00:00.000Z ev=session-exit identity=web dead_status=1 dead_signal= id=01A pid=0"
]

const others = [
  "{",
  "[]",
  "null",
  "7",
  `"web"`,
  "\x1b[2J",
  `{"identity":"web"}`,
  "web web web",
  '{"__proto__":{"id":"web"}}'
]

const bad = [...json, ...logfmt, ...others]

describe("a line of another writer", () => {
  it("is no record where a field is none", () => {
    expect(Option.isSome(fromLine(JSON.stringify(good)))).toBe(true)
    for (const line of bad) expect(fromLine(line), line).toEqual(Option.none())
  })

  it("may have any text where a person reads it", () => {
    for (const field of ["identity", "command", "cwd", "reason", "stopStep", "cause", "commands", "lastLines", "host"])
      expect(Option.isSome(fromLine(JSON.stringify({ ...good, [field]: `${ansi}\u2028` }))), field).toBe(true)
    for (const deadSignal of ["SIGKILL", "SIGRTMIN+3", "SIGRTMAX-1", "SIG50"])
      expect(Option.isSome(fromLine(JSON.stringify({ ...good, deadStatus: undefined, deadSignal }))), deadSignal).toBe(
        true
      )
  })

  it.scoped("costs no reader the records around it, and is counted and told once", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const start = { ...good, id: "01B", ev: "session-start", deadStatus: undefined, endedBy: undefined, pid: 1 }
      writeFileSync(
        join(directory, "exits.log"),
        `${[JSON.stringify(good), ...bad, JSON.stringify(start), JSON.stringify({ ...good, id: "01C" })].join("\n")}\n`
      )
      const said: Array<string> = []
      const log = Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ message }) => void said.push(String(message)))
      )
      yield* Effect.gen(function* () {
        const journal = yield* ExitJournal.reader(directory).pipe(Effect.provide(host))
        const ids = Effect.map(Stream.runCollect(journal.records()), (records) => [...records].map(({ id }) => id))
        expect(yield* ids).toEqual(["01A", "01B", "01C"])
        expect(said).toEqual([
          `in "${directory}/exits.log", ${bad.length} lines are not records that this version knows: torn, written by another program, or newer`
        ])
        expect([...(yield* Stream.runCollect(journal.newestFirst()))].map(({ id }) => id)).toEqual([
          "01C",
          "01B",
          "01A"
        ])
        expect([...(yield* Stream.runCollect(Stream.take(journal.follow(), 3)))]).toHaveLength(3)
        expect(Option.map(yield* journal.lastExit("web"), ({ id }) => id)).toEqual(Option.some("01C"))
        expect((yield* journal.unfinished()).map(({ start }) => start.id)).toEqual(["01B"])
        expect(said).toHaveLength(1)
      }).pipe(Effect.provide(log))
      yield* TestClock.setTime(now)
      const deaths = yield* RestartTally.deaths("web", { window: "1 hour" }).pipe(
        Effect.provide(Layer.provideMerge(inFile(directory), log))
      )
      expect(deaths.map(({ id }) => id)).toEqual(["01A", "01C"])
    })
  )
})

describe("a record that no reader would take", () => {
  it.scoped.each(["logfmt", "json"] as const)("is refused, and nothing of it is written: %s", (format) =>
    Effect.gen(function* () {
      const directory = yield* folder
      const outcomes = yield* Effect.flatMap(ExitJournal.ExitJournal, (journal) =>
        Effect.forEach([{ ts: 1e308 }, { id: ansi }, { deadSignal: "SIGNOTHING" }, { pid: -1 }], (draft) =>
          Effect.flip(journal.append({ ev: "session-exit", identity: "web", ...draft }))
        )
      ).pipe(Effect.provide(inFile(directory, { format })))
      expect(outcomes.map(({ _tag, reason }) => `${_tag} ${reason}`)).toEqual(Array(4).fill("FileError Invalid"))
      expect(outcomes[0]?.message).toMatch(/^cannot append to ".*\/exits\.log": ts: /)
      expect(linesIn(directory)).toEqual([])
    })
  )
})
