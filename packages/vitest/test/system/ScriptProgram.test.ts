/**
 * That a script played in virtual time and the same script run as a real program are one and the same to whoever
 * supervises them: the same lines, the same outcome.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import { describe, expect, it } from "@effect/vitest"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import type { ChildOptions } from "@tether/process/ChildOptions"
import type { ChildSpawner } from "@tether/process/ChildSpawner"
import { Exited, Signaled } from "@tether/process/ExitStatus"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Script from "@tether/vitest/Script"
import * as ScriptProgram from "@tether/vitest/ScriptProgram"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"

interface Life {
  readonly steps: ReadonlyArray<Script.Step>
  readonly input: string | Uint8Array
  /** It prints "up" in the end, and is then stopped by a plan. */
  readonly isStopped: boolean
}

const quiet = Logger.replace(Logger.defaultLogger, Logger.none)

// Enough for a process that has to start on a busy machine, and for a leftover that speaks after the end of its leader.
const patience = { late: 400, grace: 5000, lingering: 50, stop: 5000 }

const outcomeOf = ({ input, isStopped, steps }: Life, layer: Layer.Layer<ChildSpawner>) =>
  Effect.gen(function* () {
    const lines: Record<"stdout" | "stderr", Array<string>> = { stdout: [], stderr: [] }
    const options: ChildOptions = {
      stdin: typeof input === "string" ? { text: input } : { bytes: input },
      check: false,
      drainGrace: patience.grace,
      stop: StopPlan.make(StopPlan.signal("SIGTERM", patience.stop)),
      onLines: {
        stdout: (chunk) => Effect.sync(() => lines.stdout.push(...chunk)),
        stderr: (chunk) => Effect.sync(() => lines.stderr.push(...chunk))
      }
    }
    const report = yield* Effect.scoped(
      Effect.gen(function* () {
        const child = yield* Supervise.start(ScriptProgram.toCommand(Script.make(...steps)), options)
        if (isStopped) {
          yield* Stream.runDrain(Stream.takeUntil(child.read({ replay: 1000 }), (line) => line.text === "up"))
          yield* child.stop()
        }
        return yield* child.gone
      })
    )
    return {
      lines,
      status: report.status,
      endedBy: report.endedBy,
      drained: report.drained._tag,
      holders: report.drained._tag === "Cut" ? report.drained.holders.length : 0,
      leftovers: report.leftovers.length,
      stdout: [report.stdout.bytes, report.stdout.lines],
      stderr: [report.stderr.bytes, report.stderr.lines]
    }
  }).pipe(Effect.provide(layer), Effect.provide(quiet))

const really = (life: Life) => outcomeOf(life, NodeChildSpawner.layer)

const scripted = (life: Life) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(outcomeOf(life, TestSpawner.layer(ScriptProgram.rule)))
    // Beside real children a turn of the loop can be long, and what is to wait may not have begun to.
    yield* Effect.repeat(TestClock.adjust("1 second"), { until: () => fiber.unsafePoll() !== null })
    return yield* Fiber.join(fiber)
  }).pipe(Effect.provide(TestContext.TestContext))

const same = (life: Life) =>
  Effect.map(
    Effect.all([within(life, "in virtual time", scripted), within(life, "really", really)], { concurrency: 2 }),
    ([inScript, inReality]) => {
      if (JSON.stringify(inScript) !== JSON.stringify(inReality))
        throw new Error(`not the same:\n${JSON.stringify({ life, inScript, inReality }, null, 1)}`)
    }
  )

const within = <A, E, R>(life: Life, how: string, run: (life: Life) => Effect.Effect<A, E, R>) =>
  Effect.timeoutFail(run(life), {
    duration: "100 seconds",
    onTimeout: () => new Error(`no end ${how}: ${JSON.stringify(life)}`)
  })

// ---- random lives

const text = fc
  .array(fc.constantFrom("a", "é", "漢", "🦀", "\n", "\r\n", "\u2028", "\0", " "), { maxLength: 12 })
  .map((parts) => parts.join(""))
const bytes = fc.uint8Array({ minLength: 1, maxLength: 8 })
const chunks = fc.oneof(
  fc.array(fc.oneof(text, bytes), { minLength: 1, maxLength: 4 }),
  text.map((each) => Script.bytewise(each)),
  fc.tuple(text, fc.array(fc.nat(12))).map(([each, cuts]) => Script.cut(each, ...cuts))
)
const writing = fc
  .tuple(fc.constantFrom("stdout" as const, "stderr" as const), chunks)
  .map(([stream, each]) => Script.write(stream, ...each))
const step: fc.Arbitrary<Script.Step> = fc.oneof(
  { weight: 6, arbitrary: writing },
  { weight: 1, arbitrary: fc.nat(5).map(Script.wait) },
  { weight: 1, arbitrary: fc.constant(Script.readLine()) },
  { weight: 1, arbitrary: fc.constant(Script.readLine("quit")) },
  { weight: 1, arbitrary: fc.constant(Script.echo) },
  { weight: 1, arbitrary: fc.constant(Script.readToEnd) },
  { weight: 1, arbitrary: fc.constantFrom("stdin" as const, "stdout" as const, "stderr" as const).map(Script.close) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(20), writing).map(([times, each]) => Script.repeat(times, each)) }
)
const lateWords = fc
  .tuple(fc.constantFrom("stdout" as const, "stderr" as const), text, fc.boolean())
  .map(([stream, each, isNested]) => {
    const late = [Script.wait(patience.late), Script.write(stream, each)]
    return isNested ? Script.leave(Script.leave(...late)) : Script.leave(...late)
  })
const leftover: fc.Arbitrary<ReadonlyArray<Script.Step>> = fc.oneof(
  { weight: 8, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: lateWords.map((each) => [each]) },
  { weight: 1, arbitrary: fc.boolean().map((escapes) => [Script.leaveWith({ holds: [], escapes }, Script.hang)]) }
)
const end: fc.Arbitrary<Script.Step> = fc.oneof(
  fc.nat(255).map(Script.exit),
  fc.constantFrom<Signal>("SIGTERM", "SIGKILL", "SIGSEGV", "SIGABRT", "SIGPIPE", "SIGUSR1", "SIGHUP").map(Script.die)
)
const atStop: fc.Arbitrary<ReadonlyArray<Script.Step>> = fc.oneof(
  fc.constant([]),
  fc.constant([Script.ignore("SIGTERM")]),
  fc
    .tuple(writing, end)
    .map(([farewell, last]) => [Script.on("SIGTERM", Script.wait(patience.lingering), farewell, last)])
)
const input = fc.array(fc.constantFrom("one\n", "quit\n", "\n", "é", "two\n")).map((parts) => parts.join(""))

// Whose "up" would not be seen.
const leavesStdout = (steps: ReadonlyArray<Script.Step>) =>
  !steps.some((each) => each._tag === "Close" && each.stream === "stdout")

const ending: fc.Arbitrary<Life> = fc
  .tuple(fc.array(step, { maxLength: 6 }), leftover, end, input)
  .map(([steps, left, last, given]) => ({ steps: [...steps, ...left, last], input: given, isStopped: false }))
const stopped: fc.Arbitrary<Life> = fc
  .tuple(atStop, fc.array(step, { maxLength: 4 }).filter(leavesStdout), input)
  .map(([reactions, steps, given]) => ({
    steps: [...reactions, ...steps, Script.stdout("\nup\n"), Script.hang],
    input: given,
    isStopped: true
  }))

describe("a script in virtual time and as a real program", () => {
  it("give the same lines and the same outcome, whatever it is", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 3, arbitrary: ending }, { weight: 1, arbitrary: stopped }), {
          minLength: 6,
          maxLength: 6
        }),
        (lives) => Effect.runPromise(Effect.forEach(lives, same, { concurrency: 6, discard: true }))
      ),
      { numRuns: 6, endOnFailure: true }
    ))
})

describe.concurrent("a script as a real program", () => {
  const cases: ReadonlyArray<readonly [string, Life, object]> = [
    [
      "that is stopped by SIGSTOP is killed all the same",
      {
        steps: [Script.stdout("up\n"), Script.die("SIGSTOP"), Script.stdout("never\n")],
        input: "",
        isStopped: true
      },
      { status: Signaled("SIGTERM"), lines: { stdout: ["up"], stderr: [] } }
    ],
    [
      "leaves a group member that ignores SIGTERM, which is killed",
      {
        steps: [
          Script.leaveWith({ holds: [] }, Script.ignore("SIGTERM"), Script.hang),
          Script.stdout("up\n"),
          Script.hang
        ],
        input: "",
        isStopped: true
      },
      { status: Signaled("SIGTERM"), endedBy: "owner" }
    ],
    [
      "leaves a holder that never ends",
      {
        steps: [Script.leave(Script.hang), Script.stdout("last\n"), Script.exit(4)],
        input: "",
        isStopped: false
      },
      { status: Exited(4), drained: "Cut", holders: 1, leftovers: 1, lines: { stdout: ["last"], stderr: [] } }
    ],
    [
      "that closes its stdout runs on",
      {
        steps: [
          Script.stdout("one\n"),
          Script.close("stdout"),
          Script.stdout("lost\n"),
          Script.stderr("two\n"),
          Script.exit(0)
        ],
        input: "",
        isStopped: false
      },
      { lines: { stdout: ["one"], stderr: ["two"] }, status: Exited(0) }
    ],
    [
      "that is stopped by SIGSTOP reacts when it goes on, before it does anything else",
      {
        steps: [
          Script.on("SIGTERM", Script.exit(4)),
          Script.stdout("up\n"),
          Script.die("SIGSTOP"),
          Script.stdout("back\n"),
          Script.exit(5)
        ],
        input: "",
        isStopped: true
      },
      { status: Exited(4), lines: { stdout: ["up"], stderr: [] } }
    ],
    [
      "does nothing by a signal that ends nobody",
      {
        steps: [
          Script.die("SIGCHLD"),
          Script.die("SIGCONT"),
          Script.die("SIGTSTP"),
          Script.stdout("on\n"),
          Script.exit(6)
        ],
        input: "",
        isStopped: false
      },
      { status: Exited(6), lines: { stdout: ["on"], stderr: [] } }
    ],
    [
      "is told of the end of what it has left",
      {
        steps: [
          Script.on("SIGCHLD", Script.stdout("child\n"), Script.exit(0)),
          Script.leaveWith({ holds: [] }, Script.wait(50)),
          Script.hang
        ],
        input: "",
        isStopped: false
      },
      { status: Exited(0), lines: { stdout: ["child"], stderr: [] } }
    ],
    [
      "passes on bytes that are no text behind a line that it has read",
      {
        steps: [Script.readLine(), Script.echo, Script.exit(0)],
        input: Uint8Array.from([0x61, 0x0a, 0xff, 0xfe, 0x62, 0x0a]),
        isStopped: false
      },
      { stdout: [4, 1] }
    ],
    [
      "knows a line by all of its bytes, a mark of byte order too",
      {
        steps: [Script.readLine("quit"), Script.stdout("after\n"), Script.echo, Script.exit(0)],
        input: "\ufeffquit\nrest\n",
        isStopped: false
      },
      { lines: { stdout: ["after"], stderr: [] } }
    ],
    [
      "has no descriptors but those that it was given",
      {
        steps: [
          ...[3, 4, 6, 9, 15, 299].flatMap((number) => [Script.write(`fd${number}`, "x"), Script.close(`fd${number}`)]),
          Script.leave(Script.write("fd3", "no\n"), Script.stdout("left\n")),
          Script.wait(patience.late),
          Script.exit(0)
        ],
        input: "",
        isStopped: false
      },
      { status: Exited(0), lines: { stdout: ["left"], stderr: [] } }
    ],
    [
      "reacts to the same signal as often as it comes",
      {
        steps: [Script.on("SIGTERM", Script.stdout("heard\n")), Script.stdout("up\n"), Script.hang],
        input: "",
        isStopped: true
      },
      { status: Signaled("SIGKILL"), lines: { stdout: ["up", "heard"], stderr: [] } }
    ]
  ]

  it.live.each(cases)("%s", ([, life, expected]) =>
    Effect.gen(function* () {
      expect(yield* really(life)).toMatchObject(expected)
      expect(yield* scripted(life)).toMatchObject(expected)
    })
  )

  it.live("closes its output at once, and its input", () =>
    Effect.gen(function* () {
      const steps = [Script.stdout("one\n"), Script.close("stdout"), Script.close("stdin"), Script.hang]
      yield* Supervise.use(
        ScriptProgram.toCommand(Script.make(...steps)),
        { stdin: "pipe", stdout: "bytes", stop: StopPlan.kill },
        (child) =>
          Effect.gen(function* () {
            yield* Stream.runDrain(child.bytes("stdout"))
            expect((yield* Effect.flip(child.stdin.write(new Uint8Array(1 << 20)))).reason).toBe("ReaderGone")
            expect(yield* child.isRunning).toBe(true)
          })
      )
    }).pipe(Effect.provide(NodeChildSpawner.layer))
  )

  it("is refused where no program can do what it says", () => {
    expect(() => ScriptProgram.toCommand(Script.make(Script.freeze))).toThrow("cannot freeze")
    expect(() => ScriptProgram.toCommand(Script.make(Script.stdout("x".repeat(200_000))))).toThrow("too long")
    expect(() => ScriptProgram.toCommand(Script.make(Script.stdout("漢".repeat(45_000))))).toThrow("too long")
  })
})
