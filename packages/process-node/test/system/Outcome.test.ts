/**
 * Real children to their real ends.
 */
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import type { Child } from "@tether/process/Child"
import type { ChildOptions } from "@tether/process/ChildOptions"
import { Exited, Signaled } from "@tether/process/ExitStatus"
import type { ProcessFailed } from "@tether/process/ProcessFailed"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Fixture from "@tether/vitest/Fixture"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { createServer, type Socket } from "node:net"
import * as NodeChildSpawner from "../../src/NodeChildSpawner.js"
import { commandOf, kill } from "../support/hosts.js"
import { captureLogs } from "../support/logs.js"
import { isAlive, marked, stateOf, untilAsleep, waitUntil } from "../support/os.js"

const sh = (script: string) => Command.make("sh", "-c", script)
const node = (script: string) => Command.make(process.execPath, "-e", script)

const layer = NodeChildSpawner.layer

/** Without a log of its own, unless the test provides one. */
const run = (command: Command.Command, options?: ChildOptions) => Effect.provide(Supervise.run(command, options), layer)

const use = <A, E>(command: Command.Command, options: ChildOptions, f: (child: Child) => Effect.Effect<A, E>) =>
  Effect.provide(Supervise.use(command, options, f), layer)

const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.timed(effect), ([duration, value]) => ({ millis: Duration.toMillis(duration), value }))

describe("lines", () => {
  it.live("are relayed in order while the child lives", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const messages = () => logs.entries.map((entry) => entry.message)
      // It prints the second line only when it has been told that the first was seen.
      yield* use(
        sh("trap 'echo two; exit 0' USR1; echo one; while :; do sleep 0.01; done"),
        {
          label: "talker",
          relay: true,
          expect: [0]
        },
        (child) =>
          Effect.gen(function* () {
            yield* waitUntil("the first line is relayed", () => messages().length === 1)
            expect(isAlive(child.pid)).toBe(true)
            // To the leader alone: its group has a sleep in it that would die of it.
            process.kill(child.pid, "SIGUSR1")
            yield* child.gone
          })
      ).pipe(Effect.provide(logs.layer))
      expect(messages()).toEqual(["[talker:out] one", "[talker:out] two"])
    })
  )

  it.live("of 200 000 bytes without a newline arrive whole", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const report = yield* run(node("process.stdout.write('x'.repeat(200000))"), {
        onLines: { stdout: (lines) => void seen.push(...lines) }
      })
      expect(seen).toEqual(["x".repeat(200_000)])
      expect(report.stdout).toMatchObject({ bytes: 200_000, lines: 1, truncatedLines: 0 })
    })
  )

  it.live("a million of one byte arrive, in order", () =>
    Effect.gen(function* () {
      let count = 0
      const report = yield* run(sh("yes | head -n 1000000"), {
        onLines: { stdout: (lines) => void (count += lines.filter((line) => line === "y").length) }
      })
      expect([count, report.stdout.lines, report.stdout.bytes]).toEqual([1_000_000, 1_000_000, 2_000_000])
    })
  )

  it.live("of a child that exits before anyone reads are in the tail", () =>
    Effect.gen(function* () {
      const report = yield* Effect.scoped(
        Effect.gen(function* () {
          const child = yield* Supervise.start(Command.make("echo", "quick"))
          yield* child.exited
          return yield* child.report
        })
      ).pipe(Effect.provide(NodeChildSpawner.layer))
      expect(report.stdout.tail).toBe("quick\n")
    })
  )

  it.live("of stderr do not wait for those of stdout", () =>
    Effect.gen(function* () {
      const report = yield* use(sh("yes err | head -n 500000 >&2; echo done"), { expect: [0] }, (child) =>
        Effect.zipRight(
          child.stdout.pipe(
            Stream.filter((line) => line._tag === "Line" && line.text === "done"),
            Stream.runHead
          ),
          child.gone
        )
      )
      expect(report.stderr.lines).toBe(500_000)
    })
  )

  it.live("written by a leader that exits while the consumer takes its time are all delivered", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const report = yield* run(node("process.stdout.write(('x'.repeat(4999) + '\\n').repeat(1000))"), {
        drainGrace: "50 millis",
        onLines: {
          stdout: (lines) =>
            Effect.forEach(
              lines,
              (line) =>
                Effect.zipRight(
                  Effect.sleep(1),
                  Effect.sync(() => seen.push(line))
                ),
              {
                discard: true
              }
            )
        }
      })
      expect(seen).toHaveLength(1000)
      expect(report.drained).toEqual({ _tag: "Eof" })
    })
  )

  it.live("of a leader are all delivered although a grandchild holds the pipe and the consumer is slow", () =>
    Effect.gen(function* () {
      let bytes = 0
      const report = yield* run(
        sh(
          `setsid sleep 300 & echo $! ; exec ${process.execPath} -e "process.stdout.write(('x'.repeat(99) + '\\n').repeat(20000))"`
        ),
        {
          drainGrace: "50 millis",
          onLines: {
            stdout: (lines) =>
              Effect.zipRight(
                Effect.sleep(20),
                Effect.sync(() => {
                  for (const line of lines) if (line.length === 99) bytes += line.length + 1
                })
              )
          }
        }
      )
      expect(bytes).toBe(2_000_000)
      expect(report.drained._tag).toBe("Cut")
      if (report.drained._tag === "Cut") for (const holder of report.drained.holders) kill(holder.pid)
    })
  )
})

describe("the outcome", () => {
  it.live.each<[string, Command.Command, unknown, string]>([
    ["exit 137", sh("exit 137"), Exited(137), "child"],
    ["exit 255", sh("exit 255"), Exited(255), "child"],
    ["kill -9", Fixture.command("dies-by-signal", "KILL"), Signaled("SIGKILL"), "outside"],
    ["a segmentation fault", Fixture.command("dies-by-signal", "SEGV"), Signaled("SIGSEGV"), "outside"]
  ])("tells four causes apart: %s", ([, command, status, endedBy]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(run(command))
      expect(error).toMatchObject({ _tag: "ProcessFailed", status, endedBy })
    })
  )

  it.live("exit 3 with a relay has status, tail and live lines", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const error = yield* run(sh("echo working; echo broken >&2; exit 3"), { label: "build", relay: true }).pipe(
        Effect.flip,
        Effect.provide(logs.layer)
      )
      expect(error).toMatchObject({ status: Exited(3), stderr: "broken\n", stdout: "working\n" })
      expect(logs.entries.map((entry) => entry.message).sort()).toEqual(["[build:err] broken", "[build:out] working"])
    })
  )

  it.live("exit 7 without a relay has the same", () =>
    Effect.gen(function* () {
      const error = (yield* Effect.flip(run(sh("echo broken >&2; exit 7"), { label: "build" }))) as ProcessFailed
      expect(error).toMatchObject({ status: Exited(7), stderr: "broken\n" })
      expect(error.message).toMatch(/^"build" \(sh -c 'echo broken >&2; exit 7'\) exited with code 7 after [\d.]+ m?s$/)
      expect(error.pretty).toContain("\n|_.stderr:\n   broken")
    })
  )

  it.live("of a death from outside is not taken for a stop of ours", () =>
    Effect.gen(function* () {
      const error = yield* use(Command.make("sleep", "300"), {}, (child) => {
        process.kill(child.pid, "SIGKILL")
        return Effect.never
      }).pipe(Effect.flip)
      expect(error).toMatchObject({ status: Signaled("SIGKILL"), endedBy: "outside" })
    })
  )

  it.live("of a signal that the owner sent is the owner's", () =>
    Effect.gen(function* () {
      const report = yield* Effect.scoped(
        Effect.gen(function* () {
          const child = yield* Supervise.start(Command.make("sleep", "300"))
          expect(yield* child.signal("SIGTERM")).toBe(true)
          const report = yield* child.report
          expect(yield* child.signal("SIGTERM")).toBe(false)
          return report
        })
      ).pipe(Effect.provide(NodeChildSpawner.layer))
      expect(report).toMatchObject({ endedBy: "owner", status: Signaled("SIGTERM") })
    })
  )

  it.live("of a body that read to the end of the output hears of the death, every time", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 40; i++) {
        const read = use(sh("echo booting; exit 1"), { expect: [0] }, (child) => Stream.runCount(child.stdout))
        expect(yield* Effect.flip(read)).toMatchObject({ _tag: "ProcessFailed", status: Exited(1) })
        const untilReady = Effect.scoped(
          Effect.flatMap(Supervise.start(sh("echo booting; exit 1")), (child) =>
            child.lines.pipe(
              Stream.takeUntil((line) => line._tag === "Line" && line.text.includes("listening")),
              Stream.runDrain,
              child.raceExit
            )
          )
        )
        expect(yield* Effect.flip(Effect.provide(untilReady, layer))).toMatchObject({ status: Exited(1) })
      }
    })
  )

  it.live("of a stop that came after the death, unknowingly, is still the child's", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 20; i++) {
        const error = yield* Effect.scoped(
          Effect.gen(function* () {
            const child = yield* Supervise.start(sh("exit 1"))
            yield* Stream.runDrain(child.lines)
            yield* child.stop()
            return yield* Effect.flip(child.report)
          })
        ).pipe(Effect.provide(layer))
        expect(error).toMatchObject({ endedBy: "child", status: Exited(1) })
      }
    })
  )

  it.live("of a body that saw the child's death first is the child's, with the body's cause", () =>
    Effect.gen(function* () {
      // The child connects and is killed; the body fails the moment its socket closes.
      const server = createServer()
      yield* Effect.async<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void)))
      const address = server.address()
      const port = typeof address === "object" ? address?.port : 0
      const client = `const s = require("net").connect(${port}, "127.0.0.1"); setTimeout(() => process.kill(process.pid, "SIGKILL"), 50)`
      const hangUp = Effect.async<never, string>((resume) => {
        server.once("connection", (socket: Socket) => {
          socket.on("error", () => resume(Effect.fail("connection reset")))
          socket.on("close", () => resume(Effect.fail("connection closed")))
        })
      })
      const error = yield* Effect.flip(use(node(client), {}, () => hangUp))
      server.close()
      expect(error).toMatchObject({ _tag: "ProcessFailed", status: Signaled("SIGKILL"), endedBy: "outside" })
      const body = (error as ProcessFailed).bodyCause
      if (body !== undefined) expect(Cause.pretty(body)).toContain("connection")
    })
  )
})

describe("stopping", () => {
  it.live("delivers the lines that a child writes after TERM", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      yield* use(
        sh(
          "trap 'for i in 1 2 3; do echo bye $i; sleep 0.05; done; exit 0' TERM; echo up; while :; do sleep 0.01; done"
        ),
        {
          stop: StopPlan.make(StopPlan.signal("SIGTERM", "10 minutes")),
          onLines: { stdout: (lines) => void seen.push(...lines) }
        },
        () => waitUntil("it is up", () => seen.includes("up"))
      )
      expect(seen).toEqual(["up", "bye 1", "bye 2", "bye 3"])
    })
  )

  it.live("kills a child that ignores TERM, and its children", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const stop = StopPlan.make(StopPlan.signal("SIGTERM", "200 millis"))
      const pids: Array<number> = []
      yield* use(sh("trap '' TERM; sleep 300 & echo $!; while :; do sleep 0.01; done"), { stop }, (child) =>
        child.stdout.pipe(
          Stream.filter((line) => line._tag === "Line"),
          Stream.take(1),
          Stream.runForEach((line) => Effect.sync(() => pids.push(Number(line.text), child.pid)))
        )
      ).pipe(Effect.provide(logs.layer))
      expect(pids.map(isAlive)).toEqual([false, false])
      expect(logs.entries.filter((entry) => entry.level === "WARN")).toHaveLength(1)
    })
  )

  it.live("waits for a grandchild that ignores TERM after its leader has gone, and kills it", () =>
    Effect.gen(function* () {
      const stop = StopPlan.make(StopPlan.signal("SIGTERM", "300 millis"))
      const pids: Array<number> = []
      yield* use(sh("(trap '' TERM; echo up; sleep 300) & echo $!; wait"), { stop }, (child) =>
        child.stdout.pipe(
          Stream.filter((line) => line._tag === "Line"),
          Stream.take(2),
          Stream.runForEach((line) => Effect.sync(() => pids.push(Number(line.text))))
        )
      )
      const grandchild = pids.find((pid) => !Number.isNaN(pid)) as number
      expect(isAlive(grandchild)).toBe(false)
    })
  )

  it.live("reaches a child that is stopped: CONT follows TERM", () =>
    Effect.gen(function* () {
      const child = yield* use(
        node("process.on('SIGTERM', () => process.exit(4)); setInterval(() => {}, 1000); console.log('up')"),
        { stop: StopPlan.make(StopPlan.signal("SIGTERM", "10 minutes")) },
        (child) =>
          Effect.gen(function* () {
            yield* Stream.runHead(child.stdout)
            yield* child.signal("SIGSTOP")
            yield* waitUntil("it is stopped", () => stateOf(child.pid) === "T")
            return child
          })
      )
      expect(yield* child.exited).toEqual(Exited(4))
    })
  )

  it.live("stops what a clean exit left in its group, succeeds, and names it", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const report = yield* run(sh(`sleep 60 >/dev/null 2>&1 & echo $!; ${untilAsleep()}`)).pipe(
        Effect.provide(logs.layer)
      )
      expect(report.status).toEqual(Exited(0))
      expect(report.leftovers).toMatchObject([{ pid: Number(report.stdout.tail), command: "sleep 60" }])
      expect(isAlive(Number(report.stdout.tail))).toBe(false)
      expect(logs.entries.find((entry) => entry.level === "WARN")?.message).toContain("(sleep)")
    })
  )

  it.live("stops what a failing exit left in its group, and fails", () =>
    Effect.gen(function* () {
      const error = (yield* Effect.flip(run(Fixture.command("leaves-group-member", "4")))) as ProcessFailed
      expect(error.status).toEqual(Exited(4))
      expect(isAlive(Number(error.stdout))).toBe(false)
    })
  )

  it.live("stops a server behind a shell that does not exec", () =>
    Effect.gen(function* () {
      const pid = yield* use(sh("sleep 300 & echo $!; wait; :"), {}, (child) =>
        Effect.map(Stream.runHead(child.read({ streams: ["stdout"], replay: 1 })), (line) =>
          Number(line._tag === "Some" ? line.value.text : 0)
        )
      )
      expect(isAlive(pid)).toBe(false)
    })
  )

  it.live("works through a request of the owner's", () =>
    Effect.gen(function* () {
      const exit = yield* use(sh("trap 'exit 5' USR1; echo up; while :; do sleep 0.01; done"), {}, (child) =>
        Effect.gen(function* () {
          yield* Stream.runHead(child.stdout)
          yield* child.stop(
            StopPlan.make(
              StopPlan.ask(
                Effect.sync(() => process.kill(child.pid, "SIGUSR1")),
                "10 minutes"
              )
            )
          )
          return yield* child.report
        })
      )
      expect(exit).toMatchObject({ endedBy: "owner", status: Exited(5) })
    })
  )
})

describe("a held pipe", () => {
  it.live("costs at most drainGrace, and its holder is named", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const { drained, stdout } = yield* run(sh(`setsid sleep 300 & echo $!; ${untilAsleep()}`), {
        drainGrace: "300 millis"
      }).pipe(Effect.provide(logs.layer))
      const holder = Number(stdout.tail)
      // It held the pipe still when it was found: nobody has waited for its end.
      expect(drained).toMatchObject({ _tag: "Cut", holders: [{ pid: holder, command: "sleep 300" }] })
      expect(logs.entries.map((entry) => entry.message).join()).toContain(`${holder} (sleep)`)
      kill(holder)
    })
  )

  it.live("whose holder floods it costs no more", () =>
    Effect.gen(function* () {
      const mark = `flood-${process.pid}`
      // The leader ends when the flood has begun.
      const { drained } = yield* use(
        sh("setsid timeout 300 yes & read -r _; exit 0"),
        { stdin: "pipe", expect: [0], drainGrace: "200 millis", env: { TEST_MARK: mark } },
        (child) =>
          Effect.gen(function* () {
            yield* waitUntil("it floods", () => marked(mark).map(commandOf).includes("yes"))
            yield* child.stdin.close
            return yield* child.gone
          })
      )
      for (const pid of marked(mark)) kill(pid)
      expect(drained).toMatchObject({ _tag: "Cut", holders: [{ command: "timeout 300 yes" }, { command: "yes" }] })
    })
  )

  it.live("whose holder floods it is given up, although a slow consumer keeps us from reading it to a quiet end", () =>
    Effect.gen(function* () {
      const mark = `slow-flood-${process.pid}`
      const report = yield* run(sh("setsid timeout 300 yes & exit 0"), {
        drainGrace: "200 millis",
        env: { TEST_MARK: mark },
        onLines: { stdout: () => Effect.sleep(1) }
      })
      for (const pid of marked(mark)) kill(pid)
      expect(report.drained._tag).toBe("Cut")
    })
  )

  it.live("that closes in time is read to its end", () =>
    Effect.gen(function* () {
      const report = yield* run(sh("(setsid sh -c 'sleep 0.2; echo late') & echo early"), { drainGrace: "10 minutes" })
      expect(report.stdout.tail).toBe("early\nlate\n")
      expect(report.drained).toEqual({ _tag: "Eof" })
    })
  )

  it.live("that the child itself closes does not end the child", () =>
    Effect.gen(function* () {
      const { millis, value } = yield* timed(run(sh("exec >&- 2>&-; sleep 0.3")))
      expect(value.status).toEqual(Exited(0))
      expect(millis).toBeGreaterThan(250)
    })
  )
})

describe("a flood", () => {
  it.live("into a consumer that has stopped is held back, and the stop works", () =>
    Effect.gen(function* () {
      const before = process.memoryUsage().rss
      const fiber = yield* Effect.fork(
        run(Command.make("yes"), { onLines: { stdout: () => Effect.never }, deliverGrace: "100 millis" })
      )
      yield* Effect.sleep(300)
      expect(process.memoryUsage().rss - before).toBeLessThan(100 << 20)
      const exit = yield* Fiber.interrupt(fiber)
      expect(Exit.isInterrupted(exit)).toBe(true)
    })
  )

  it.live("without a reader does not stop the child", () =>
    Effect.gen(function* () {
      const report = yield* run(sh("yes | head -c 50000000"))
      expect(report.stdout.bytes).toBe(50_000_000)
    })
  )

  it.live("reaches several readers alike", () =>
    Effect.gen(function* () {
      const counts = yield* use(sh("read go < /dev/null; seq 1 20000"), { expect: [0] }, (child) =>
        Effect.all(
          [child.lines, child.stdout, child.read({ replay: 10 })].map((stream) => Stream.runCount(stream)),
          {
            concurrency: "unbounded"
          }
        )
      )
      expect(Chunk.toReadonlyArray(Chunk.fromIterable(counts))).toEqual([20_000, 20_000, 20_000])
    })
  )
})
