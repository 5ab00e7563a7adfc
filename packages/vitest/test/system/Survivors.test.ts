import { describe, expect, it } from "@effect/vitest"
import { survivorsOf } from "@tether/vitest/Survivors"
import * as WaitUntil from "@tether/vitest/WaitUntil"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { spawn } from "node:child_process"

/** A shell with this in its environment, which is killed with its group when the test is over. */
const shell = (script: string, env: Record<string, string>) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn("sh", ["-c", script], { env: { ...process.env, ...env }, stdio: "ignore", detached: true })
    ),
    ({ pid = 0 }) =>
      Effect.sync(() => process.kill(-pid, "SIGKILL")).pipe(
        Effect.ignore,
        Effect.catchAllDefect(() => Effect.void)
      )
  )

/** The deadline is for what hangs: a busy machine meets it. */
const waitUntil = <A, E, R>(effect: Effect.Effect<A, E, R>) => WaitUntil.waitUntil(effect, "1 minute")

const unique = (name: string): string => `${name}-${process.pid}-${Date.now()}`

const commandsOf = (cookie: string) => Effect.map(survivorsOf(cookie), (all) => all.map(({ command }) => command))

describe("survivorsOf", () => {
  it.scopedLive("names a process and what it has started, with command and start", () =>
    Effect.gen(function* () {
      const mark = unique("named")
      const before = Date.now()
      const { pid } = yield* shell("sleep 60; true", { TEST_MARK: mark })
      yield* waitUntil(Effect.map(commandsOf(`TEST_MARK=${mark}`), (all) => all.includes("sleep 60")))
      const found = yield* survivorsOf(`TEST_MARK=${mark}`)
      expect(found.map(({ command }) => command)).toEqual(["sh -c sleep 60; true", "sleep 60"])
      expect(found[0]?.pid).toBe(pid)
      // The boot time is told in seconds.
      for (const { startedAt } of found) {
        expect(startedAt).toBeGreaterThan(before - 2000)
        expect(startedAt).toBeLessThan(Date.now() + 2000)
      }
    })
  )

  it.scopedLive("finds one that has left its parent and its session", () =>
    Effect.gen(function* () {
      const mark = unique("escaped")
      yield* shell("setsid sleep 60 & true", { TEST_MARK: mark })
      yield* waitUntil(Effect.map(commandsOf(`TEST_MARK=${mark}`), (all) => all.length === 1 && all[0] === "sleep 60"))
      const [escaped] = yield* survivorsOf(`TEST_MARK=${mark}`)
      process.kill(escaped?.pid ?? 0, "SIGKILL")
      yield* waitUntil(Effect.map(commandsOf(`TEST_MARK=${mark}`), (all) => all.length === 0))
    })
  )

  it.scopedLive("compares whole entries", () =>
    Effect.gen(function* () {
      const mark = unique("whole")
      yield* shell("exec sleep 60", { TEST_MARK: `${mark}-ü`, OTHER: `TEST_MARK=${mark}` })
      yield* waitUntil(Effect.map(commandsOf(`TEST_MARK=${mark}-ü`), (all) => all[0] === "sleep 60"))
      expect(yield* commandsOf(`TEST_MARK=${mark}`)).toEqual([])
      expect(yield* commandsOf(`MARK=${mark}-ü`)).toEqual([])
      expect(yield* commandsOf(`OTHER=TEST_MARK=${mark}`)).toEqual(["sleep 60"])
    })
  )

  it.scopedLive("leaves out a zombie", () =>
    Effect.gen(function* () {
      const mark = unique("zombie")
      // The shell becomes a sleep, which never waits for what the shell has started.
      yield* shell(`sleep 0 & exec env -u TEST_MARK sleep 60`, { TEST_MARK: mark })
      yield* waitUntil(Effect.map(commandsOf(`TEST_MARK=${mark}`), (all) => all.length === 0))
    })
  )

  it.scopedLive("is not misled by a process that is being executed", () =>
    Effect.gen(function* () {
      const mark = unique("executed")
      const script = `i=0; while [ $i -lt 300 ]; do i=$((i + 1)); done; n=$((N + 1)); [ $n -gt 500 ] || N=$n exec sh -c "$S"; exec sleep 60`
      yield* shell(`exec sh -c "$S"`, { TEST_MARK: mark, S: script, N: "0" })
      let looks = 0
      yield* waitUntil(
        Effect.map(commandsOf(`TEST_MARK=${mark}`), (all) => {
          looks++
          if (all.length !== 1) return "lost"
          return all[0] === "sleep 60" ? "kept" : undefined
        })
      ).pipe(Effect.map((answer) => expect(answer).toBe("kept")))
      expect(looks).toBeGreaterThan(5)
    })
  )

  it.effect("wants NAME=value", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(survivorsOf("a1"))
      expect(Exit.isFailure(exit) && Cause.pretty(exit.cause)).toContain(
        `An entry of an environment is NAME=value, and not "a1"`
      )
    })
  )
})
