import { describe, expect, it } from "@effect/vitest"
import { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { tidy } from "../../src/internal/tidy.js"
import { files, hasProc } from "../support/files.js"

const hour = 3_600_000

const [first, second, third] = [
  "01M8JEDZRS5537NH45KSMPWA31",
  "01M8JEDZRS5537NH45KSMPWA32",
  "01M8JEDZRS5537NH45KSMPWA33"
]

const suffixes = ["gate", "sock", "end", "unwritten.delivery"]

/** What is left of files that are so many hours old. */
const leftOf = (files: ReadonlyArray<readonly [name: string, content: string, hours: number]>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-tidy-"))),
    (path) =>
      Effect.gen(function* () {
        for (const [name, content, hours] of files) {
          writeFileSync(join(path, name), content)
          utimesSync(join(path, name), new Date(Date.now() - hours * hour), new Date(Date.now() - hours * hour))
        }
        yield* TestClock.setTime(Date.now())
        yield* tidy(path)
        return readdirSync(path).sort()
      }),
    (path) => Effect.sync(() => rmSync(path, { recursive: true }))
  )

const own = Effect.flatMap(ProcessIdentity, (processes) =>
  Effect.orDie(Effect.flatten(processes.identify(process.pid)))
)
const ended = JSON.stringify({ pid: 4711, startToken: "1" })
const elsewhere = JSON.stringify({ pid: 4711, startToken: "1", pidNamespace: "elsewhere" })

describe.skipIf(!hasProc)("the directory of a server", () => {
  it.effect("loses what sessions have left that have ended, a day later", () =>
    Effect.gen(function* () {
      const old = ["unwritten", ...suffixes].map((suffix) => [`${first}.${suffix}`, ended, 25] as const)
      const young = ["unwritten", ...suffixes].map((suffix) => [`${second}.${suffix}`, ended, 23] as const)
      const alone = [`${third}.end`, "", 25] as const
      expect(yield* leftOf([...old, ...young, alone])).toEqual(young.map(([name]) => name).sort())
    }).pipe(Effect.provide(files))
  )

  it.effect("keeps what belongs to sessions that live, at whatever server, or of which that cannot be told", () =>
    Effect.gen(function* () {
      const alive = JSON.stringify(yield* own)
      const files = [
        [first, alive],
        [second, elsewhere]
      ].flatMap(([id, content = ""]) =>
        ["unwritten", ...suffixes].map((suffix) => [`${id}.${suffix}`, content, 1000] as const)
      )
      expect(yield* leftOf(files)).toEqual(files.map(([name]) => name).sort())
    }).pipe(Effect.provide(files))
  )

  it.effect("keeps for 14 days what does not tell whose it is", () =>
    Effect.gen(function* () {
      const of = (id: string, hours: number) =>
        [
          [`${id}.unwritten`, "", hours],
          [`${id}.sock`, "", hours]
        ] as const
      const lostWriter = [`${third}.sock`, "", 13 * 24] as const
      expect(yield* leftOf([...of(first, 13 * 24), ...of(second, 15 * 24), lostWriter])).toEqual([
        `${first}.sock`,
        `${first}.unwritten`,
        `${third}.sock`
      ])
    }).pipe(Effect.provide(files))
  )

  it.effect("loses unfinished files, and those with an environment in them first", () =>
    Effect.gen(function* () {
      const digits = "0123456789abcdef01234567"
      const alive = JSON.stringify(yield* own)
      expect(
        yield* leftOf([
          [`${first}.unwritten`, alive, 30],
          [`.${first}.gate.${digits}.tmp`, "secret", 2],
          [`.${second}.gate.${digits}.tmp`, "secret", 0.5],
          [`.${third}.unwritten.${digits}.tmp`, "", 25]
        ])
      ).toEqual([`.${second}.gate.${digits}.tmp`, `${first}.unwritten`])
    }).pipe(Effect.provide(files))
  )

  it.effect("loses marks of servers that have ended, and nothing that is not of sessions", () =>
    Effect.gen(function* () {
      const others = ["default.commands", "ended-x.commands", "notes", "0123456789.sock"].map(
        (name) => [name, "", 1000] as const
      )
      const marks = [
        ["ended-12-34-_tmp_exits-01234567", "", 25],
        ["ended-13-34-_tmp_exits-01234567", "", 23]
      ] as const
      expect(yield* leftOf([...others, ...marks])).toEqual([...others.map(([name]) => name), marks[1][0]].sort())
    }).pipe(Effect.provide(files))
  )
})
