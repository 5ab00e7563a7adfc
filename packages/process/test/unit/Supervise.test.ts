/**
 * Policies, in virtual time: no operating system takes part.
 */
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as Script from "@tether/vitest/Script"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import type { Child } from "../../src/Child.js"
import type { ChildDriver } from "../../src/ChildDriver.js"
import * as ChildObserver from "../../src/ChildObserver.js"
import type { ChildOptions } from "../../src/ChildOptions.js"
import * as ChildSpawner from "../../src/ChildSpawner.js"
import { Exited, Signaled } from "../../src/ExitStatus.js"
import { ProcessFailed } from "../../src/ProcessFailed.js"
import * as StopPlan from "../../src/StopPlan.js"
import * as Supervise from "../../src/Supervise.js"
import { SurvivorsError } from "../../src/SurvivorsError.js"
import { doing } from "../support/doing.js"
import { captureLogs } from "../support/logs.js"

const command = Command.make("build", "all")

/** As much as is read at once. */
const block = `${"x".repeat(65_535)}\n`

/** Lets everybody do what takes no time, a child what it does first. */
const rest = TestClock.adjust(0)

/** Work beside a child, which comes to what it does meanwhile. */
const aSecond = Effect.sleep("1 second")

/** Ends by SIGKILL alone. */
const stubborn = [Script.ignore("SIGTERM"), Script.hang]

/** Runs an effect in a fiber and lets it come to rest before anything else is done. */
const begin = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.tap(Effect.fork(effect), () => rest)

const run = (steps: ReadonlyArray<Script.Step>, options?: ChildOptions) =>
  Effect.provide(Supervise.run(command, options), doing(...steps).layer)

describe("the outcome of a run", () => {
  it.effect("is the report of a child that exits 0", () =>
    Effect.gen(function* () {
      const spawner = doing(Script.stdout("one\ntwo"), Script.stderr("warning\n"), Script.exit(0))
      const report = yield* Effect.provide(Supervise.run(command), spawner.layer)
      expect(report).toMatchObject({
        label: "build",
        pid: spawner.last.pid,
        status: Exited(0),
        endedBy: "child",
        drained: { _tag: "Eof" },
        stdout: { bytes: 7, lines: 2, tail: "one\ntwo" },
        stderr: { bytes: 8, lines: 1, tail: "warning\n" }
      })
    })
  )

  it.effect("is ProcessFailed for another code, with the tail of stderr, relayed or not", () =>
    Effect.gen(function* () {
      for (const relay of [true, false]) {
        const error = yield* Effect.flip(
          run([Script.stderr("first\nlast words\n"), Script.exit(3)], { relay, label: "build" })
        )
        expect(error).toBeInstanceOf(ProcessFailed)
        expect(error.message).toBe(`"build" (build all) exited with code 3 after 0 ms`)
        expect((error as ProcessFailed).pretty).toBe(
          `"build" (build all) exited with code 3 after 0 ms\n|_.stderr:\n   first\n   last words`
        )
        expect(error).toMatchObject({ command: "build", args: ["all"], status: Exited(3), endedBy: "child" })
      }
    })
  )

  it.effect("is ProcessFailed for a signal that was not ours, and says so", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(run([Script.die("SIGSEGV")], { label: "build" }))
      expect(error).toMatchObject({ status: Signaled("SIGSEGV"), endedBy: "outside" })
      expect(error.message).toBe(`"build" (build all) was ended by SIGSEGV after 0 ms`)
    })
  )

  it.effect.each<[ChildOptions["expect"], boolean]>([
    [[0, 1], true],
    [[Exited(1)], true],
    [[2], false],
    [(status) => status._tag === "Exited" && status.code < 2, true],
    [[Signaled("SIGTERM")], false]
  ])("honours expect %#", ([expectation, accepted]) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(run([Script.exit(1)], { expect: expectation }))
      expect(Exit.isSuccess(exit)).toBe(accepted)
    })
  )

  it.effect("is the report whatever the status with check: false", () =>
    Effect.gen(function* () {
      const report = yield* run([Script.exit(9)], { check: false })
      expect(report.status).toEqual(Exited(9))
    })
  )

  it.effect("measures the duration from spawn to exit", () =>
    Effect.gen(function* () {
      const fiber = yield* begin(Effect.flip(run([Script.wait("1200 millis"), Script.exit(3)], { label: "build" })))
      yield* TestClock.adjust("1200 millis")
      const error = yield* Fiber.join(fiber)
      expect(error.message).toBe(`"build" (build all) exited with code 3 after 1.2 s`)
    })
  )

  it.effect("waits for both drains after the exit", () =>
    Effect.gen(function* () {
      const lateWriter = Script.leaveWith({ holds: ["stdout"] }, Script.wait("500 millis"), Script.stdout("late\n"))
      const fiber = yield* begin(run([lateWriter, Script.exit(0)]))
      yield* TestClock.adjust("499 millis")
      expect(yield* Fiber.poll(fiber)).toEqual(Option.none())
      yield* TestClock.adjust("1 millis")
      expect((yield* Fiber.join(fiber)).stdout.tail).toBe("late\n")
    })
  )

  it.effect("is a defect where expect throws, and is known all the same", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(
        run([Script.exit(0)], {
          expect: () => {
            throw new Error("broken expectation")
          }
        })
      )
      expect(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "").toContain("broken expectation")
    })
  )

  it.effect("dies with what interrupted onLines, and the drain goes on", () =>
    Effect.gen(function* () {
      const spawner = doing(
        Script.stdout("one\n"),
        Script.repeat(8, Script.stdout(block)),
        Script.wait("1 second"),
        Script.exit(0)
      )
      const fiber = yield* begin(
        Supervise.run(command, { onLines: { stdout: () => Effect.interrupt } }).pipe(
          Effect.provide(spawner.layer),
          Effect.provide(captureLogs().layer),
          Effect.exit
        )
      )
      expect(spawner.last.isHeldBack).toBe(false)
      yield* TestClock.adjust("1 second")
      expect(spawner.last.status).toEqual(Exited(0))
      expect(Exit.isInterrupted(yield* Fiber.join(fiber))).toBe(true)
    })
  )

  it.effect("dies with what onLines threw, once the child is over, and keeps the tail", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const exit = yield* run([Script.stdout("one\n", "two\n"), Script.exit(0)], {
        onLines: {
          stdout: () => {
            throw new Error("broken consumer")
          }
        }
      }).pipe(Effect.provide(logs.layer), Effect.exit)
      expect(Exit.isFailure(exit) && Cause.isDie(exit.cause)).toBe(true)
      expect(logs.entries.filter((entry) => entry.level === "ERROR")).toHaveLength(1)
    })
  )
})

describe("a pipe that something else holds", () => {
  it.effect("delays the outcome by drainGrace, and the holder is named", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const spawner = doing(Script.stdout("hi\n"), Script.leave(Script.hang), Script.exit(0))
      const fiber = yield* begin(
        Supervise.run(command, { label: "build", drainGrace: "400 millis" }).pipe(
          Effect.provide(spawner.layer),
          Effect.provide(logs.layer)
        )
      )
      yield* TestClock.adjust("390 millis")
      expect(yield* Fiber.poll(fiber)).toEqual(Option.none())
      const [holder] = spawner.last.living
      yield* TestClock.adjust("60 millis")
      const report = yield* Fiber.join(fiber)
      expect(report.drained).toEqual({ _tag: "Cut", holders: [holder] })
      expect(report.stdout.tail).toBe("hi\n")
      expect(logs.entries.map((entry) => entry.message).join()).toContain(`${holder?.pid} (left)`)
    })
  )

  it.effect("is closed after drainGrace, so that whoever still writes to it is told", () =>
    Effect.gen(function* () {
      const writer = (step: Script.Step) =>
        Script.leave(Script.ignore("SIGTERM"), Script.wait("450 millis"), step, Script.hang)
      const spawner = doing(writer(Script.stdout("x")), writer(Script.stderr("x")), Script.exit(0))
      const fiber = yield* begin(
        Supervise.run(command, { drainGrace: "400 millis" }).pipe(
          Effect.provide(spawner.layer),
          Effect.provide(captureLogs().layer)
        )
      )
      yield* TestClock.adjust("449 millis")
      expect(spawner.last.living).toHaveLength(2)
      yield* TestClock.adjust("51 millis")
      expect(yield* Fiber.join(fiber)).toMatchObject({
        drained: { _tag: "Cut" },
        stdout: { bytes: 0 },
        stderr: { bytes: 0 }
      })
      expect(spawner.last.signals).not.toContain("SIGKILL")
    })
  )

  it.effect("is no stall where nothing is undelivered, with a deliverGrace of zero too", () =>
    Effect.gen(function* () {
      const fiber = yield* begin(
        Effect.provide(
          run([Script.leave(Script.hang), Script.exit(0)], { deliverGrace: 0, drainGrace: "20 millis" }),
          captureLogs().layer
        )
      )
      yield* TestClock.adjust("100 millis")
      expect((yield* Fiber.join(fiber)).drained._tag).toBe("Cut")
    })
  )

  it.effect("does not run out of grace while a stop plan is at work", () =>
    Effect.gen(function* () {
      const spawner = doing(
        Script.leave(Script.ignore("SIGTERM"), Script.wait("2 seconds"), Script.stdout("farewell of a grandchild\n")),
        Script.on("SIGTERM", Script.exit(0)),
        Script.hang
      )
      const stop = StopPlan.make(StopPlan.signal("SIGTERM", "5 seconds"))
      const fiber = yield* begin(
        Effect.provide(
          Supervise.use(command, { stop, drainGrace: "400 millis" }, (child) => Effect.as(aSecond, child.gone)).pipe(
            Effect.flatten
          ),
          spawner.layer
        )
      )
      yield* TestClock.adjust("3 seconds")
      expect((yield* Fiber.join(fiber)).stdout.tail).toBe("farewell of a grandchild\n")
      expect(spawner.last.signals).not.toContain("SIGKILL")
    })
  )
})

describe("a slow consumer", () => {
  it.effect("is waited for as long as it makes progress", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`)
      // All of them take four times as long as it is waited for without any progress.
      const fiber = yield* begin(
        run([Script.stdout(`${lines.join("\n")}\n`), Script.exit(0)], {
          deliverGrace: "400 millis",
          onLines: {
            stdout: (chunk) =>
              Effect.delay(
                Effect.sync(() => void seen.push(...chunk)),
                Duration.millis(16 * chunk.length)
              )
          }
        })
      )
      yield* TestClock.adjust("2 seconds")
      const report = yield* Fiber.join(fiber)
      expect(report.drained).toEqual({ _tag: "Eof" })
      expect(seen).toEqual(lines)
    })
  )

  it.effect("that has stopped is given up after deliverGrace, and what it did not take is counted", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const fiber = yield* begin(
        run([Script.stdout("0123456789\n"), Script.exit(0)], {
          onLines: { stdout: () => Effect.never },
          deliverGrace: "400 millis"
        }).pipe(Effect.provide(logs.layer))
      )
      yield* TestClock.adjust("390 millis")
      expect(yield* Fiber.poll(fiber)).toEqual(Option.none())
      yield* TestClock.adjust("60 millis")
      expect((yield* Fiber.join(fiber)).drained).toEqual({ _tag: "Stalled", bytes: 11 })
      expect(logs.entries.map((entry) => entry.message).join()).toContain("deliverGrace")
    })
  )

  it.effect("holds the child back, and its stream is paused meanwhile", () =>
    Effect.gen(function* () {
      const release = yield* Deferred.make<void>()
      const spawner = doing(Script.repeat(8, Script.stdout(block)), Script.exit(0))
      const fiber = yield* begin(
        Effect.provide(Supervise.run(command, { onLines: { stdout: () => Deferred.await(release) } }), spawner.layer)
      )
      expect([spawner.last.isHeldBack, spawner.last.status]).toEqual([true, undefined])
      yield* Deferred.succeed(release, undefined)
      yield* rest
      expect([spawner.last.isHeldBack, spawner.last.status]).toEqual([false, Exited(0)])
      expect((yield* Fiber.join(fiber)).stdout.lines).toBe(8)
    })
  )
})

describe("stopping", () => {
  /** A child whose stop has just begun. */
  const stopped = (steps: ReadonlyArray<Script.Step>, stop?: StopPlan.StopPlan) =>
    Effect.gen(function* () {
      const spawner = doing(...steps)
      const logs = captureLogs()
      const started = yield* Deferred.make<Child>()
      const fiber = yield* begin(
        Supervise.use(command, { label: "build", stop }, (child) =>
          Effect.zipRight(Deferred.succeed(started, child), Effect.as(aSecond, "done"))
        ).pipe(Effect.provide(spawner.layer), Effect.provide(logs.layer))
      )
      yield* TestClock.adjust("1 second")
      return { spawner, logs, fiber, child: yield* Deferred.await(started) }
    })

  it.effect("sends TERM, and is done when the group is empty", () =>
    Effect.gen(function* () {
      const { child, fiber, spawner } = yield* stopped([Script.hang])
      expect(yield* Fiber.join(fiber)).toBe("done")
      expect(spawner.last.signals).toEqual(["SIGTERM"])
      expect((yield* child.gone).endedBy).toBe("scope")
    })
  )

  it.effect("sends CONT after 50 ms, because a stopped process hears nothing before", () =>
    Effect.gen(function* () {
      const { fiber, spawner } = yield* stopped(stubborn)
      yield* TestClock.adjust("49 millis")
      expect(spawner.last.signals).toEqual(["SIGTERM"])
      yield* TestClock.adjust("1 millis")
      expect(spawner.last.signals).toEqual(["SIGTERM", "SIGCONT"])
      yield* spawner.last.play(Script.die("SIGTERM"))
      expect(yield* Fiber.join(fiber)).toBe("done")
    })
  )

  it.effect("reaches a stopped process when it goes on, and does not wait for the rest of its time", () =>
    Effect.gen(function* () {
      const { fiber, spawner } = yield* stopped([Script.die("SIGSTOP")])
      yield* TestClock.adjust("49 millis")
      expect([spawner.last.signals, spawner.last.status]).toEqual([["SIGTERM"], undefined])
      yield* TestClock.adjust("1 millis")
      expect([spawner.last.signals, spawner.last.status]).toEqual([["SIGTERM", "SIGCONT"], Signaled("SIGTERM")])
      expect(yield* Fiber.join(fiber)).toBe("done")
    })
  )

  it.effect.each(["use", "an ambient scope", "a scope that a fiber closes", "siblings"])(
    "is not cut short by an interrupt that comes while it is at work: %s",
    (way) =>
      Effect.gen(function* () {
        const spawner = doing(...stubborn)
        const ways: Record<string, Effect.Effect<unknown, unknown, ChildSpawner.ChildSpawner>> = {
          use: Supervise.use(command, {}, () => aSecond),
          "an ambient scope": Effect.scoped(Effect.zipRight(Supervise.start(command), aSecond)),
          "a scope that a fiber closes": Effect.gen(function* () {
            const scope = yield* Scope.make()
            yield* Scope.extend(Supervise.start(command), scope)
            yield* aSecond
            yield* Effect.interruptible(Scope.close(scope, Exit.void))
          }),
          siblings: Effect.scoped(
            Effect.zipRight(Supervise.all([Supervise.start(command), Supervise.start(command)]), aSecond)
          )
        }
        const fiber = yield* begin(
          (ways[way] as Effect.Effect<unknown, unknown, ChildSpawner.ChildSpawner>).pipe(Effect.provide(spawner.layer))
        )
        yield* TestClock.adjust("2 seconds")
        expect(spawner.last.signals).toEqual(["SIGTERM", "SIGCONT"])
        yield* Fiber.interruptFork(fiber)
        yield* TestClock.adjust("3 seconds")
        expect(spawner.last.signals).toEqual(["SIGTERM", "SIGCONT"])
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.await(fiber)
        expect(spawner.children.map((child) => child.status)).toEqual(spawner.children.map(() => Signaled("SIGKILL")))
      })
  )

  it.effect("escalates to KILL after the wait, and says whom, how long and which option", () =>
    Effect.gen(function* () {
      const { fiber, logs, spawner } = yield* stopped(stubborn)
      yield* TestClock.adjust("4900 millis")
      expect(spawner.last.signals).toEqual(["SIGTERM", "SIGCONT"])
      yield* TestClock.adjust("200 millis")
      yield* Fiber.join(fiber)
      expect(spawner.last.signals).toEqual(["SIGTERM", "SIGCONT", "SIGKILL"])
      const warning = logs.entries.find((entry) => entry.level === "WARN")
      expect(warning?.message).toContain(`"build" (pid ${spawner.last.pid}) was still alive 5 s after`)
      expect(warning?.message).toContain(`option "stop"`)
    })
  )

  it.effect("waits for the group and not for the leader alone", () =>
    Effect.gen(function* () {
      const { fiber, spawner } = yield* stopped(
        [Script.leaveWith({ holds: [] }, ...stubborn), Script.hang],
        StopPlan.make(StopPlan.signal("SIGTERM", "500 millis"))
      )
      yield* TestClock.adjust("490 millis")
      expect(yield* Fiber.poll(fiber)).toEqual(Option.none())
      expect(spawner.last.status).toEqual(Signaled("SIGTERM"))
      expect(spawner.last.living).toHaveLength(1)
      yield* TestClock.adjust("20 millis")
      yield* Fiber.join(fiber)
      expect(spawner.last.signals).toContain("SIGKILL")
      expect(spawner.last.living).toEqual([])
    })
  )

  it.effect("goes through its steps in order, whatever a request does", () =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const { fiber, logs, spawner } = yield* stopped(
        [Script.ignore("SIGINT"), Script.hang],
        StopPlan.make(
          StopPlan.ask(Effect.fail("refused"), "10 seconds"),
          StopPlan.ask(
            Effect.zipRight(
              Effect.sync(() => asked.push("slow")),
              Effect.never
            ),
            "2 seconds"
          ),
          StopPlan.closeStdin("5 seconds"),
          StopPlan.signal("SIGINT", "1 second"),
          StopPlan.signal("SIGTERM", "5 seconds")
        )
      )
      expect(asked).toEqual(["slow"])
      expect(spawner.last.signals).toEqual([])
      yield* TestClock.adjust("2100 millis")
      expect(spawner.last.signals).toEqual(["SIGINT", "SIGCONT"])
      yield* TestClock.adjust("1100 millis")
      yield* Fiber.join(fiber)
      expect(spawner.last.signals).toEqual(["SIGINT", "SIGCONT", "SIGTERM"])
      expect(logs.entries.map((entry) => entry.message).join()).toContain("stop plan goes on")
    })
  )

  it.effect("goes on behind a request that interrupts itself", () =>
    Effect.gen(function* () {
      const { fiber, spawner } = yield* stopped(
        [Script.hang],
        StopPlan.make(StopPlan.ask(Effect.interrupt, "500 millis"), StopPlan.signal("SIGTERM", "1 second"))
      )
      expect(yield* Fiber.join(fiber)).toBe("done")
      expect(spawner.last.signals).toEqual(["SIGTERM"])
    })
  )

  /** The signals to a stubborn child, from a second after its start to the close of its scope. */
  const signalsOf = (stops: (child: Child) => Effect.Effect<unknown, SurvivorsError>) =>
    Effect.gen(function* () {
      const spawner = doing(...stubborn)
      const fiber = yield* begin(
        Effect.scoped(
          Effect.gen(function* () {
            const child = yield* Supervise.start(command)
            yield* aSecond
            yield* stops(child)
          })
        ).pipe(Effect.provide(spawner.layer))
      )
      yield* TestClock.adjust("7 seconds")
      yield* Fiber.join(fiber)
      return spawner.last.signals
    })

  it.effect("with one plan is carried out once, however many ask for it", () =>
    Effect.gen(function* () {
      const signals = yield* signalsOf((child) =>
        Effect.zipRight(Effect.replicateEffect(Effect.forkDaemon(child.stop()), 2), Effect.yieldNow())
      )
      expect(signals).toEqual(["SIGTERM", "SIGCONT", "SIGKILL"])
    })
  )

  it.effect("with two equal plans is carried out once", () =>
    Effect.gen(function* () {
      const ask = Effect.void
      const plan = () =>
        StopPlan.make(
          StopPlan.ask(ask, "1 second"),
          StopPlan.closeStdin("1 second"),
          StopPlan.signal("SIGTERM", "2 seconds")
        )
      const signals = yield* signalsOf((child) =>
        Effect.all([child.stop(plan()), child.stop(plan())], { concurrency: "unbounded" })
      )
      expect(signals).toEqual(["SIGTERM", "SIGCONT", "SIGKILL"])
    })
  )

  it.effect("with two plans that differ in what comes with SIGKILL and behind it is carried out once", () =>
    Effect.gen(function* () {
      const [term, kill] = [StopPlan.signal("SIGTERM", "2 seconds"), StopPlan.signal("SIGKILL", "1 second")]
      const plans = [StopPlan.make(term), StopPlan.make(term, kill), StopPlan.make(term, kill, term)]
      const signals = yield* signalsOf((child) =>
        Effect.all(
          plans.map((plan) => child.stop(plan)),
          { concurrency: "unbounded" }
        )
      )
      expect(signals).toEqual(["SIGTERM", "SIGCONT", "SIGKILL"])
    })
  )

  it.effect("with two plans that differ in a wait carries out both", () =>
    Effect.gen(function* () {
      const signals = yield* signalsOf((child) =>
        Effect.all(
          (["2 seconds", "3 seconds"] as const).map((wait) =>
            child.stop(StopPlan.make(StopPlan.signal("SIGTERM", wait)))
          ),
          { concurrency: "unbounded" }
        )
      )
      expect(signals.filter((signal) => signal === "SIGTERM")).toHaveLength(2)
    })
  )

  it.effect("may ask for itself", () =>
    Effect.gen(function* () {
      const handle = yield* Deferred.make<Child>()
      const stopAgain = Effect.flatMap(Deferred.await(handle), (child) => child.stop())
      const { child, fiber, spawner } = yield* stopped(
        [Script.hang],
        StopPlan.make(StopPlan.ask(stopAgain, "1 second"), StopPlan.signal("SIGTERM", "1 second"))
      )
      yield* Deferred.succeed(handle, child)
      yield* TestClock.adjust("1100 millis")
      expect(yield* Fiber.join(fiber)).toBe("done")
      expect(spawner.last.signals).toEqual(["SIGTERM"])
    })
  )

  it.effect("by a consumer of the child's own lines does not wait for that consumer", () =>
    Effect.gen(function* () {
      const spawner = doing(Script.stdout("stop now\n"), Script.hang)
      const report = yield* Effect.scoped(
        Effect.gen(function* () {
          const child = yield* Supervise.start(command)
          yield* Stream.runForEach(child.read({ replay: 1 }), () => child.stop())
          return yield* child.report
        })
      ).pipe(Effect.provide(spawner.layer))
      expect(report).toMatchObject({ endedBy: "owner", drained: { _tag: "Eof" } })
    })
  )

  it.effect("does not wait for a request that cannot be interrupted", () =>
    Effect.gen(function* () {
      const { fiber, spawner } = yield* stopped(
        [Script.hang],
        StopPlan.make(
          StopPlan.ask(Effect.uninterruptible(Effect.sleep("1 hour")), "1 second"),
          StopPlan.signal("SIGTERM", "1 second")
        )
      )
      yield* TestClock.adjust("1100 millis")
      yield* Fiber.join(fiber)
      expect(spawner.last.signals).toEqual(["SIGTERM"])
    })
  )

  it.effect("is over as soon as a request has worked", () =>
    Effect.gen(function* () {
      const spawner = doing(Script.hang)
      const plan = StopPlan.make(
        StopPlan.ask(
          Effect.suspend(() => spawner.last.play(Script.exit(0))),
          "1 minute"
        )
      )
      const fiber = yield* begin(
        Effect.provide(
          Supervise.use(command, { stop: plan }, () => Effect.void),
          spawner.layer
        )
      )
      yield* TestClock.adjust("100 millis")
      yield* Fiber.join(fiber)
      expect(spawner.last.signals).toEqual([])
    })
  )

  it.effect("ends a stop that was interrupted where it is, and begins anew at the close", () =>
    Effect.gen(function* () {
      const spawner = doing(...stubborn)
      const fiber = yield* begin(
        Effect.provide(
          Supervise.use(command, {}, (child) =>
            Effect.zipRight(aSecond, Effect.timeoutOption(child.stop(), "1 second"))
          ),
          spawner.layer
        )
      )
      yield* TestClock.adjust("2100 millis")
      expect(spawner.last.signals).toEqual(["SIGTERM", "SIGCONT", "SIGTERM", "SIGCONT"])
      yield* TestClock.adjust("6 seconds")
      yield* Fiber.join(fiber)
      expect(spawner.last.signals.at(-1)).toBe("SIGKILL")
    })
  )

  it.effect("by its owner is no failure, whatever the status", () =>
    Effect.gen(function* () {
      for (const [end, status] of [
        [Script.exit(7), Exited(7)],
        [Script.die("SIGTERM"), Signaled("SIGTERM")]
      ] as const) {
        const report = yield* Effect.scoped(
          Effect.gen(function* () {
            const child = yield* Supervise.start(command)
            yield* rest
            yield* child.stop()
            return yield* child.report
          })
        ).pipe(Effect.provide(doing(Script.on("SIGTERM", end), Script.hang).layer))
        expect(report).toMatchObject({ endedBy: "owner", status })
      }
    })
  )

  it.effect("of a child whose status is known already does not make it ours", () =>
    Effect.gen(function* () {
      const spawner = doing(Script.leave(Script.hang), Script.exit(3))
      const error = yield* Effect.scoped(
        Effect.gen(function* () {
          const child = yield* Supervise.start(command)
          yield* child.exited
          yield* child.stop()
          return yield* Effect.flip(child.report)
        })
      ).pipe(Effect.provide(spawner.layer))
      expect(spawner.last.signals).toEqual(["SIGTERM"])
      expect(error).toMatchObject({ _tag: "ProcessFailed", endedBy: "child", status: Exited(3) })
    })
  )

  it.effect("can be hastened: a second stop with another plan runs beside the first", () =>
    Effect.gen(function* () {
      const spawner = doing(...stubborn)
      yield* Effect.scoped(
        Effect.gen(function* () {
          const child = yield* Supervise.start(command)
          yield* rest
          const patient = yield* Effect.fork(child.stop(StopPlan.make(StopPlan.signal("SIGTERM", "1 hour"))))
          yield* Effect.yieldNow()
          yield* child.stop(StopPlan.kill)
          yield* TestClock.adjust("100 millis")
          yield* Fiber.join(patient)
        })
      ).pipe(Effect.provide(spawner.layer))
      expect(spawner.last.signals).toEqual(["SIGTERM", "SIGKILL"])
    })
  )

  it.effect("names what even KILL does not end, within a bound", () =>
    Effect.gen(function* () {
      const spawner = doing(Script.freeze)
      const fiber = yield* begin(
        Effect.provide(Effect.flip(Supervise.use(command, { label: "build" }, () => aSecond)), spawner.layer)
      )
      yield* TestClock.adjust("12 seconds")
      const error = yield* Fiber.join(fiber)
      expect(error).toBeInstanceOf(SurvivorsError)
      expect(error.message).toContain(`${spawner.last.pid} (build)`)
    })
  )

  it.effect("of an ambient scope logs survivors as an error, and gone fails with them", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const spawner = doing(Script.freeze)
      const handle = yield* Deferred.make<Child>()
      const fiber = yield* begin(
        Effect.scoped(
          Effect.flatMap(Supervise.start(command), (child) => Effect.zipRight(aSecond, Deferred.succeed(handle, child)))
        ).pipe(Effect.provide(spawner.layer), Effect.provide(logs.layer))
      )
      yield* TestClock.adjust("12 seconds")
      yield* Fiber.join(fiber)
      expect(yield* Effect.flip((yield* Deferred.await(handle)).gone)).toBeInstanceOf(SurvivorsError)
      expect(logs.entries.some((entry) => entry.level === "ERROR" && entry.message.includes("still alive"))).toBe(true)
    })
  )

  it.effect("of siblings runs in parallel, in all and in layers", () =>
    Effect.gen(function* () {
      const spawner = doing(...stubborn)
      const starts = [1, 2, 3].map((n) => Supervise.start(Command.make("child", String(n))))
      const siblings = yield* begin(
        Effect.scoped(Effect.zipRight(Supervise.all(starts), aSecond)).pipe(Effect.provide(spawner.layer))
      )
      yield* TestClock.adjust("6100 millis")
      yield* Fiber.join(siblings)

      class First extends Context.Tag("First")<First, Child>() {}
      class Second extends Context.Tag("Second")<Second, Child>() {}
      const layers = yield* begin(
        aSecond.pipe(
          Effect.provide(Layer.mergeAll(Supervise.layer(First, command), Supervise.layer(Second, command))),
          Effect.provide(spawner.layer)
        )
      )
      yield* TestClock.adjust("6100 millis")
      yield* Fiber.join(layers)
      expect(spawner.children.map((child) => child.status)).toEqual(
        Array.from({ length: 5 }, () => Signaled("SIGKILL"))
      )
    })
  )

  it.effect(
    "waits for what a clean exit left behind, as long as was asked for, and names nothing that ends by then",
    () =>
      Effect.gen(function* () {
        const logs = captureLogs()
        const spawner = doing(Script.leaveWith({ holds: [] }, Script.wait("1 second"), Script.exit(0)), Script.exit(0))
        const fiber = yield* begin(
          Supervise.run(command, { leftoverGrace: "2 seconds" }).pipe(
            Effect.provide(spawner.layer),
            Effect.provide(logs.layer)
          )
        )
        yield* TestClock.adjust("900 millis")
        expect(spawner.last.living).toHaveLength(1)
        yield* TestClock.adjust("200 millis")
        expect((yield* Fiber.join(fiber)).leftovers).toEqual([])
        expect(spawner.last.signals).toEqual([])
        expect(logs.entries).toEqual([])
      })
  )

  it.effect("stops group members that a clean exit left behind, warns, and succeeds", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const spawner = doing(Script.leaveWith({ holds: [] }, Script.hang), Script.exit(0))
      const fiber = yield* begin(Supervise.run(command).pipe(Effect.provide(spawner.layer), Effect.provide(logs.layer)))
      const left = spawner.last.living
      yield* TestClock.adjust("100 millis")
      const report = yield* Fiber.join(fiber)
      expect(left).toHaveLength(1)
      expect(report.leftovers).toEqual(left.map((each) => ({ ...each, isCertain: true })))
      expect(spawner.last.living).toEqual([])
      expect(spawner.last.signals).toEqual(["SIGTERM"])
      expect(logs.entries.find((entry) => entry.level === "WARN")?.message).toContain(`${left[0]?.pid} (left)`)
    })
  )
})

describe("work beside a child", () => {
  it.effect("is interrupted when the child ends first, clean or not", () =>
    Effect.gen(function* () {
      for (const code of [0, 4]) {
        const error = yield* Supervise.use(command, {}, () => Effect.never).pipe(
          Effect.provide(doing(Script.stderr("out of memory\n"), Script.exit(code)).layer),
          Effect.flip
        )
        expect(error).toMatchObject({ _tag: "ProcessFailed", status: Exited(code), stderr: "out of memory\n" })
      }
    })
  )

  it.effect("goes on when expect was given and allows the end", () =>
    Effect.gen(function* () {
      const fiber = yield* begin(
        Effect.provide(
          Supervise.use(command, { expect: [0] }, () => Effect.as(aSecond, "done")),
          doing(Script.exit(0)).layer
        )
      )
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(fiber)).toBe("done")
    })
  )

  it.effect("that succeeds after the child's death has failed all the same", () =>
    Effect.gen(function* () {
      const error = yield* Supervise.use(command, {}, (child) => Stream.runCollect(child.lines)).pipe(
        Effect.provide(doing(Script.stdout("one\n"), Script.exit(3)).layer),
        Effect.flip
      )
      expect(error).toMatchObject({ _tag: "ProcessFailed", status: Exited(3) })
    })
  )

  it.effect("that fails because the child died is ProcessFailed, with the body's cause kept", () =>
    Effect.gen(function* () {
      const spawner = doing(Script.hang)
      const error = yield* Supervise.use(command, {}, () =>
        Effect.zipRight(spawner.last.play(Script.exit(1)), Effect.fail("connection reset"))
      ).pipe(Effect.provide(spawner.layer), Effect.flip)
      expect(error).toBeInstanceOf(ProcessFailed)
      expect((error as ProcessFailed).bodyCause).toEqual(Cause.fail("connection reset"))
    })
  )

  it.effect("dies of what onLines threw, once the child is over", () =>
    Effect.gen(function* () {
      const fiber = yield* begin(
        Supervise.use(command, { onLines: { stdout: () => Effect.die("broken") } }, () => aSecond).pipe(
          Effect.provide(doing(Script.stdout("one\n"), Script.hang).layer),
          Effect.provide(captureLogs().layer),
          Effect.exit
        )
      )
      yield* TestClock.adjust("1100 millis")
      expect(yield* Fiber.join(fiber)).toEqual(Exit.die("broken"))
    })
  )

  it.effect("that fails while the child lives keeps its own failure", () =>
    Effect.gen(function* () {
      const error = yield* Supervise.use(command, {}, () => Effect.fail("mine")).pipe(
        Effect.provide(doing(Script.hang).layer),
        Effect.flip
      )
      expect(error).toBe("mine")
    })
  )

  it.effect("may stop the child itself and go on", () =>
    Effect.gen(function* () {
      const result = yield* Supervise.use(command, {}, (child) =>
        Effect.zipRight(child.stop(), Effect.succeed("done"))
      ).pipe(Effect.provide(doing(Script.hang).layer))
      expect(result).toBe("done")
    })
  )

  it.effect("races against the death of a started child", () =>
    Effect.gen(function* () {
      const fiber = yield* begin(
        Effect.scoped(Effect.flatMap(Supervise.start(command), ({ raceExit }) => raceExit(Effect.never))).pipe(
          Effect.flip,
          Effect.provide(doing(Script.wait("1 second"), Script.stderr("port in use\n"), Script.exit(1)).layer)
        )
      )
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "ProcessFailed", stderr: "port in use\n" })
    })
  )
})

describe("the observer", () => {
  const observed = (observer: Partial<ChildObserver.ChildObserver>) =>
    ChildObserver.layer({
      spawned: () => Effect.void,
      exited: () => Effect.void,
      gone: () => Effect.void,
      ...observer
    })

  it.effect("is told of the last words, though the end becomes known before they are read", () =>
    Effect.gen(function* () {
      const heard: Array<string> = []
      const observer = observed({ exited: ({ stderr }) => Effect.sync(() => void heard.push(stderr)) })
      const nothing = () => {}
      const ended: ChildDriver["launch"] = (_, events) =>
        Effect.sync(() => {
          setImmediate(() => events.exited(Exited(3)))
          let turns = 0
          const turn = Effect.sync(() => {
            if (++turns === 1) events.data("stderr", new TextEncoder().encode("the last\n"))
            else for (const stream of ["stdout", "stderr"] as const) events.end(stream)
          })
          return {
            pid: 1,
            cwd: undefined,
            containment: "none",
            pause: nothing,
            resume: nothing,
            close: nothing,
            write: nothing,
            endInput: nothing,
            signal: () => false,
            presence: () => "none",
            search: Effect.succeed(false),
            members: Effect.succeed([]),
            suspects: Effect.succeed([]),
            leave: nothing,
            holders: () => Effect.succeed([]),
            turn,
            settle: Effect.void
          }
        })
      const no = () => Effect.die("not asked for")
      const spawner = ChildSpawner.make({
        clock: Effect.clock,
        launch: ended,
        pipes: no,
        files: no,
        refusal: () => undefined
      })
      yield* Supervise.run(command, { check: false }).pipe(
        Effect.provide(observer),
        Effect.provideService(ChildSpawner.ChildSpawner, spawner)
      )
      expect(heard).toEqual(["the last\n"])
    })
  )

  it.effect("is told of each moment before anyone else", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const note = (event: string) => Effect.sync(() => events.push(event))
      const spawner = doing(Script.hang)
      yield* Effect.scoped(
        Effect.gen(function* () {
          const child = yield* Supervise.start(command)
          yield* note("handle")
          const exited = yield* Effect.fork(Effect.zipRight(child.exited, note("seen exited")))
          const gone = yield* Effect.fork(Effect.zipRight(child.gone, note("seen gone")))
          yield* Effect.yieldNow()
          yield* spawner.last.play(Script.exit(0))
          yield* Fiber.join(exited)
          yield* Fiber.join(gone)
        })
      ).pipe(
        Effect.provide(spawner.layer),
        Effect.provide(
          observed({
            spawned: (child) => note(`spawned ${child.pid}`),
            exited: (child) => note(`exited ${child.endedBy}`),
            gone: () => note("gone")
          })
        )
      )
      expect(events).toEqual([
        `spawned ${spawner.last.pid}`,
        "handle",
        "exited child",
        "seen exited",
        "gone",
        "seen gone"
      ])
    })
  )

  it.effect("has its time, even where the spawn is interrupted and the call cannot be", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const fiber = yield* begin(
        Supervise.run(command).pipe(
          Effect.provide(doing(Script.hang).layer),
          Effect.provide(
            observed({
              spawned: () =>
                Effect.zipRight(
                  Effect.sleep("300 millis"),
                  Effect.sync(() => told.push("spawned"))
                ),
              exited: () => Effect.uninterruptible(Effect.sleep("1 hour"))
            })
          ),
          Effect.provide(captureLogs().layer)
        )
      )
      const interruption = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* TestClock.adjust("400 millis")
      expect(told).toEqual(["spawned"])
      yield* TestClock.adjust("2 seconds")
      expect(Exit.isInterrupted(yield* Fiber.join(interruption))).toBe(true)
    })
  )

  it.effect("that fails, dies or hangs is logged and changes nothing", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const fiber = yield* begin(
        Supervise.run(command).pipe(
          Effect.provide(doing(Script.exit(0)).layer),
          Effect.provide(
            observed({
              spawned: () => Effect.fail("disk full"),
              exited: () => Effect.never,
              gone: () => {
                throw new Error("broken")
              }
            })
          ),
          Effect.provide(logs.layer)
        )
      )
      yield* TestClock.adjust("1 second")
      expect((yield* Fiber.join(fiber)).status).toEqual(Exited(0))
      expect(logs.entries.filter((entry) => entry.level === "WARN")).toHaveLength(3)
    })
  )
})

describe("several observers", () => {
  const noting = (told: Array<string>, name: string, observer: Partial<ChildObserver.ChildObserver> = {}) => {
    const note = (moment: string) => Effect.sync(() => told.push(`${name} ${moment}`))
    return ChildObserver.layer({
      spawned: () => note("spawned"),
      exited: () => note("exited"),
      gone: () => note("gone"),
      ...observer
    })
  }
  const moments = (...names: ReadonlyArray<string>) =>
    ["spawned", "exited", "gone"].flatMap((moment) => names.map((name) => `${name} ${moment}`))
  const exits = Supervise.run(command).pipe(Effect.provide(doing(Script.exit(0)).layer))

  it.effect("add up, nested and merged, and are called in the order in which they were added", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      yield* exits.pipe(
        Effect.provide(Layer.mergeAll(noting(told, "second"), noting(told, "third"))),
        Effect.provide(noting(told, "first"))
      )
      expect(told).toEqual(moments("first", "second", "third"))
      told.length = 0
      yield* exits
      expect(told).toEqual([])
    })
  )

  it.effect("see the children of layers and of runtimes that are built below them", () =>
    Effect.gen(function* () {
      class Server extends Context.Tag("Server")<Server, Child>() {}
      const told: Array<string> = []
      const server = Supervise.layer(Server, command).pipe(
        Layer.provide(noting(told, "second")),
        Layer.provide(doing(Script.exit(0)).layer),
        Layer.provide(noting(told, "first"))
      )
      yield* Effect.provide(
        Effect.flatMap(Server, (child) => child.gone),
        server
      )
      expect(told).toEqual(moments("first", "second"))
      told.length = 0
      const runtime = ManagedRuntime.make(noting(told, "only"))
      yield* Effect.promise(() => runtime.runPromise(Effect.provide(exits, TestContext.TestContext)))
      yield* runtime.disposeEffect
      expect(told).toEqual(moments("only"))
    })
  )

  it.effect("are called once where one layer is used in several places", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const only = noting(told, "only")
      const [one, other] = [Layer.provide(Layer.empty, only), Layer.provideMerge(Layer.empty, only)]
      yield* exits.pipe(Effect.provide(Layer.mergeAll(one, other, only)))
      expect(told).toEqual(moments("only"))
    })
  )

  it.effect("have a timeout each: one that hangs, fails or dies keeps no call from the others", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const logs = captureLogs()
      const broken = noting(told, "broken", {
        spawned: () => Effect.never,
        exited: () => Effect.fail("disk full"),
        gone: () => {
          throw new Error("broken")
        }
      })
      const fiber = yield* begin(
        exits.pipe(
          Effect.provide(noting(told, "last")),
          Effect.provide(broken),
          Effect.provide(noting(told, "first")),
          Effect.provide(logs.layer)
        )
      )
      expect(told).toEqual(["first spawned"])
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      expect(told).toEqual(moments("first", "last"))
      expect(logs.entries.filter((entry) => entry.level === "WARN")).toHaveLength(3)
    })
  )
})

describe("a scope", () => {
  it.effect("that closes while a child lives is done within the plan's bounds", () =>
    Effect.gen(function* () {
      const spawner = doing(...stubborn)
      const fiber = yield* begin(
        Effect.provide(
          Supervise.run(command, { stop: StopPlan.make(StopPlan.signal("SIGTERM", "1 second")) }),
          spawner.layer
        )
      )
      const interruption = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* TestClock.adjust("1100 millis")
      const exit = yield* Fiber.join(interruption)
      expect(Exit.isInterrupted(exit)).toBe(true)
      expect(spawner.last.status).toEqual(Signaled("SIGKILL"))
    })
  )

  it.effect("delivers the farewell of a child that is stopped", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      yield* Supervise.use(
        command,
        {
          onLines: { stdout: (lines) => Effect.sync(() => seen.push(...lines)) }
        },
        () => rest
      ).pipe(Effect.provide(doing(Script.on("SIGTERM", Script.stdout("bye\n"), Script.exit(0)), Script.hang).layer))
      expect(seen).toEqual(["bye"])
    })
  )
})

describe("readers", () => {
  const texts = (items: Chunk.Chunk<{ readonly _tag: string }>) =>
    Chunk.toReadonlyArray(items).map((item) => (item._tag === "Line" ? (item as never as { text: string }).text : item))

  it.effect("may be many, each from the moment it subscribes, with a replay if asked", () =>
    Effect.gen(function* () {
      const spawner = doing(
        Script.wait("1 second"),
        Script.stdout("one\ntwo\n"),
        Script.wait("1 second"),
        Script.stderr("three\n"),
        Script.wait("1 second"),
        Script.stdout("four\n"),
        Script.exit(0)
      )
      yield* Supervise.use(command, { expect: [0] }, (child) =>
        Effect.gen(function* () {
          const early = yield* Effect.fork(Stream.runCollect(child.lines))
          yield* TestClock.adjust("1 second")
          const late = yield* Effect.fork(Stream.runCollect(child.stdout))
          const replayed = yield* Effect.fork(Stream.runCollect(child.read({ replay: 1 })))
          yield* TestClock.adjust("2 seconds")
          expect(texts(yield* Fiber.join(early))).toEqual(["one", "two", "three", "four"])
          expect(texts(yield* Fiber.join(late))).toEqual(["four"])
          expect(texts(yield* Fiber.join(replayed))).toEqual(["two", "three", "four"])
          // Afterwards there is only what is kept.
          expect(texts(yield* Stream.runCollect(child.read({ replay: 2 })))).toEqual(["three", "four"])
          expect(texts(yield* Stream.runCollect(child.lines))).toEqual([])
        })
      ).pipe(Effect.provide(spawner.layer))
    })
  )

  it.effect("are replayed the very lines that were read, whatever their ends and cuts", () =>
    Effect.gen(function* () {
      for (const maxLineBytes of [4, 1 << 20]) {
        const spawner = doing(
          Script.wait("1 second"),
          Script.stdout("a\r\r\nb", "c\r\n\n", "d\re\nlong line\nrest\r"),
          Script.exit(0)
        )
        yield* Supervise.use(command, { expect: [0], maxLineBytes }, (child) =>
          Effect.gen(function* () {
            const live = yield* Effect.fork(Stream.runCollect(child.lines))
            yield* TestClock.adjust("1 second")
            const seen = Chunk.toReadonlyArray(yield* Fiber.join(live))
            expect(seen.length).toBeGreaterThan(5)
            for (let count = 1; count <= seen.length; count++) {
              const replayed = yield* Stream.runCollect(child.read({ replay: count }))
              expect(Chunk.toReadonlyArray(replayed)).toEqual(seen.slice(-count))
            }
          })
        ).pipe(Effect.provide(spawner.layer))
      }
    })
  )

  it.effect("hold the child back while they are slow, and release it when they leave", () =>
    Effect.gen(function* () {
      const spawner = doing(Script.wait("1 second"), Script.repeat(8, Script.stdout(block)), Script.exit(0))
      yield* Supervise.use(command, { expect: [0] }, (child) =>
        Effect.gen(function* () {
          const reader = yield* Effect.fork(Stream.runForEach(child.lines, () => Effect.never))
          yield* TestClock.adjust("1 second")
          expect([spawner.last.isHeldBack, spawner.last.status]).toEqual([true, undefined])
          yield* Fiber.interrupt(reader)
          yield* rest
          expect([spawner.last.isHeldBack, spawner.last.status]).toEqual([false, Exited(0)])
          expect((yield* child.gone).stdout.lines).toBe(8)
        })
      ).pipe(Effect.provide(spawner.layer))
    })
  )

  it.effect("with onSlow: drop never do, and are told what they missed", () =>
    Effect.gen(function* () {
      const spawner = doing(
        Script.wait("1 second"),
        Script.stdout(...Array.from({ length: 10 }, (_, digit) => `${String(digit).repeat(20_000)}\n`)),
        Script.exit(0)
      )
      const gate = yield* Deferred.make<void>()
      yield* Supervise.use(command, { expect: [0] }, (child) =>
        Effect.gen(function* () {
          const reader = yield* Effect.fork(
            child.read({ onSlow: "drop" }).pipe(
              Stream.tap(() => Deferred.await(gate)),
              Stream.runCollect
            )
          )
          yield* TestClock.adjust("1 second")
          expect([spawner.last.isHeldBack, spawner.last.status]).toEqual([false, Exited(0)])
          yield* Deferred.succeed(gate, undefined)
          const items = Chunk.toReadonlyArray(yield* Fiber.join(reader))
          const dropped = items.reduce((sum, item) => sum + (item._tag === "Lagged" ? item.dropped : 0), 0)
          expect(dropped).toBeGreaterThan(0)
          expect(items.filter((item) => item._tag === "Line").length + dropped).toBe(10)
        })
      ).pipe(Effect.provide(spawner.layer))
    })
  )

  it.effect("get a partial line after an idle time when the option asks for it", () =>
    Effect.gen(function* () {
      const spawner = doing(
        Script.wait("200 millis"),
        Script.stdout("Password: "),
        Script.wait("200 millis"),
        Script.stdout("thanks\n"),
        Script.exit(0)
      )
      yield* Supervise.use(command, { expect: [0], flushPartialAfter: "100 millis" }, (child) =>
        Effect.gen(function* () {
          const reader = yield* Effect.fork(Stream.runCollect(child.read({ replay: 0 })))
          yield* TestClock.adjust("400 millis")
          const lines = Chunk.toReadonlyArray(yield* Fiber.join(reader))
          expect(lines.map((line) => [line.text, line.terminated])).toEqual([
            ["Password: ", false],
            ["thanks", true]
          ])
        })
      ).pipe(Effect.provide(spawner.layer))
    })
  )
})

describe("durations", () => {
  it.effect("are data in the report", () =>
    Effect.gen(function* () {
      const report = yield* run([Script.exit(0)])
      expect(Duration.isDuration(report.duration)).toBe(true)
    })
  )
})
