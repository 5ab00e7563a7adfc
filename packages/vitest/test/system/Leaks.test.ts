import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as TreeCookie from "@tether/host/TreeCookie"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import { expectNoLeaks } from "@tether/vitest/Leaks"
import { survivorsOf } from "@tether/vitest/Survivors"
import * as WaitUntil from "@tether/vitest/WaitUntil"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"
import { open } from "node:fs/promises"
import { createServer } from "node:net"
import { fileURLToPath } from "node:url"
import { vi } from "vitest"

const sleeper = Command.make("sleep", "60")

/** The deadline is for what hangs: a busy machine meets it. */
const waitUntil = <A, E, R>(effect: Effect.Effect<A, E, R>) => WaitUntil.waitUntil(effect, "1 minute")

/** The same for what goes by itself. */
const leavesNothing = <A, E, R>(effect: Effect.Effect<A, E, R>) => expectNoLeaks(effect, { within: "1 minute" })

/** For a script of a shell: waits until its last background process is a `sleep`. Right after a fork it is a shell. */
const untilAsleep = `until read -r name 2>/dev/null </proc/$!/comm && [ "$name" = sleep ]; do sleep 0.01; done`

const messageOf = <A, E>(exit: Exit.Exit<A, E>): string => {
  const defects = Exit.isFailure(exit) ? Chunk.toReadonlyArray(Cause.defects(exit.cause)) : []
  return defects.map((defect) => (defect instanceof Error ? defect.message : String(defect))).join("\n")
}

/** What is said of an effect that leaves something. It is soon said: nothing that is planted here goes by itself. */
const leaksOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<string, never, R> =>
  Effect.map(Effect.exit(expectNoLeaks(effect, { within: "100 millis" })), messageOf)

/** What is said of something that is planted, which is taken out again when the test is over. */
const leaksOfPlanted = <A>(plant: () => A, remove: (planted: A) => unknown): Effect.Effect<string> => {
  let planted: ReadonlyArray<A> = []
  return leaksOf(Effect.sync(() => void (planted = [plant()]))).pipe(
    Effect.ensuring(Effect.sync(() => planted.forEach((each) => remove(each))))
  )
}

const kill = (child: ChildProcess) => child.kill("SIGKILL")

/** The programs of the children of a process. */
const commandsBelow = (pid = 0): ReadonlyArray<string> =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .split(" ")
    .filter((child) => child !== "")
    .map((child) => readFileSync(`/proc/${child}/comm`, "utf8").trim())

/** A line of a message that ends with a place in this file. */
const lineHere = (start: string) =>
  new RegExp(`^  ${start}, created at \\S*test/system/Leaks\\.test\\.ts:\\d+:\\d+$`, "m")

describe("what leaves nothing passes", () => {
  // It has to stay the first test: it is about the first child of a program, with which the reaper comes.
  it.live("20 children, before anything else has been spawned", () =>
    Effect.gen(function* () {
      const outputs = yield* leavesNothing(
        Effect.forEach(
          Array.from({ length: 20 }, (_, index) => index),
          (index) => Supervise.string(Command.make("echo", String(index))),
          { concurrency: 5 }
        )
      )
      expect(outputs.map((each) => each.trim())).toEqual(Array.from({ length: 20 }, (_, index) => String(index)))
    }).pipe(Effect.provide(NodeChildSpawner.layer))
  )

  it.live("a child that is stopped by its scope", () =>
    leavesNothing(Effect.scoped(Supervise.start(sleeper))).pipe(Effect.provide(NodeChildSpawner.layer))
  )

  it.effect("an effect that succeeds, under TestClock", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        const fiber = yield* Effect.fork(Effect.as(Effect.sleep("1 hour"), "slept"))
        yield* TestClock.adjust("1 hour")
        return yield* Fiber.join(fiber)
      })
      expect(yield* expectNoLeaks(program)).toBe("slept")
    })
  )

  it.effect("an effect that fails, and its failure is all there is", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(expectNoLeaks(Effect.fail("broken")))
      expect(exit).toStrictEqual(Exit.fail("broken"))
    })
  )

  it.effect("an effect that is interrupted in its sleep, under TestClock", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(expectNoLeaks(Effect.sleep("1 hour")))
      yield* waitUntil(Effect.map(TestClock.sleeps(), Chunk.isNonEmpty))
      const exit = yield* Fiber.interrupt(fiber)
      expect(Exit.isInterrupted(exit)).toBe(true)
      expect(messageOf(exit)).toBe("")
    })
  )

  it.live("what was there before", () =>
    Effect.gen(function* () {
      const timer = setTimeout(() => undefined, 60_000)
      const fd = openSync("/dev/null", "r")
      const child = spawn("sleep", ["60"])
      const fiber = yield* Effect.fork(Effect.never)
      yield* expectNoLeaks(Effect.void)
      yield* Fiber.interrupt(fiber)
      kill(child)
      closeSync(fd)
      clearTimeout(timer)
    })
  )

  it.live("the timers of a fiber that was there before", () =>
    Effect.gen(function* () {
      const heartbeat = yield* Effect.fork(Effect.forever(Effect.sleep(2)))
      yield* expectNoLeaks(Effect.sleep(10))
      yield* Fiber.interrupt(heartbeat)
    })
  )

  it.live("a timer that does not keep the program alive", () =>
    expectNoLeaks(Effect.sync(() => setTimeout(() => undefined, 60_000).unref()))
  )

  it.live("a timer of the test runner", () =>
    Effect.gen(function* () {
      const never = () => expect("this").toBe("that")
      let end: Promise<unknown> = Promise.resolve()
      const asks = Effect.sync(() => (end = vi.waitFor(never, { timeout: 300 }).catch(() => "given up")))
      yield* expectNoLeaks(Effect.asVoid(asks), { within: 0 })
      expect(yield* Effect.promise(() => end)).toBe("given up")
    })
  )

  it.live("what goes a moment after the effect has ended", () =>
    leavesNothing(Effect.sync(() => spawn("sleep", ["0.2"])))
  )

  it.live("one assertion within another", () =>
    leavesNothing(leavesNothing(Effect.sync(() => spawn("sleep", ["0.1"]))))
  )
})

describe("a planted leak is named", () => {
  it.live("a child of Node's", () =>
    Effect.gen(function* () {
      const message = yield* leaksOfPlanted(() => spawn("sleep", ["61"]), kill)
      expect(message).toMatch(lineHere(String.raw`child \d+ \(sleep 61\)`))
      expect(message).toMatch(lineHere(String.raw`descriptor \d+ socket:\[\d+\], to child \d+`))
    })
  )

  it.live("a grandchild, by the line that has started its parent", () =>
    Effect.gen(function* () {
      let left = 0
      const message = yield* leaksOfPlanted(
        () => {
          const child = spawn("sh", ["-c", "sleep 62 & wait"], { stdio: "ignore", detached: true })
          while (!commandsBelow(child.pid).includes("sleep")) {}
          return child
        },
        (child) => process.kill(-(left = child.pid ?? 0), "SIGKILL")
      )
      expect(left).toBeGreaterThan(0)
      expect(message).toMatch(lineHere(String.raw`child \d+ \(sh -c sleep 62 & wait\)`))
      expect(message).toMatch(lineHere(String.raw`child \d+ \(sleep 62\)`))
    })
  )

  it.live("a child of Tether's in a scope that was not closed", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const message = yield* leaksOf(Effect.withSpan(Scope.extend(Supervise.start(sleeper), scope), "start the server"))
      yield* Scope.close(scope, Exit.void)
      expect(message).toMatch(/^ {2}child \d+ \(sleep 60\), created in span "[^"]+"/m)
      expect(message).not.toContain("tether-reaper")
      // Standard input, output and error, and not the one to the reaper.
      expect(message.split("\n").filter((line) => line.startsWith("  descriptor")).length).toBeLessThanOrEqual(3)
    }).pipe(Effect.provide(NodeChildSpawner.layer))
  )

  it.live("a grandchild in a session of its own, whose parents are gone", () =>
    Effect.gen(function* () {
      const mark = `escaped-${process.pid}-${Date.now()}`
      const escapes = Command.make("sh", "-c", `setsid sleep 63 > /dev/null 2>&1 < /dev/null & ${untilAsleep}`)
      const message = yield* leaksOf(Supervise.run(escapes, { leftovers: "leave", env: { TEST_MARK: mark } }))
      const left = yield* survivorsOf(`TEST_MARK=${mark}`)
      left.forEach(({ pid }) => process.kill(pid, "SIGKILL"))
      expect(left).toHaveLength(1)
      expect(message).toMatch(new RegExp(`^  child ${left[0]?.pid} \\(sleep 63\\)`, "m"))
      expect(message).toContain("1 leak, still there 100ms after")
    }).pipe(Effect.provide(NodeChildSpawner.layer))
  )

  // Node reaps whatever it has spawned. What a shell had started before it became Node is nobody's to reap.
  it.live("a zombie", () =>
    Effect.sync(() => {
      const program = `
        import { expectNoLeaks } from "@tether/vitest/Leaks"
        import { waitUntil } from "@tether/vitest/WaitUntil"
        import * as Effect from "effect/Effect"
        import { readFileSync } from "node:fs"

        const child = Number(readFileSync(\`/proc/self/task/\${process.pid}/children\`, "utf8"))
        const isZombie = Effect.sync(() => readFileSync(\`/proc/\${child}/stat\`, "utf8").includes(") Z "))
        const kill = Effect.zipRight(Effect.sync(() => process.kill(child, "SIGKILL")), waitUntil(isZombie))
        Effect.runPromiseExit(expectNoLeaks(kill, { within: "50 millis" }))
          .then((exit) => console.log(child, exit.cause.defect.message))
      `
      const { stdout } = spawnSync(
        "sh",
        ["-c", `sleep 64 & exec "$0" --input-type=module -e "$1"`, process.execPath, program],
        {
          cwd: fileURLToPath(new URL("../..", import.meta.url)),
          encoding: "utf8",
          stdio: ["ignore", "pipe", "inherit"]
        }
      )
      expect(stdout).toMatch(
        /^(\d+) 1 leak, still there 50ms after the effect had ended:\n {2}zombie \1 \(\[sleep\]\)\n$/
      )
    })
  )

  it.live("an open file", () =>
    Effect.gen(function* () {
      const message = yield* leaksOfPlanted(() => openSync("/etc/passwd", "r"), closeSync)
      expect(message).toMatch(/^1 leak, .*\n {2}descriptor \d+ \/etc\/passwd$/)
    })
  )

  it.live("a file handle", () =>
    Effect.gen(function* () {
      const handle = yield* Effect.promise(() => open("/dev/null"))
      yield* Effect.promise(() => handle.close())
      const scope = yield* Scope.make()
      const opened = Effect.acquireRelease(
        Effect.promise(() => open("/etc/passwd")),
        (file) => Effect.promise(() => file.close())
      )
      const message = yield* leaksOf(Scope.extend(opened, scope))
      yield* Scope.close(scope, Exit.void)
      expect(message).toMatch(/^1 leak, .*\n {2}descriptor \d+ \/etc\/passwd/)
    })
  )

  it.live("a server", () =>
    Effect.gen(function* () {
      const message = yield* leaksOfPlanted(
        () => createServer().listen(0),
        (server) => server.close()
      )
      expect(message).toMatch(lineHere(String.raw`descriptor \d+ socket:\[\d+\]`))
    })
  )

  it.live("a timeout", () =>
    Effect.gen(function* () {
      const message = yield* leaksOfPlanted(() => setTimeout(() => undefined, 60_000), clearTimeout)
      expect(message).toMatch(lineHere("timer setTimeout of 60000 ms"))
      expect(message).toMatch(/^1 leak, /)
    })
  )

  it.live("an interval", () =>
    Effect.gen(function* () {
      const message = yield* leaksOfPlanted(() => setInterval(() => undefined, 20), clearInterval)
      expect(message).toMatch(lineHere("timer setInterval of 20 ms"))
    })
  )

  it.live("a timeout that sets the next one, again and again", () =>
    Effect.gen(function* () {
      const beat = { timer: setTimeout(() => undefined, 0) }
      const next = (): void => void (beat.timer = setTimeout(next, 7))
      const message = yield* leaksOfPlanted(next, () => clearTimeout(beat.timer))
      expect(message).toMatch(lineHere("timer setTimeout of 7 ms"))
    })
  )

  it.effect("a daemon fiber, under TestClock too", () =>
    Effect.gen(function* () {
      const planted: Array<Fiber.Fiber<unknown>> = []
      const daemon = Effect.forkDaemon(Effect.withSpan(Effect.sleep("1 hour"), "heartbeat"))
      // The daemon has entered its span before anything is counted.
      const entered = Effect.repeatN(Effect.yieldNow(), 3)
      const message = yield* leaksOf(
        Effect.zipLeft(
          Effect.map(daemon, (fiber) => void planted.push(fiber)),
          entered
        )
      )
      yield* Fiber.interruptAll(planted)
      expect(message).toMatch(
        /^1 leak, .*\n {2}fiber #\d+ in span "heartbeat" \(\S*test\/system\/Leaks\.test\.ts:\d+:\d+\)$/
      )
    })
  )

  it.live("a fiber that a callback has started", () =>
    Effect.gen(function* () {
      const planted: Array<Fiber.Fiber<unknown>> = []
      const message = yield* leaksOf(
        Effect.map(Effect.runtime(), (runtime) => {
          planted.push(Runtime.runFork(runtime)(Effect.never))
        })
      )
      yield* Fiber.interruptAll(planted)
      expect(message).toMatch(lineHere(String.raw`fiber #\d+`))
    })
  )

  it("a fiber, and not by the line that has run the whole program", () => {
    const planted: Array<Fiber.Fiber<unknown>> = []
    const daemon = Effect.forkDaemon(Effect.sleep("1 minute"))
    return Effect.runPromise(leaksOf(Effect.map(daemon, (fiber) => planted.push(fiber)))).then((message) => {
      planted.forEach((fiber) => Effect.runFork(Fiber.interrupt(fiber)))
      expect(message).toMatch(/^ {2}fiber #\d+$/m)
    })
  })

  it.live("whatever a fiber sleeps on", () =>
    Effect.gen(function* () {
      const planted: Array<Fiber.Fiber<unknown>> = []
      const daemon = Effect.forkDaemon(Effect.sleep("1 minute"))
      const message = yield* leaksOf(
        Effect.zipLeft(
          Effect.map(daemon, (fiber) => planted.push(fiber)),
          Effect.sleep(1)
        )
      )
      yield* Fiber.interruptAll(planted)
      expect(message).toMatch(/^2 leaks, .*\n {2}timer setTimeout of 60000 ms, created by fiber (#\d+)\n {2}fiber \1$/)
    })
  )
})

describe("a leak is told", () => {
  it.live("beside the failure of the effect", () =>
    Effect.gen(function* () {
      let timer: NodeJS.Timeout | undefined
      const program = Effect.zipRight(
        Effect.sync(() => (timer = setTimeout(() => undefined, 60_000))),
        Effect.fail("broken")
      )
      const exit = yield* Effect.exit(expectNoLeaks(program, { within: 0 }))
      clearTimeout(timer)
      expect(Exit.isFailure(exit) && Chunk.toReadonlyArray(Cause.failures(exit.cause))).toEqual(["broken"])
      expect(messageOf(exit)).toContain("timer setTimeout of 60000 ms")
    })
  )

  it.live("beside the interruption of the effect", () =>
    Effect.gen(function* () {
      let timer: NodeJS.Timeout | undefined
      const program = Effect.zipRight(
        Effect.sync(() => (timer = setTimeout(() => undefined, 60_000))),
        Effect.never
      )
      const fiber = yield* Effect.fork(expectNoLeaks(program, { within: 0 }))
      yield* waitUntil(Effect.sync(() => timer))
      const exit = yield* Fiber.interrupt(fiber)
      clearTimeout(timer)
      expect(Exit.isFailure(exit) && Cause.isInterrupted(exit.cause)).toBe(true)
      expect(messageOf(exit)).toContain("timer setTimeout of 60000 ms")
    })
  )

  it.live("at the place of the assertion", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(
        expectNoLeaks(
          Effect.sync(() => openSync("/dev/null", "r")),
          { within: 0 }
        )
      )
      const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      const lines = error instanceof Error ? (error.stack ?? "").split("\n") : []
      closeSync(Number(/descriptor (\d+)/.exec(messageOf(exit))?.[1]))
      expect(lines.find((line) => /^\s+at /.test(line))).toContain("test/system/Leaks.test.ts")
    })
  )
})

describe("the reaper", () => {
  it.live("is no leak when it was killed, and another has taken its place", () =>
    Effect.gen(function* () {
      yield* Supervise.run(Command.make("true"))
      const reaper = Effect.map(survivorsOf(`${TreeCookie.variable}=${yield* cookieOfReaper}`), (all) => all[0]?.pid)
      const before = yield* waitUntil(reaper)
      yield* leavesNothing(
        Effect.gen(function* () {
          process.kill(before, "SIGKILL")
          yield* waitUntil(Effect.map(reaper, (pid) => pid !== before))
          yield* Supervise.run(Command.make("true"))
          expect(yield* waitUntil(reaper)).not.toBe(before)
        })
      )
    }).pipe(Effect.provide(NodeChildSpawner.layer))
  )
})

/** A child carries the cookie of its host with its own number: the reaper has an r instead. */
const cookieOfReaper = Effect.map(
  Supervise.string(Command.make("sh", "-c", `echo "$${TreeCookie.variable}"`)),
  (cookie) => cookie.trim().replace(/\.\d+$/, ".r")
)
