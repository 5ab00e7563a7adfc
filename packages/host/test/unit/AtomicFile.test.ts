import { describe, expect, it } from "@effect/vitest"
import { fail, killedAt, layer as disk } from "@tether/vitest/FaultyDisk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as TestClock from "effect/TestClock"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import * as AtomicFile from "../../src/AtomicFile.js"
import { directory } from "../support/machine.js"

const modeOf = (path: string) => statSync(path).mode & 0o777
const beside = (path: string) => readdirSync(dirname(path)).sort()

describe("AtomicFile", () => {
  it.scoped("creates once, with mode 0600 unless told otherwise", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "a")
      yield* AtomicFile.create(path, "one")
      expect(modeOf(path)).toBe(0o600)
      const error = yield* Effect.flip(AtomicFile.create(path, "two"))
      expect(error).toMatchObject({ _tag: "FileError", reason: "AlreadyExists" })
      expect(error.message).toBe(`cannot create "${path}": it exists already (EEXIST)`)
      expect(readFileSync(path, "utf8")).toBe("one")
      yield* AtomicFile.create(`${path}2`, Uint8Array.of(1, 2), { mode: 0o666 })
      expect(modeOf(`${path}2`)).toBe(0o666)
      yield* AtomicFile.create(`${path}3`, "")
      expect(readFileSync(`${path}3`, "utf8")).toBe("")
      expect(beside(path)).toEqual(["a", "a2", "a3"])
    }).pipe(Effect.provide(disk()))
  )

  it.scoped("does not create through a symbolic link, and replaces one without following it", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "a")
      symlinkSync("nowhere", path)
      expect(yield* Effect.flip(AtomicFile.create(path, "x"))).toMatchObject({ reason: "AlreadyExists" })
      yield* AtomicFile.replace(path, "x")
      expect(beside(path)).toEqual(["a"])
    }).pipe(Effect.provide(disk()))
  )

  it.scoped("replaces, and keeps the mode", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "a")
      yield* AtomicFile.replace(path, "one")
      expect(modeOf(path)).toBe(0o600)
      chmodSync(path, 0o640)
      yield* AtomicFile.replace(path, "two")
      expect(modeOf(path)).toBe(0o640)
      yield* AtomicFile.replace(path, "three", { mode: 0o604, fsync: false })
      expect(modeOf(path)).toBe(0o604)
      expect(readFileSync(path, "utf8")).toBe("three")
      expect(beside(path)).toEqual(["a"])
    }).pipe(Effect.provide(disk()))
  )

  it.scoped("syncs the file before it has its name, and the directory after", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "a")
      for (const fsync of [true, false]) {
        const done: Array<string> = []
        const note = disk((operation) => void done.push(operation))
        yield* AtomicFile.replace(path, "x", { fsync }).pipe(Effect.provide(note))
        const order = done.filter((operation) => ["write", "sync", "rename"].includes(operation))
        expect(order).toEqual(fsync ? ["write", "sync", "rename", "sync"] : ["write", "rename"])
      }
    })
  )

  it.scoped("is created by one of many at once", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "a")
      const outcomes = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, n) => n),
        (n) => Effect.either(AtomicFile.create(path, `writer ${n}`)),
        { concurrency: "unbounded" }
      )
      const winner = outcomes.findIndex(Either.isRight)
      expect(outcomes.filter(Either.isRight)).toHaveLength(1)
      expect(readFileSync(path, "utf8")).toBe(`writer ${winner}`)
      expect(beside(path)).toEqual(["a"])
    }).pipe(Effect.provide(disk(undefined, true)))
  )

  it.scoped.each([
    ["ENOSPC", "NoSpace"],
    ["EDQUOT", "NoSpace"],
    ["EROFS", "ReadOnly"],
    ["EMFILE", "TooManyFiles"],
    ["EACCES", "PermissionDenied"]
  ] as const)("fails typed with %s, and leaves nothing", ([code, reason]) =>
    Effect.gen(function* () {
      const path = join(yield* directory, "a")
      writeFileSync(path, "old")
      const failing = code === "ENOSPC" || code === "EDQUOT" ? "write" : "open"
      const error = yield* Effect.flip(AtomicFile.replace(path, "new")).pipe(
        Effect.provide(disk((operation) => (operation === failing ? fail(code) : undefined)))
      )
      expect(error).toMatchObject({ _tag: "FileError", code, reason })
      expect(beside(path)).toEqual(["a"])
      expect(readFileSync(path, "utf8")).toBe("old")
    })
  )

  it.scoped("shows the old or the new content after a kill between any two steps", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "a")
      let step = 0
      for (let done = false; !done; step++) {
        writeFileSync(path, "old")
        const mortal = () => disk(killedAt(step).before)
        const outcome = yield* Effect.exit(AtomicFile.replace(path, "new").pipe(Effect.provide(mortal())))
        done = Exit.isSuccess(outcome)
        expect(["old", "new"]).toContain(readFileSync(path, "utf8"))
        const created = yield* Effect.exit(AtomicFile.create(`${path}-${step}`, "new").pipe(Effect.provide(mortal())))
        if (Exit.isSuccess(created)) expect(readFileSync(`${path}-${step}`, "utf8")).toBe("new")
        else if (existsSync(`${path}-${step}`)) expect(readFileSync(`${path}-${step}`, "utf8")).toBe("new")
      }
      expect(step).toBeGreaterThan(5)
    })
  )

  it.scoped("sweeps what the killed have left, and nothing else", () =>
    Effect.gen(function* () {
      const base = yield* directory
      const path = join(base, "a")
      const left = (name: string, age: number) => {
        writeFileSync(join(base, name), "")
        utimesSync(join(base, name), 1000 - age, 1000 - age)
      }
      const id = "0123456789abcdef01234567"
      left(`.a.${id}.tmp`, 61)
      left(`.a.${id.replace("0", "f")}.tmp`, 1)
      left(`.b.${id}.tmp`, 61)
      left(".a.notes.tmp", 61)
      mkdirSync(join(base, "a"))
      yield* TestClock.setTime(1_000_000)
      expect(yield* AtomicFile.sweep(path)).toBe(1)
      expect(beside(path)).toEqual([".a.f123456789abcdef01234567.tmp", ".a.notes.tmp", `.b.${id}.tmp`, "a"].sort())
    }).pipe(Effect.provide(disk()))
  )
})
