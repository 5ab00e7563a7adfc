/**
 * Programs under `NodeTether.runMain`, and every way in which they can be ended.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { constants, tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeTether from "../../src/NodeTether.js"
import { type Life, mortal, newMark, nothingLeft } from "../support/mortals.js"
import { isAlive, marked, timers, waitUntil } from "../support/os.js"

const polite = {
  sh: "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done",
  options: { label: "polite" },
  patience: "1 minute"
}
/** Tells that it was asked, and does not go. */
const stubborn = {
  sh: "trap 'echo asked' TERM; echo ready; while :; do sleep 0.01; done",
  options: { label: "stubborn" }
}
/** Its own plan would not kill it while a test lasts. */
const stubbornForLong = { ...stubborn, patience: "10 minutes" }
const escapee = { sh: "setsid sleep 300 & wait", options: { label: "escapee" } }

const main = (mark: string, life: Omit<Life, "run">) =>
  // A busy machine may need more than the ten seconds that are the default.
  Effect.tap(mortal(mark, { run: "runMain", ...life, options: { stopBound: "90 seconds", ...life.options } }), (host) =>
    life.children.length === 0 ? Effect.void : host.says("ready")
  )

const numbered = (signal: NodeJS.Signals): number => 128 + constants.signals[signal]

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-dump-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

describe("a signal", () => {
  it.scopedLive.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const)(
    "%s has children stopped by their plans, and is told by the exit code",
    (signal) =>
      Effect.gen(function* () {
        const mark = newMark()
        const host = yield* main(mark, { children: [polite, escapee] })
        host.signal(signal)
        expect(yield* host.end).toBe(numbered(signal))
        // What it wrote after SIGTERM has arrived.
        expect(host.stdout()).toContain("bye\n")
        expect(host.stderr()).toBe("")
        yield* nothingLeft(mark)
      })
  )

  it.scopedLive.each([
    ["SIGINT", "SIGINT"],
    ["SIGTERM", "SIGTERM"],
    ["SIGHUP", "SIGINT"],
    ["SIGTERM", "SIGQUIT"]
  ] as const)(
    "%s and then %s: all is over, although the child ignores TERM and its stop plan is patient",
    ([first, second]) =>
      Effect.gen(function* () {
        const mark = newMark()
        const host = yield* main(mark, { children: [stubbornForLong, escapee] })
        host.signal(first)
        yield* host.says("asked")
        host.signal(second)
        expect(yield* host.end).toBe(numbered(second))
        yield* nothingLeft(mark)
      })
  )

  it.scopedLive("SIGHUP told twice, as the end of a terminal is, does not cut the stop short", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const dumpFile = join(yield* directory, "dump")
      const sh = "trap 'echo asked' TERM; trap 'echo bye; exit 0' USR1; echo ready $$; while :; do sleep 0.01; done"
      const host = yield* main(mark, { children: [{ sh, patience: "10 minutes" }], options: { dumpFile } })
      host.signal("SIGHUP")
      yield* host.says("asked")
      host.signal("SIGHUP")
      // Heard after the other, so that it is known to have been heard.
      host.signal("SIGUSR2")
      yield* waitUntil("the dump is there", () => existsSync(dumpFile))
      process.kill(Number(/ready (\d+)/.exec(host.stdout())?.[1]), "SIGUSR1")
      expect(yield* host.end).toBe(129)
      expect(host.stdout()).toContain("bye\n")
    })
  )

  it.scopedLive("leaves the exit code to a teardown of the program's own", () =>
    Effect.gen(function* () {
      const host = yield* main(newMark(), { children: [polite], options: { teardown: 7 } })
      host.signal("SIGTERM")
      expect(yield* host.end).toBe(7)
    })
  )
})

describe("an error that nobody catches", () => {
  it.scopedLive.each([["throw"], ["reject"]] as const)(
    "(%s) has children stopped by their plans, stack on stderr, exit code 1",
    ([deed]) =>
      Effect.gen(function* () {
        const mark = newMark()
        const host = yield* main(mark, { children: [polite, escapee], deed })
        host.prompt()
        expect(yield* host.end).toBe(1)
        expect(host.stdout()).toContain("bye\n")
        expect(host.stderr()).toMatch(/^Uncaught Error: boom\n +at /)
        yield* nothingLeft(mark)
      })
  )

  it.scopedLive("is printed also when it is the second one, and restarts nothing", () =>
    Effect.gen(function* () {
      const mark = newMark()
      // It goes when the test has seen both errors.
      const sh = "trap 'echo asked' TERM; trap 'exit 0' USR1; echo ready $$; while :; do sleep 0.01; done"
      const host = yield* main(mark, { children: [{ sh, patience: "10 minutes" }], deed: "throw" })
      host.prompt()
      yield* host.says("asked")
      host.prompt()
      yield* waitUntil("both are printed", () => host.stderr().split("Uncaught Error: boom").length === 3)
      expect(host.stdout().split("asked").length).toBe(2)
      process.kill(Number(/ready (\d+)/.exec(host.stdout())?.[1]), "SIGUSR1")
      expect(yield* host.end).toBe(1)
      yield* nothingLeft(mark)
    })
  )

  it.scopedLive("waits for its children within the bound, in which a stop of the program does not count", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const host = yield* main(mark, {
        children: [
          { sh: "trap 'echo asked; sleep 1; echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done" }
        ],
        deed: "throw",
        options: { stopBound: "3 seconds" }
      })
      host.prompt()
      yield* host.says("asked")
      host.signal("SIGSTOP")
      yield* Effect.sleep("5 seconds")
      host.signal("SIGCONT")
      expect(yield* host.end).toBe(1)
      expect(host.stdout()).toContain("bye\n")
      yield* nothingLeft(mark)
    })
  )

  it.scopedLive("ends the program also when a finalizer never does, after the bound", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const dumpFile = join(yield* directory, "dump")
      const host = yield* main(mark, {
        children: [stubborn, escapee],
        deed: "throw",
        hang: true,
        options: { stopBound: 200, dumpFile }
      })
      host.prompt()
      expect(yield* host.end).toBe(1)
      expect(readFileSync(dumpFile, "utf8")).toContain("stubborn")
      yield* nothingLeft(mark)
    })
  )
})

describe("in the middle of 20 children starting and stopping", () => {
  it.scopedLive("SIGTERM stops all of them, and those that are there to stay", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const host = yield* main(mark, { children: [polite, escapee], churn: 20 })
      host.signal("SIGTERM")
      expect(yield* host.end).toBe(143)
      expect(host.stdout()).toContain("bye\n")
      expect(host.stderr()).toBe("")
      yield* nothingLeft(mark)
    })
  )

  it.scopedLive("SIGINT twice ends all of them, although one ignores TERM", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const host = yield* main(mark, { children: [stubbornForLong, escapee], churn: 20 })
      host.signal("SIGINT")
      yield* host.says("asked")
      host.signal("SIGINT")
      yield* host.death
      yield* nothingLeft(mark)
      expect(yield* host.end).toBe(130)
    })
  )

  it.scopedLive.each([["throw"], ["reject"]] as const)(
    "an error that nobody catches (%s) stops all of them",
    ([deed]) =>
      Effect.gen(function* () {
        const mark = newMark()
        const host = yield* main(mark, { children: [polite, escapee], churn: 20, deed })
        host.prompt()
        expect(yield* host.end).toBe(1)
        expect(host.stdout()).toContain("bye\n")
        yield* nothingLeft(mark)
      })
  )
})

describe("SIGUSR2", () => {
  it.scopedLive("writes children and fibers to a file for this user alone, and the program goes on", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const dumpFile = join(yield* directory, "dump")
      const host = yield* main(mark, {
        children: [{ ...polite, options: { label: "api s3cret", redact: ["s3cret"] } }, escapee],
        options: { dumpFile }
      })
      yield* waitUntil("the tree is there", () => marked(mark).length >= 5)
      host.signal("SIGUSR2")
      yield* waitUntil("the dump is there", () => existsSync(dumpFile))
      const text = readFileSync(dumpFile, "utf8")
      expect(text).toContain(`SIGUSR2: process ${host.pid}, at 2`)
      expect(text).toMatch(/^label +pid +level +age +members$/m)
      expect(text).toMatch(/^escapee +\d+ +\w+ +[\d.]+ s +\d+$/m)
      expect(text).toMatch(/^api .* +\d+ +\w+ +[\d.]+ s +\d+$/m)
      expect(text).not.toContain("s3cret")
      expect(text).toMatch(/^\[Fiber]\(#\d+\) .*\n +Status: Suspended\(interruptible\)$/m)
      expect(statSync(dumpFile).mode & 0o777).toBe(0o600)
      expect(host.stderr()).toBe("")
      host.signal("SIGTERM")
      expect(yield* host.end).toBe(143)
      expect(host.stderr()).toBe("")
    })
  )

  it.scopedLive("replaces what is there, whoever may read it, and follows no link", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      const [dumpFile, victim] = [join(folder, "dump"), join(folder, "victim")]
      writeFileSync(victim, "mine")
      chmodSync(victim, 0o644)
      symlinkSync(victim, dumpFile)
      const host = yield* main(newMark(), { children: [polite], options: { dumpFile } })
      host.signal("SIGUSR2")
      yield* waitUntil("the link is replaced", () => lstatSync(dumpFile).isFile())
      expect(readFileSync(victim, "utf8")).toBe("mine")
      expect(statSync(dumpFile).mode & 0o777).toBe(0o600)
    })
  )

  it.scopedLive("without a place to write to is told once in the log, and changes nothing", () =>
    Effect.gen(function* () {
      const host = yield* main(newMark(), {
        children: [polite],
        options: { dumpFile: join(yield* directory, "no/such/dump") }
      })
      host.signal("SIGUSR2")
      yield* host.says("nothing could be written to")
      host.signal("SIGUSR2")
      host.signal("SIGTERM")
      expect(yield* host.end).toBe(143)
      expect(host.stdout().split("nothing could be written to").length).toBe(2)
      expect(host.stderr()).toBe("")
    })
  )
})

describe("a stop that takes longer than its bound", () => {
  it.scopedLive("is told with the dump, and goes on", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const dumpFile = join(yield* directory, "dump")
      const host = yield* main(mark, { children: [stubbornForLong], options: { stopBound: 200, dumpFile } })
      host.signal("SIGTERM")
      yield* waitUntil("the dump is there", () => existsSync(dumpFile))
      const text = readFileSync(dumpFile, "utf8")
      expect(text).toContain("the program has not stopped within 200ms")
      expect(text).toMatch(/^stubborn +\d+/m)
      expect(text).toMatch(/^Fibers: \d+$/m)
      yield* host.says(dumpFile)
      expect(isAlive(host.pid) && !host.isOver()).toBe(true)
      expect(marked(mark).length).toBeGreaterThan(1)
      host.signal("SIGTERM")
      expect(yield* host.end).toBe(143)
      expect(host.stderr()).toBe("")
    })
  )

  it.scopedLive("has a file of its own by default", () =>
    Effect.gen(function* () {
      const host = yield* main(newMark(), { children: [polite] })
      const dumpFile = join(tmpdir(), `tether-${host.pid}.dump`)
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(dumpFile, { force: true })))
      expect(existsSync(dumpFile)).toBe(false)
      host.signal("SIGUSR2")
      yield* waitUntil("the dump is there", () => existsSync(dumpFile))
    })
  )
})

describe("an end of its own", () => {
  it.scopedLive("is exit code 0 for a success, and 1 for a failure, which the log tells", () =>
    Effect.gen(function* () {
      const success = yield* main(newMark(), { children: [polite], deed: "end" })
      success.prompt()
      expect(yield* success.end).toBe(0)
      expect(success.stdout()).toMatch(/done\nbye\n$/)
      const failure = yield* main(newMark(), { children: [polite], deed: "fail" })
      failure.prompt()
      expect(yield* failure.end).toBe(1)
      expect(failure.stdout()).toMatch(/bye\n[^]*it failed/)
      expect(failure.stderr()).toBe("")
    })
  )

  it.live("leaves no listener, no timer and no file behind", () =>
    Effect.gen(function* () {
      const events = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2", "uncaughtException", "unhandledRejection"]
      const listeners = () => events.map((event) => process.listenerCount(event))
      const before = { listeners: listeners(), timers: timers() }
      const go = yield* Deferred.make<void>()
      const during = yield* Deferred.make<ReadonlyArray<number>>()
      NodeTether.runMain(Effect.zipRight(Deferred.complete(during, Effect.sync(listeners)), Deferred.await(go)), {
        dumpFile: "/nowhere",
        disablePrettyLogger: true
      })
      expect(yield* Deferred.await(during)).not.toEqual(before.listeners)
      yield* Deferred.succeed(go, undefined)
      yield* waitUntil("all is as before", () => listeners().join() === before.listeners.join())
      yield* waitUntil("no timer is left", () => timers() <= before.timers)
    })
  )
})
