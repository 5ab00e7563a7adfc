/**
 * What becomes of output that nobody reads, and of kills that do not kill, in virtual time. That the executor does what
 * others do is tried with real processes, in `process-node`.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Command from "@effect/platform/Command"
import type { CommandExecutor, Process } from "@effect/platform/CommandExecutor"
import { isPlatformError } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as ChildCommandExecutor from "../src/ChildCommandExecutor.js"
import { scripted, type ScriptedChild } from "./support/scripted.js"

const mebi = 1024 * 1024
const rest = TestClock.adjust(0)
const size = <E>(bytes: Stream.Stream<Uint8Array, E>) => Stream.runFold(bytes, 0, (sum, chunk) => sum + chunk.length)

/** Writes as a real child does: not while its stream is paused. The number of bytes that were taken. */
const write = (child: ScriptedChild, bytes: number, stream: "stdout" | "stderr" = "stdout") =>
  Effect.gen(function*() {
    let written = 0
    while (written < bytes && !child.paused.has(stream)) {
      child.out(new Uint8Array(64 * 1024), stream)
      written += 64 * 1024
      yield* rest
    }
    return written
  })

const within = <A, E>(
  f: (process: Process, child: ScriptedChild) => Effect.Effect<A, E, CommandExecutor | Scope.Scope>
) => {
  const spawner = scripted()
  return Effect.scoped(Effect.flatMap(Command.start(Command.make("it", "all")), (process) => f(process, spawner.last))).pipe(
    Effect.provide(ChildCommandExecutor.layer),
    Effect.provide(spawner.layer)
  )
}

const messageOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => {
    if (!isPlatformError(error)) throw new Error(`unexpected: ${String(error)}`)
    return error.message
  })

describe("output that nobody reads", () => {
  it.effect("holds the child back on stdout, and is all there for a later reader", () =>
    within((process, child) =>
      Effect.gen(function*() {
        const written = yield* write(child, 8 * mebi)
        expect(written).toBeGreaterThan(mebi)
        expect(written).toBeLessThan(1.5 * mebi)
        child.exit(0)
        expect(yield* process.exitCode).toBe(0)
        expect(yield* size(process.stdout)).toBe(written)
      })))

  it.effect("never holds the child back on stderr; a later reader fails with what is lost, and then reads on", () =>
    within((process, child) =>
      Effect.gen(function*() {
        expect(yield* write(child, 3 * mebi, "stderr")).toBe(3 * mebi)
        child.exit(0)
        yield* rest
        expect(yield* messageOf(size(process.stderr))).toContain(`${2 * mebi} bytes of stderr came while nobody read it`)
        expect(yield* size(process.stderr)).toBe(mebi)
      })))

  it.effect("does not hold the child back on stdout while somebody waits for the end", () =>
    within((process, child) =>
      Effect.gen(function*() {
        const held = yield* write(child, 8 * mebi)
        const code = yield* Effect.fork(process.exitCode)
        yield* rest
        expect(yield* write(child, 2 * mebi)).toBe(2 * mebi)
        child.exit(3)
        expect(yield* Fiber.join(code)).toBe(3)
        expect(yield* messageOf(size(process.stdout))).toContain(`${held + 2 * mebi - mebi} bytes of stdout`)
      })))

  it.effect("does not hold the child back once a reader has left", () =>
    within((process, child) =>
      Effect.gen(function*() {
        child.out("ready\n")
        yield* Stream.runDrain(Stream.take(process.stdout, 1))
        expect(yield* write(child, 3 * mebi)).toBe(3 * mebi)
      })))

  it.effect("loses nothing to a reader that is slow", () =>
    within((process, child) =>
      Effect.gen(function*() {
        const reader = yield* Effect.fork(size(Stream.tap(process.stderr, () => Effect.sleep("1 second"))))
        yield* rest
        const written = yield* write(child, 8 * mebi, "stderr")
        expect(written).toBeLessThan(1.5 * mebi)
        child.exit(0)
        yield* TestClock.adjust("1 minute")
        expect(yield* Fiber.join(reader)).toBe(written)
      })))

  it.effect("does not hold up the close of the scope", () =>
    within((_, child) =>
      Effect.gen(function*() {
        yield* write(child, 8 * mebi)
        child.onSignal = (signal) => {
          child.out(new Uint8Array(3 * mebi))
          child.die(signal)
        }
      })))
})

describe("kill", () => {
  it.effect("is followed by SIGKILL after five seconds", () =>
    within((process, child) =>
      Effect.gen(function*() {
        child.onSignal = () => undefined
        const killed = yield* Effect.fork(process.kill())
        yield* TestClock.adjust("4900 millis")
        expect(child.signals).not.toContain("SIGKILL")
        yield* TestClock.adjust("200 millis")
        yield* Fiber.join(killed)
        expect(child.signals).toEqual(["SIGTERM", "SIGCONT", "SIGKILL"])
        expect(yield* messageOf(process.exitCode)).toContain("(it all): Process interrupted due to receipt of signal: SIGKILL")
      })))

  it.effect("with a signal that may be a message fails after five seconds, and leaves the child alone", () =>
    within((process, child) =>
      Effect.gen(function*() {
        child.onSignal = () => undefined
        const killed = yield* Effect.fork(messageOf(process.kill("SIGHUP")))
        yield* TestClock.adjust("5 seconds")
        expect(yield* Fiber.join(killed)).toBe("TimedOut: Command.kill (it all): it was sent SIGHUP and lives on after 5 s")
        expect(child.signals).toEqual(["SIGHUP"])
        child.onSignal = (signal) => child.die(signal)
      })))

  it.effect("that not even SIGKILL carries out fails within the bound", () =>
    within((process, child) =>
      Effect.gen(function*() {
        child.immortal = true
        const killed = yield* Effect.fork(messageOf(process.kill("SIGKILL")))
        yield* TestClock.adjust("6 seconds")
        expect(yield* Fiber.join(killed)).toContain("TimedOut: Command.kill")
      })))
})
