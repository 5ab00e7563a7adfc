/**
 * What becomes of output that nobody reads, and of kills that do not kill, in virtual time. That the executor does what
 * others do is tried with real processes, in `process-node`.
 */
import * as Command from "@effect/platform/Command"
import type { CommandExecutor, Process } from "@effect/platform/CommandExecutor"
import { isPlatformError } from "@effect/platform/Error"
import { describe, expect, it } from "@effect/vitest"
import * as Script from "@tether/vitest/Script"
import type { TestChild } from "@tether/vitest/TestChild"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as ChildCommandExecutor from "../../src/ChildCommandExecutor.js"
import { Exited, Signaled } from "../../src/ExitStatus.js"
import { doing } from "../support/doing.js"

const mebi = 1024 * 1024
const block = 64 * 1024
const rest = TestClock.adjust(0)
const size = <E>(bytes: Stream.Stream<Uint8Array, E>) => Stream.runFold(bytes, 0, (sum, chunk) => sum + chunk.length)

/** As many blocks as it takes; all bytes of one are its number. */
const blocks = (bytes: number): ReadonlyArray<Uint8Array> =>
  Array.from({ length: bytes / block }, (_, number) => new Uint8Array(block).fill(number))

const within = <A, E>(
  steps: ReadonlyArray<Script.Step>,
  f: (process: Process, child: TestChild) => Effect.Effect<A, E, CommandExecutor | Scope.Scope>
) => {
  const spawner = doing(...steps)
  return Effect.scoped(
    Effect.flatMap(Command.start(Command.make("it", "all")), (process) => f(process, spawner.last))
  ).pipe(Effect.provide(ChildCommandExecutor.layer), Effect.provide(spawner.layer))
}

const messageOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => {
    if (!isPlatformError(error)) throw new Error(`unexpected: ${String(error)}`)
    return error.message
  })

describe("output that nobody reads", () => {
  it.effect("holds the child back on stdout, and is all there for a later reader", () =>
    within([Script.stdout(...blocks(4 * mebi)), Script.hang], (process, child) =>
      Effect.gen(function* () {
        yield* rest
        expect(child.isHeldBack).toBe(true)
        yield* child.play(Script.exit(0))
        expect(yield* process.exitCode).toBe(0)
        const read = Buffer.concat([...(yield* Stream.runCollect(process.stdout))])
        expect(read.length).toBeGreaterThan(mebi)
        expect(read.length).toBeLessThan(1.5 * mebi)
        expect(read.equals(Buffer.concat(blocks(read.length)))).toBe(true)
      })
    )
  )

  it.effect("lets the child go on with a reader, who gets all of it", () =>
    within([Script.stdout(...blocks(4 * mebi))], (process, child) =>
      Effect.gen(function* () {
        yield* rest
        expect(child.isHeldBack).toBe(true)
        expect(
          Buffer.concat([...(yield* Stream.runCollect(process.stdout))]).equals(Buffer.concat(blocks(4 * mebi)))
        ).toBe(true)
      })
    )
  )

  it.effect("never holds the child back on stderr; a later reader fails with what is lost, and then reads on", () =>
    within([Script.stderr(...blocks(3 * mebi))], (process, child) =>
      Effect.gen(function* () {
        yield* rest
        expect(child.status).toEqual(Exited(0))
        expect(yield* messageOf(size(process.stderr))).toContain(
          `${2 * mebi} bytes of stderr came while nobody read it`
        )
        expect(yield* size(process.stderr)).toBe(mebi)
      })
    )
  )

  it.effect("does not hold the child back on stdout while somebody waits for the end", () =>
    within([Script.stdout(...blocks(4 * mebi)), Script.exit(3)], (process, child) =>
      Effect.gen(function* () {
        yield* rest
        expect(child.isHeldBack).toBe(true)
        expect(yield* process.exitCode).toBe(3)
        expect(yield* messageOf(size(process.stdout))).toContain(`${3 * mebi} bytes of stdout`)
      })
    )
  )

  it.effect("does not hold the child back once a reader has left", () =>
    within([Script.stdout("ready\n"), Script.wait("1 second"), Script.stdout(...blocks(3 * mebi))], (process, child) =>
      Effect.gen(function* () {
        yield* Stream.runDrain(Stream.take(process.stdout, 1))
        yield* TestClock.adjust("1 second")
        expect(child.status).toEqual(Exited(0))
      })
    )
  )

  it.effect("loses nothing to a reader that is slow", () =>
    within([Script.wait("1 second"), Script.stderr(...blocks(2 * mebi))], (process, child) =>
      Effect.gen(function* () {
        const reader = yield* Effect.fork(size(Stream.tap(process.stderr, () => Effect.sleep("1 second"))))
        yield* TestClock.adjust("1 second")
        expect([child.isHeldBack, child.status]).toEqual([true, undefined])
        yield* TestClock.adjust("1 minute")
        expect(yield* Fiber.join(reader)).toBe(2 * mebi)
      })
    )
  )

  it.effect("does not hold up the close of the scope", () => {
    const onTerm = Script.on("SIGTERM", Script.stdout(...blocks(3 * mebi)), Script.die("SIGTERM"))
    return within([onTerm, Script.stdout(...blocks(4 * mebi)), Script.hang], (_, child) =>
      Effect.gen(function* () {
        yield* rest
        expect(child.isHeldBack).toBe(true)
        return child
      })
    ).pipe(Effect.map((child) => expect(child.status).toEqual(Signaled("SIGTERM"))))
  })
})

describe("kill", () => {
  it.effect("is followed by SIGKILL after five seconds", () =>
    within([Script.ignore("SIGTERM"), Script.hang], (process, child) =>
      Effect.gen(function* () {
        yield* rest
        const killed = yield* Effect.fork(process.kill())
        yield* TestClock.adjust("4900 millis")
        expect(child.signals).not.toContain("SIGKILL")
        yield* TestClock.adjust("200 millis")
        yield* Fiber.join(killed)
        expect(child.signals).toEqual(["SIGTERM", "SIGCONT", "SIGKILL"])
        expect(yield* messageOf(process.exitCode)).toContain(
          "(it all): Process interrupted due to receipt of signal: SIGKILL"
        )
      })
    )
  )

  it.effect("sends its signal each time, and SIGKILL once", () =>
    within([Script.ignore("SIGTERM"), Script.hang], (process, child) =>
      Effect.gen(function* () {
        yield* rest
        const first = yield* Effect.fork(process.kill())
        yield* TestClock.adjust("1 second")
        const second = yield* Effect.fork(process.kill())
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(first)
        yield* Fiber.join(second)
        expect(child.signals).toEqual(["SIGTERM", "SIGCONT", "SIGTERM", "SIGKILL"])
      })
    )
  )

  it.effect("with a signal that may be a message fails after five seconds, and leaves the child alone", () =>
    within([Script.ignore("SIGHUP"), Script.hang], (process, child) =>
      Effect.gen(function* () {
        yield* rest
        const killed = yield* Effect.fork(messageOf(process.kill("SIGHUP")))
        yield* TestClock.adjust("5 seconds")
        expect(yield* Fiber.join(killed)).toBe(
          "TimedOut: Command.kill (it all): it was sent SIGHUP and lives on after 5 s"
        )
        expect(child.signals).toEqual(["SIGHUP"])
      })
    )
  )

  it.effect("that not even SIGKILL carries out fails within the bound", () =>
    within([Script.freeze], (process) =>
      Effect.gen(function* () {
        yield* rest
        const killed = yield* Effect.fork(messageOf(process.kill("SIGKILL")))
        yield* TestClock.adjust("6 seconds")
        expect(yield* Fiber.join(killed)).toContain("TimedOut: Command.kill")
      })
    )
  )
})
