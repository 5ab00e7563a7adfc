import { describe, expect, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { appendFileSync, readFileSync } from "node:fs"
import * as Logfmt from "../../src/Logfmt.js"
import * as RotatingFile from "../../src/RotatingFile.js"
import { live, run, waitUntil } from "../support/machine.js"
import { beside, file, plain, readAll } from "../support/rotating.js"

describe("RotatingFile", () => {
  describe("with a torn last line", () => {
    const told: Array<string> = []
    const onTorn = ({ bytes, offset }: RotatingFile.TornLine) =>
      Effect.sync(() => void told.push(`${offset}:${new TextDecoder().decode(bytes)}`))

    it.scopedLive("does so soon, by itself, of all that it appended meanwhile", () =>
      Effect.gen(function* () {
        const path = yield* file
        const log = yield* RotatingFile.open(path, { onTorn })
        yield* log.append("n=0")
        appendFileSync(path, "n=1 la")
        yield* log.append("n=2")
        yield* log.append("n=3")
        yield* waitUntil("the line to be there again", () => readFileSync(path, "utf8").endsWith("n=2\n"))
        expect(yield* readAll(path)).toEqual(["n=0", "n=1 lan=2", "n=3", "n=2"])
      }).pipe(Effect.provide(plain))
    )
  })

  describe("file by file", () => {
    const bytesOf = (lines: ReadonlyArray<string>) => Buffer.byteLength(lines.map((line) => `${line}\n`).join(""))

    it.effect.prop(
      "reads on from any line, and backwards",
      {
        lines: fc.array(fc.tuple(fc.string({ unit: "grapheme", minLength: 1 }), fc.constantFrom(1, 3, 7000, 70_000))),
        cut: fc.nat()
      },
      ({ cut, lines: drawn }) =>
        Effect.gen(function* () {
          const lines = drawn.map(([text, times]) => `${text.replace(/[\n\x18 ]/g, "_")}`.repeat(times))
          const path = yield* file
          const log = yield* RotatingFile.open(path, { maxBytes: 200_000, keep: 1000 })
          for (const line of lines) yield* log.append(line)
          appendFileSync(path, "torn")
          const files = yield* RotatingFile.files(path)
          const forwards = yield* Effect.forEach(files, (each) => Stream.runCollect(each.lines()))
          expect(forwards.flatMap((each) => [...each])).toEqual(lines)
          for (const [index, each] of files.entries()) {
            const own = [...(forwards[index] ?? [])]
            expect([...(yield* Stream.runCollect(each.backwards))]).toEqual([...own].reverse())
            expect(each.bytes).toBe(bytesOf(own))
            const from = cut % (own.length + 1)
            expect([...(yield* Stream.runCollect(each.lines(bytesOf(own.slice(0, from)))))]).toEqual(own.slice(from))
            const position = bytesOf(own.slice(0, from))
            const before = yield* each.textBefore(position)
            expect(before.endsWith(from === 0 ? "" : `${own[from - 1]?.slice(-50)}\n`)).toBe(true)
            expect(before.length).toBeLessThanOrEqual(256)
          }
        }).pipe(Effect.scoped, Effect.provide(plain)),
      { fastCheck: { numRuns: 40 } }
    )
  })

  describe("among real processes", () => {
    const options = JSON.stringify({ maxBytes: 16_384, keep: 100_000, fsync: "never" })
    const fields = (line: string) => Logfmt.toRecord(Either.getOrThrow(Logfmt.decode(line)))

    /** Every line once, none torn, in the order of its writer. */
    const checkWriters = (lines: ReadonlyArray<string>, counts: Record<string, number>) => {
      const seen: Record<string, Array<number>> = {}
      for (const line of lines) {
        const { n, pad, writer = "" } = fields(line)
        expect(pad).toBe("x".repeat((Number(n) * 37) % 200))
        ;(seen[writer] ??= []).push(Number(n))
      }
      for (const [writer, count] of Object.entries(counts)) {
        expect(seen[writer]).toEqual(Array.from({ length: count }, (_, n) => n))
      }
    }

    it.live("four that write and rotate lose no line and tear none, for readers and followers", () =>
      Effect.gen(function* () {
        const path = yield* file
        const count = 600
        const counts = { a: count, b: count, c: count, d: count }
        const follower = yield* Effect.fork(
          Stream.runCollect(Stream.take(RotatingFile.follow(path, { pollEvery: 5 }), 4 * count))
        )
        const writers = yield* Effect.all(
          Object.keys(counts).map((writer) => run("appender.mjs", path, writer, "0", String(count), options)),
          { concurrency: "unbounded" }
        )
        expect(
          yield* Effect.all(
            writers.map(({ ended }) => ended),
            { concurrency: "unbounded" }
          )
        ).toEqual([0, 0, 0, 0])
        checkWriters([...(yield* Stream.runCollect(RotatingFile.read(path)))], counts)
        checkWriters([...(yield* Fiber.join(follower))], counts)
        expect(beside(path).length).toBeGreaterThan(10)
        expect(beside(path).filter((name) => !/^exits\.log(\.\d+)?$/.test(name))).toEqual([])
      }).pipe(Effect.scoped, Effect.provide(live))
    )

    it.live("what is there parses after kills of writers at random instants", () =>
      Effect.gen(function* () {
        const path = yield* file
        const counts = { a: 0, b: 0 }
        for (let round = 0; round < 6; round++) {
          const writers = yield* Effect.all(
            (["a", "b"] as const).map((writer) =>
              run("appender.mjs", path, writer, String(counts[writer]), "1000000", options)
            ),
            { concurrency: "unbounded" }
          )
          yield* waitUntil("both write", () => writers.every(({ output }) => output().includes("writing")))
          const until = performance.now() + Math.random() * 50
          yield* waitUntil("they have written for a while", () => performance.now() > until)
          for (const { child } of writers) child.kill("SIGKILL")
          yield* Effect.all(
            writers.map(({ ended }) => ended),
            { concurrency: "unbounded" }
          )
          const lines = yield* Stream.runCollect(RotatingFile.read(path))
          for (const line of lines) {
            const { n, writer } = fields(line)
            if (writer === "a" || writer === "b") counts[writer] = Math.max(counts[writer], Number(n) + 1)
          }
          checkWriters(Chunk.toReadonlyArray(lines), counts)
        }
        expect(counts.a + counts.b).toBeGreaterThan(12)
      }).pipe(Effect.scoped, Effect.provide(live))
    )
  })
})
