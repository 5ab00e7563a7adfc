/**
 * The cause of a death, as a real tmux records it.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Logfmt from "@tether/host/Logfmt"
import * as ProcStat from "@tether/host/ProcStat"
import type { ExitRecord } from "@tether/journal/ExitRecord"
import { exitCauseHook } from "@tether/tmux/ExitCauseHook"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { deathFields } from "../../src/internal/deathFields.js"
import { keys, pairsOf, recordsIn, start } from "../support/deaths.js"
import { make, missing, type Server } from "../support/server.js"

const hasUptime = existsSync("/proc/uptime")
if (!hasUptime) console.warn("skipped: the age of a session by the boot, because there is no /proc/uptime")

if (missing !== undefined) console.warn(`skipped: the cause of a death, because ${missing}`)

const fieldsOf = (line: string) => Logfmt.toRecord(pairsOf(line))
const linesOf = (file: string): ReadonlyArray<string> => {
  if (!existsSync(file)) return []
  const text = readFileSync(file, "utf8")
  expect(text.endsWith("\n")).toBe(true)
  return text.slice(0, -1).split("\n")
}

/** Reads its terminal for a line, then ends as is said. */
const ending = (how: string) => ["/bin/sh", "-c", `read -r line; ${how}`]

/** A session that dies with a line in the log once it gets Enter. */
const hooked = (server: Server, name: string, hook: string, command: ReadonlyArray<string> = ending("exit 3")) =>
  Effect.gen(function* () {
    const pane = yield* server.session("-s", name, ...command)
    yield* server.run(
      "set-option",
      "-p",
      "-t",
      pane,
      "remain-on-exit",
      "on",
      ";",
      "set-hook",
      "-p",
      "-t",
      pane,
      "pane-died",
      hook
    )
    return pane
  })

const enter = (server: Server, ...panes: ReadonlyArray<string>) =>
  server.run(...panes.flatMap((pane) => [";", "send-keys", "-t", pane, "Enter"]).slice(1))

const sessions = (server: Server) =>
  Effect.map(server.run("list-sessions", "-F", "#{session_name}"), (names) =>
    names.split("\n").filter((name) => name !== "")
  )

const died = (server: Server, file: string, count = 1) =>
  Effect.as(
    server.until(`${count} lines in ${file}`, () => linesOf(file).length >= count),
    linesOf(file)
  ).pipe(Effect.map(() => linesOf(file)))

const gone = (server: Server, name: string) =>
  server.until(`${name} is gone`, async () => !(await Effect.runPromise(sessions(server))).includes(name))

/** Whether a shell runs whose script has this in it. */
const runs = (text: string): boolean =>
  readdirSync("/proc").some((pid) => {
    if (!/^[0-9]+$/.test(pid)) return false
    try {
      const [program, flag, script] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")
      return program === "sh" && flag === "-c" && script?.includes(text) === true
    } catch {
      return false
    }
  })

/** A hook that has come as far as its log, which is a pipe, and waits there for somebody who reads. */
const waiting = (server: Server, name: string) =>
  Effect.gen(function* () {
    const pipe = join(server.directory, `${name}.pipe`)
    execFileSync("mkfifo", [pipe])
    const pane = yield* hooked(server, name, exitCauseHook(name, pipe))
    yield* enter(server, pane)
    yield* server.until("the hook waits", () => runs(pipe))
    return pipe
  })

describe("the fields that are known at the start", () => {
  it("are only those that are known", () => {
    expect(deathFields("web")).toEqual({ before: "ev=session-exit identity=web", after: "" })
    expect(deathFields("web", { id: "X", ts: 0, ev: "session-start", identity: "web", pid: 7 }).after).toBe(
      "start=X pid=7"
    )
  })
})

/** The script within a hook, as tmux would hand it to a shell. */
const scriptOf = (hook: string, values: Readonly<Record<string, string>>): string => {
  const inner = hook.slice("run-shell -b -C '".length, -1).replaceAll(`'\\''`, "'")
  const script = /^run-shell '([^']*)' ; /.exec(inner)?.[1] ?? ""
  return script.replace(/#\{(\w+)\}/g, (_, name: string) => values[name] ?? "")
}

describe.each(["/bin/dash", "/bin/bash"])("the script, run by %s", (program) => {
  const absent = !existsSync(program)
  if (absent) console.warn(`skipped: the script of the hook in ${program}, because there is none`)

  const written = (values: Readonly<Record<string, string>>, given?: ExitRecord, before = "") => {
    const directory = mkdtempSync(join(tmpdir(), "tether-script-"))
    try {
      const file = join(directory, "a", "b", "it's $HOME\n")
      if (before !== "") {
        mkdirSync(join(directory, "a", "b"), { recursive: true })
        writeFileSync(file, before)
      }
      const script = scriptOf(exitCauseHook('é "q"', file, given), { pane_pid: "4194304", ...values })
      const { status, stderr, stdout } = spawnSync(program, ["-c", script], {
        argv0: "sh",
        env: { PATH: "/nonexistent" },
        encoding: "utf8"
      })
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" })
      return readFileSync(file, "utf8")
    } finally {
      rmSync(directory, { recursive: true })
    }
  }

  it.skipIf(absent).each([
    [{ pane_dead_status: "3" }, { dead_status: "3", dead_signal: "", ended_by: "child" }],
    [{ pane_dead_status: "0" }, { dead_status: "0", dead_signal: "", ended_by: "child" }],
    [{ pane_dead_status: "137" }, { dead_status: "137", dead_signal: "", ended_by: "child" }],
    [{ pane_dead_signal: "9" }, { dead_status: "", dead_signal: "SIGKILL", ended_by: "outside" }],
    [{ pane_dead_signal: "15" }, { dead_status: "", dead_signal: "SIGTERM", ended_by: "outside" }],
    [{ pane_dead_signal: "TERM" }, { dead_status: "", dead_signal: "SIGTERM", ended_by: "outside" }],
    [{ pane_dead_signal: "SIGTERM" }, { dead_status: "", dead_signal: "SIGTERM", ended_by: "outside" }],
    [{ pane_dead_signal: "99" }, { dead_status: "", dead_signal: "SIG99", ended_by: "outside" }],
    [{}, { dead_status: "", dead_signal: "", ended_by: "unknown" }]
  ])("writes of %o that it is %o", (values, fields) => {
    const before = Date.now()
    const text = written(values)
    expect(text).toMatch(/^[^\n]*\n$/)
    const found = fieldsOf(text.slice(0, -1))
    expect(found).toMatchObject({ ev: "session-exit", identity: 'é "q"', ...fields })
    expect(found["id"]).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/)
    const at = Date.parse(found["ts"] ?? "")
    // The shell may know the time in seconds only.
    expect(at).toBeGreaterThanOrEqual(before - 1000)
    expect(at).toBeLessThanOrEqual(Date.now())
    const time = (found["id"] ?? "")
      .slice(0, 10)
      .split("")
      .reduce((sum, digit) => sum * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".indexOf(digit), 0)
    expect(time).toBe(at)
    expect(pairsOf(text.slice(0, -1)).map(([key]) => key)).toEqual([...keys[0], "ended_by"])
    expect(Logfmt.encode(pairsOf(text.slice(0, -1)))).toBe(text.slice(0, -1))
  })

  it.skipIf(absent)("adds what the start is known by, and how long it is ago", () => {
    const line = written({ pane_dead_status: "3" }, { ...start, startToken: undefined }).trimEnd()
    const known = keys[1].filter((key) => key !== "start_token")
    expect(pairsOf(line).map(([key]) => key)).toEqual([...keys[0], ...known, "ended_by", "uptime_ms"])
    const fields = fieldsOf(line)
    expect(Number(fields["uptime_ms"])).toBe(Date.parse(fields["ts"] ?? "") - start.ts)
    // The clock has been set back: nobody knows.
    const later = { ...start, startToken: undefined, ts: Date.now() + 1e6 }
    expect(fieldsOf(written({ pane_dead_status: "3" }, later).trimEnd())["uptime_ms"]).toBeUndefined()
  })

  it.skipIf(absent || !hasUptime)("and that by the boot where it can, whatever the dates are", () => {
    const startToken = ProcStat.parse(readFileSync("/proc/self/stat", "utf8"))?.startTicks
    for (const ts of [0, Date.now() + 1e9]) {
      const line = written({ pane_dead_status: "3" }, { ...start, ts, startToken }).trimEnd()
      expect(pairsOf(line).map(([key]) => key)).toEqual([...keys[0], ...keys[1], "ended_by", "uptime_ms"])
      expect(line).toContain(` ${deathFields(start.identity, { ...start, startToken }).after} ended_by=child `)
      const uptime = Number(fieldsOf(line)["uptime_ms"])
      expect(uptime).toBeGreaterThan(0)
      // As old as this program, and no older than it is now.
      expect(Math.abs(uptime - process.uptime() * 1000)).toBeLessThan(60_000)
    }
  })

  it.skipIf(absent)("does not glue its line to one that is torn", () => {
    expect(written({ pane_dead_status: "3" }, undefined, "whole\n")).toMatch(/^whole\nts=[^\n]*\n$/)
    expect(written({ pane_dead_status: "3" }, undefined, "whole\ntorn")).toMatch(/^whole\ntorn\nts=[^\n]*\n$/)
  })
})

describe.skipIf(missing !== undefined)("a death in tmux", () => {
  const traced = spawnSync("strace", ["-V"]).error === undefined

  it.scopedLive("has one exact line, whatever it was", () =>
    Effect.gen(function* () {
      const server = yield* make
      const directory = join(server.directory, "logs")
      const file = join(directory, "exits.log")
      const cases = [
        ["exit 3", ending("exit 3"), { dead_status: "3", dead_signal: "", ended_by: "child" }],
        ["exit: 137", ending("exit 137"), { dead_status: "137", dead_signal: "", ended_by: "child" }],
        [
          'a "quoted" name, isn\'t it',
          ending("kill -TERM $$"),
          { dead_status: "", dead_signal: "SIGTERM", ended_by: "outside" }
        ],
        [
          "web.api:3 #{pane_id}",
          ending("kill -SEGV $$"),
          { dead_status: "", dead_signal: "SIGSEGV", ended_by: "outside" }
        ],
        [
          "100%H #[fg=red] ##",
          ending("kill -KILL $$"),
          { dead_status: "", dead_signal: "SIGKILL", ended_by: "outside" }
        ]
      ] as const
      yield* server.session("-s", "other")
      for (const [index, [identity, command]] of cases.entries()) {
        const pane = yield* hooked(server, `s${index}`, exitCauseHook(identity, file, { ...start, identity }), command)
        yield* enter(server, pane)
        yield* died(server, file, index + 1)
        yield* gone(server, `s${index}`)
      }
      const found = linesOf(file).map(fieldsOf)
      expect(found).toMatchObject(
        cases.map(([identity, , fields]) => ({ ev: "session-exit", identity, start: start.id, ...fields }))
      )
      expect(found.map(({ id }) => id)).toEqual(found.map(({ id }) => id).sort())
      expect((yield* recordsIn(directory)).map(({ identity }) => identity)).toEqual(cases.map(([identity]) => identity))
      expect(yield* sessions(server)).toEqual(["other"])
    })
  )

  it.scopedLive("by a signal from outside is told as such", () =>
    Effect.gen(function* () {
      const server = yield* make
      const file = join(server.directory, "exits.log")
      const pane = yield* hooked(server, "a", exitCauseHook("a", file), ["/bin/sleep", "1000"])
      process.kill(Number(yield* server.run("display-message", "-p", "-t", pane, "#{pane_pid}")), "SIGTERM")
      expect((yield* died(server, file)).map(fieldsOf)).toMatchObject([{ dead_signal: "SIGTERM", ended_by: "outside" }])
    })
  )

  it.scopedLive("of any name and in any file is exactly one line", () =>
    Effect.gen(function* () {
      const server = yield* make
      const strange = fc.constantFrom(
        ..."\"'`$\\#%{}[]();&|<>*?~!= \n\t\r,:.-_/",
        "#{",
        "#[",
        "##",
        "#(",
        "%%",
        "%H",
        "$(",
        "${",
        "\\n",
        "\\'",
        "'\\''",
        "é",
        "漢",
        "🚀",
        "\u2028",
        "\u0085",
        "\u202e",
        "\u007f",
        "a",
        "Z9"
      )
      const text = fc.oneof(
        fc.array(strange, { maxLength: 12 }).map((pieces) => pieces.join("")),
        fc.string({ unit: "binary", maxLength: 12 }),
        fc
          .tuple(fc.array(strange, { maxLength: 6 }), fc.constantFrom(";", "\n", "'", "\\", "#", "%", " ", "$"))
          .map(([pieces, last]) => pieces.join("") + last)
      )
      const name = text
        .map((each) => each.replace(/[/\0]/g, "_"))
        .filter((each) => each !== "" && each !== "." && each !== "..")
      const death = fc.record({
        identity: text,
        directory: name,
        file: name,
        status: fc.integer({ min: 0, max: 255 })
      })
      let count = 0
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(fc.array(death, { minLength: 1, maxLength: 3 }), (deaths) =>
            Effect.runPromise(
              Effect.gen(function* () {
                const made = yield* Effect.forEach(deaths, (each) => {
                  const file = join(server.directory, `${++count}`, each.directory, each.file)
                  return Effect.map(
                    hooked(server, `s${count}`, exitCauseHook(each.identity, file), ending(`exit ${each.status}`)),
                    (pane) => ({ ...each, file, pane })
                  )
                })
                yield* enter(server, ...made.map(({ pane }) => pane))
                yield* server.until("all have died", () => made.every(({ file }) => existsSync(file)))
                yield* server.until(
                  "all are gone",
                  async () => (await Effect.runPromise(sessions(server))).length === 0
                )
                for (const { file, identity, status } of made) {
                  expect(linesOf(file).map(fieldsOf)).toMatchObject([
                    { identity, dead_status: `${status}`, dead_signal: "" }
                  ])
                }
              })
            )
          ),
          { numRuns: 30 }
        )
      )
    })
  )

  it.scopedLive("leaves one whole line with an id of its own, when many die at once into one file", () =>
    Effect.gen(function* () {
      const server = yield* make
      const file = join(server.directory, "exits.log")
      const names = Array.from({ length: 20 }, (_, index) => `n${index}`)
      const long = "x".repeat(4000)
      const panes = yield* Effect.forEach(names, (name) =>
        hooked(server, name, exitCauseHook(name, file, { ...start, command: long }))
      )
      yield* enter(server, ...panes)
      const found = (yield* died(server, file, names.length)).map(fieldsOf)
      expect(found.map(({ identity }) => identity).sort()).toEqual([...names].sort())
      expect(new Set(found.map(({ id }) => id)).size).toBe(names.length)
      expect(found.every(({ command }) => command === long)).toBe(true)
    })
  )

  it.scopedLive(
    "is on record before the session is gone, and ends this session alone, with whatever pane is in it",
    () =>
      Effect.gen(function* () {
        const server = yield* make
        yield* server.session("-s", "a")
        const pipe = yield* waiting(server, "b")
        yield* server.session("-s", "c")
        yield* server.run("split-window", "-d", "-t", "b", "/bin/sleep", "1000")
        expect(yield* sessions(server)).toEqual(["a", "b", "c"])
        const text = yield* Effect.promise(() => readFile(pipe, "utf8"))
        expect(fieldsOf(text.trimEnd())).toMatchObject({ identity: "b", dead_status: "3" })
        yield* gone(server, "b")
        expect(yield* sessions(server)).toEqual(["a", "c"])
      })
  )

  it.scopedLive("is on record when the session is ended meanwhile, and no other session pays for it", () =>
    Effect.gen(function* () {
      const server = yield* make
      yield* server.session("-s", "a")
      const pipe = yield* waiting(server, "b")
      yield* server.run("kill-session", "-t", "b")
      const text = yield* Effect.promise(() => readFile(pipe, "utf8"))
      expect(fieldsOf(text.trimEnd())).toMatchObject({ identity: "b", dead_status: "3" })
      yield* server.until("the hook has ended", () => !runs(pipe))
      // Its commands are in a queue, and these come behind them.
      const pane = yield* server.session("-s", "c")
      expect(yield* sessions(server)).toEqual(["a", "c"])
      // An error in a hook would be shown to the next one who comes.
      expect(yield* server.run("display-message", "-p", "-t", pane, "#{pane_in_mode}")).toBe("0")
    })
  )

  it.scopedLive("that was that of the last session disturbs nobody who comes after it", () =>
    Effect.gen(function* () {
      const server = yield* make
      const pipe = yield* waiting(server, "b")
      yield* server.run("kill-session", "-t", "b")
      yield* Effect.promise(() => readFile(pipe, "utf8"))
      yield* server.until("the hook has ended", () => !runs(pipe))
      const pane = yield* server.session("-s", "c")
      expect(yield* server.run("display-message", "-p", "-t", pane, "#{pane_in_mode}")).toBe("0")
    })
  )

  it.scopedLive("is on record when the server is ended meanwhile", () =>
    Effect.gen(function* () {
      const server = yield* make
      const pipe = yield* waiting(server, "b")
      yield* server.run("kill-server")
      expect(runs(pipe)).toBe(true)
      const text = yield* Effect.promise(() => readFile(pipe, "utf8"))
      expect(fieldsOf(text.trimEnd())).toMatchObject({ identity: "b", dead_status: "3" })
    })
  )

  it.scopedLive("ends the session also where the line cannot be written", () =>
    Effect.gen(function* () {
      const server = yield* make
      writeFileSync(join(server.directory, "file"), "")
      const keep = yield* server.session("-s", "keep")
      const pane = yield* hooked(server, "b", exitCauseHook("b", join(server.directory, "file", "deeper", "exits.log")))
      yield* enter(server, pane)
      yield* gone(server, "b")
      expect(yield* server.run("display-message", "-p", "-t", keep, "#{pane_in_mode}")).toBe("0")
    })
  )

  it.scopedLive("leaves no dead pane in a session of the same group", () =>
    Effect.gen(function* () {
      const server = yield* make
      const file = join(server.directory, "exits.log")
      yield* server.session("-s", "keep")
      const pane = yield* hooked(server, "b", exitCauseHook("b", file))
      yield* server.run("new-session", "-d", "-t", "b", "-s", "also b")
      yield* enter(server, pane)
      expect((yield* died(server, file)).length).toBe(1)
      yield* gone(server, "b")
      yield* gone(server, "also b")
      expect(yield* sessions(server)).toEqual(["keep"])
      const next = yield* server.session("-s", "next")
      expect(yield* server.run("display-message", "-p", "-t", next, "#{pane_in_mode}")).toBe("0")
    })
  )

  if (!traced) console.warn("skipped: that a long line is written at once, because there is no strace")
  it.skipIf(!traced)("is written at once, however long the line", () => {
    const directory = mkdtempSync(join(tmpdir(), "tether-script-"))
    try {
      for (const length of [10, 20_000]) {
        const file = join(directory, `${length}.log`)
        const script = scriptOf(exitCauseHook("x".repeat(length), file), { pane_pid: "7", pane_dead_status: "3" })
        const trace = join(directory, "trace")
        execFileSync("strace", ["-f", "-y", "-e", "trace=write", "-o", trace, "sh", "-c", script])
        expect(
          readFileSync(trace, "utf8")
            .split("\n")
            .filter((line) => line.includes(`<${file}>`)).length
        ).toBe(1)
      }
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
