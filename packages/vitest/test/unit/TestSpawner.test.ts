import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import { Exited, Signaled } from "@tether/process/ExitStatus"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Script from "@tether/vitest/Script"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { deathOf } from "../support/deaths.js"

const command = Command.make("build", "all")

describe("a scripted child", () => {
  it.effect("writes and exits", () =>
    Effect.gen(function* () {
      const report = yield* Supervise.run(command)
      expect(report).toMatchObject({
        status: Exited(0),
        stdout: { tail: "héllo\n", lines: 1 },
        stderr: { tail: "warning\n" },
        drained: { _tag: "Eof" },
        endedBy: "child"
      })
    }).pipe(
      Effect.provide(
        TestSpawner.layer(
          TestSpawner.always(Script.make(Script.stdout(...Script.bytewise("héllo\n")), Script.stderr("warning\n")))
        )
      )
    )
  )

  it.effect("that ignores SIGTERM is killed after its grace, which takes no time", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Supervise.use(command, {}, () => Effect.sleep("1 minute")))
      yield* TestClock.adjust("1 minute")
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(fiber)
      const { last } = yield* TestSpawner.TestSpawner
      expect(last.signals).toEqual(["SIGTERM", "SIGCONT", "SIGKILL"])
      expect(last.status).toEqual(Signaled("SIGKILL"))
    }).pipe(Effect.provide(TestSpawner.layer(TestSpawner.always(Script.make(Script.ignore("SIGTERM"), Script.hang)))))
  )

  it.effect("reacts to signals by steps of its own", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Supervise.use(command, {}, (child) => Effect.zipRight(child.stop(), child.gone)))
      yield* TestClock.adjust("2 seconds")
      expect(yield* Fiber.join(fiber)).toMatchObject({
        status: Exited(3),
        stdout: { tail: "up\nbye\n" },
        endedBy: "owner"
      })
    }).pipe(
      Effect.provide(
        TestSpawner.layer(
          TestSpawner.always(
            Script.make(
              Script.on("SIGTERM", Script.wait("2 seconds"), Script.stdout("bye\n"), Script.exit(3)),
              Script.stdout("up\n"),
              Script.hang
            )
          )
        )
      )
    )
  )

  it.effect("reads what it is sent, line by line", () =>
    Effect.gen(function* () {
      const answers = yield* Supervise.use(command, { stdin: "pipe", expect: [0] }, (child) =>
        Effect.gen(function* () {
          const first = yield* child.ask("one", () => true)
          yield* child.stdin.write("noise\nquit\n")
          yield* child.exited
          return first.map((line) => line.text)
        })
      )
      expect(answers).toEqual(["heard"])
      const { last } = yield* TestSpawner.TestSpawner
      expect(last.input).toBe("one\nnoise\nquit\n")
    }).pipe(
      Effect.provide(
        TestSpawner.layer(
          TestSpawner.always(Script.make(Script.readLine(), Script.stdout("heard\n"), Script.readLine("quit")))
        )
      )
    )
  )

  it.effect("is connected to others by pipes", () =>
    Effect.gen(function* () {
      const lines = yield* Supervise.lines(Command.pipeTo(Command.make("source"), Command.make("cat")))
      expect(Chunk.toReadonlyArray(Chunk.fromIterable(lines))).toEqual(["1", "2"])
    }).pipe(
      Effect.provide(
        TestSpawner.layer(
          TestSpawner.program("source", Script.make(Script.stdout("1\n2\n"))),
          TestSpawner.program("cat", Script.make(Script.echo))
        )
      )
    )
  )

  it.effect("leaves processes that hold its output", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Supervise.run(command, { drainGrace: "1 second" }))
      yield* TestClock.adjust("2 seconds")
      const report = yield* Fiber.join(fiber)
      expect(report.drained).toMatchObject({ _tag: "Cut", holders: [{ command: "left by build all" }] })
      expect(report.leftovers).toHaveLength(1)
    }).pipe(
      Effect.provide(TestSpawner.layer(TestSpawner.always(Script.make(Script.leave(Script.hang), Script.exit(0)))))
    )
  )

  it.effect("is held back by a reader that takes nothing, and ends by SIGPIPE when nobody reads", () =>
    Effect.gen(function* () {
      const taken = yield* Supervise.use(command, { stop: StopPlan.kill, expect: () => true }, (child) =>
        Stream.runCount(Stream.take(child.lines, 1000))
      )
      expect(taken).toBe(1000)
    }).pipe(Effect.provide(TestSpawner.layer(TestSpawner.always(Script.make(Script.forever(Script.stdout("y\n")))))))
  )

  it.effect("that freezes is named as a survivor", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.flip(Supervise.use(command, {}, () => Effect.sleep("1 second"))))
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "SurvivorsError", survivors: [{ command: "build all" }] })
    }).pipe(Effect.provide(TestSpawner.layer(TestSpawner.always(Script.make(Script.freeze)))))
  )

  it.effect.each(["tree", "group"] as const)(
    "leaves a process in a session of its own, which a stop reaches at level tree: %s",
    (containment) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(Supervise.run(command, { containment }))
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(fiber)
        const { last } = yield* TestSpawner.TestSpawner
        expect(last.living).toHaveLength(containment === "tree" ? 0 : 1)
      }).pipe(
        Effect.provide(
          TestSpawner.layer(
            TestSpawner.always(Script.make(Script.leaveWith({ holds: [], escapes: true }, Script.hang)))
          )
        )
      )
  )

  it.effect("whose pipes hold nothing writes when it is read, and takes when it reads", () =>
    Effect.gen(function* () {
      const spawner = TestSpawner.make(
        TestSpawner.always(Script.withPipes(Script.make(Script.wait("1 second"), Script.readToEnd), 0))
      )
      const written = yield* Effect.fork(
        Effect.provide(
          Supervise.use(command, { stdin: "pipe", expect: [0] }, (child) =>
            Effect.zipRight(
              child.stdin.write("x"),
              Effect.zipLeft(
                Effect.clockWith((clock) => clock.currentTimeMillis),
                child.stdin.close
              )
            )
          ),
          spawner.layer
        )
      )
      yield* TestClock.adjust("999 millis")
      expect(spawner.last.input).toBe("")
      yield* TestClock.adjust("1 millis")
      expect(yield* Fiber.join(written)).toBe(1000)
    })
  )

  it.effect("does more than its script says, if the test lets it", () =>
    Effect.gen(function* () {
      const spawner = TestSpawner.make(TestSpawner.always(Script.make(Script.hang)))
      const error = yield* Effect.flip(
        Effect.provide(
          Supervise.use(command, {}, () =>
            Effect.zipRight(spawner.last.play(Script.stderr("boom\n"), Script.exit(1)), Effect.never)
          ),
          spawner.layer
        )
      )
      expect(error).toMatchObject({ _tag: "ProcessFailed", stderr: "boom\n", status: Exited(1) })
      // Afterwards nothing can be done with it.
      yield* spawner.last.play(Script.exit(2))
      expect(spawner.last.status).toEqual(Exited(1))
    })
  )

  it.effect("is quick about many writes", () =>
    Effect.gen(function* () {
      const report = yield* Supervise.run(command)
      expect(report.stdout.lines).toBe(20_000)
    }).pipe(
      Effect.provide(TestSpawner.layer(TestSpawner.always(Script.make(Script.repeat(20_000, Script.stdout("x\n"))))))
    )
  )

  it.effect("that is stopped takes nothing more, and hears each signal once when it goes on", () =>
    Effect.gen(function* () {
      const spawner = TestSpawner.make(
        TestSpawner.always(
          Script.make(Script.on("SIGUSR2", Script.stdout("heard\n")), Script.stdout("up\n"), Script.readToEnd)
        )
      )
      const lines = yield* Effect.provide(
        Supervise.use(command, { stdin: "pipe", expect: [0] }, (child) =>
          Effect.gen(function* () {
            yield* TestClock.adjust(0)
            yield* child.signal("SIGSTOP")
            const writing = yield* Effect.fork(child.stdin.write(new Uint8Array(1 << 20)))
            yield* TestClock.adjust("1 second")
            expect(writing.unsafePoll()).toBe(null)
            for (let i = 0; i < 3; i++) yield* child.signal("SIGUSR2")
            yield* child.signal("SIGCONT")
            yield* Fiber.join(writing)
            yield* child.stdin.close
            return (yield* child.report).stdout.tail
          })
        ),
        spawner.layer
      )
      expect(lines).toBe("up\nheard\n")
    })
  )

  it.effect("tells all that was sent to it, in order and with times", () =>
    Effect.gen(function* () {
      const spawner = TestSpawner.make(
        TestSpawner.always(Script.make(Script.on("SIGHUP", Script.stdout("again\n")), Script.readToEnd, Script.hang))
      )
      const fiber = yield* Effect.fork(
        Effect.provide(
          Supervise.use(command, { stdin: "pipe" }, (child) =>
            Effect.gen(function* () {
              yield* child.stdin.write("one")
              yield* Effect.sleep("1 second")
              yield* child.signal("SIGHUP")
              yield* child.stdin.close
            })
          ),
          spawner.layer
        )
      )
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      expect(spawner.last.history.map((each) => [each._tag === "Signal" ? each.signal : each._tag, each.at])).toEqual([
        ["Input", 0],
        ["SIGHUP", 1000],
        ["InputEnd", 1000],
        ["SIGTERM", 1000]
      ])
    })
  )

  it.effect("reads real files, and writes them", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-files-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true }))
      )
      const [from, to] = [join(folder, "from"), join(folder, "to")]
      writeFileSync(from, "content\n")
      const layer = TestSpawner.layer(TestSpawner.always(Script.make(Script.echo, Script.stderr("done\n"))))
      yield* Supervise.run(command, { stdin: { file: from }, stdout: { file: to }, stderr: { file: to } }).pipe(
        Effect.provide(layer)
      )
      expect(readFileSync(to, "utf8")).toBe("content\ndone\n")
      const error = yield* Effect.flip(Supervise.run(command, { stdin: { file: join(folder, "none") } })).pipe(
        Effect.provide(layer)
      )
      expect(error).toMatchObject({ _tag: "SpawnError", reason: "BadFile", code: "ENOENT" })
    }).pipe(Effect.scoped)
  )

  it.effect("is told by SIGPIPE that nobody reads it any more", () =>
    Effect.gen(function* () {
      const report = yield* Supervise.run(Command.pipeTo(Command.make("yes"), Command.make("head")))
      expect(report.stages.map((stage) => stage.status)).toEqual([Signaled("SIGPIPE"), Exited(0)])
    }).pipe(
      Effect.provide(
        TestSpawner.layer(
          TestSpawner.program("yes", Script.make(Script.forever(Script.stdout("y\n")))),
          TestSpawner.program("head", Script.make(Script.readLine(), Script.stdout("y\n")))
        )
      )
    )
  )
})

describe("rules", () => {
  it.effect("match exactly, by program, or by predicate, and the first one decides", () =>
    Effect.gen(function* () {
      const prints = (text: string) => Script.make(Script.stdout(text))
      const layer = TestSpawner.layer(
        TestSpawner.exactly(["git", "status"], prints("exactly")),
        TestSpawner.when("a push", ({ args, cwd }) => args.includes("push") && cwd === "/tmp", prints("predicate")),
        TestSpawner.program("git", (_, nth) => prints(`program ${nth}`)),
        TestSpawner.program("/opt/git", prints("never")),
        TestSpawner.always(prints("always"))
      )
      const said = (...words: readonly [string, ...Array<string>]) => Supervise.string(Command.make(...words))
      const all = [
        said("git", "status"),
        said("/usr/bin/git", "status"),
        said("git", "status", "-s"),
        Supervise.string(Command.make("git", "push"), { cwd: "/tmp" }),
        said("git", "push"),
        said("github")
      ]
      expect(yield* Effect.provide(Effect.all(all), layer)).toEqual([
        "exactly",
        "exactly",
        "program 0",
        "predicate",
        "program 1",
        "always"
      ])
    })
  )

  it.effect("refuse, in all the words of a real refusal", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Supervise.run(command))
      expect(error).toMatchObject({
        _tag: "SpawnError",
        reason: "ResourceExhausted",
        problems: ["no more processes"],
        code: "EAGAIN"
      })
    }).pipe(
      Effect.provide(
        TestSpawner.layer(TestSpawner.always(Script.refuse("ResourceExhausted", "no more processes", "EAGAIN")))
      )
    )
  )

  it.effect("serve programs that are written against Command", () =>
    Effect.gen(function* () {
      expect(yield* Command.lines(Command.make("ls"))).toEqual(["a", "b"])
      expect(yield* Command.exitCode(Command.make("ls"))).toBe(0)
      expect(yield* Effect.flip(Command.string(Command.make("nope")))).toMatchObject({ reason: "NotFound" })
    }).pipe(
      Effect.provide(
        TestSpawner.executorLayer(
          TestSpawner.program("ls", Script.make(Script.stdout("a\nb\n"))),
          TestSpawner.program("nope", Script.refuse("NotFound"))
        )
      )
    )
  )

  it.effect("that give no script are named", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Supervise.run(Command.make("make")))
      expect(deathOf(exit)).toContain(`the rule for "make" gives no script for its call number 0`)
    }).pipe(Effect.provide(TestSpawner.layer(TestSpawner.program("make", () => undefined as never))))
  )

  it.effect("that pass through need a real spawner", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Supervise.run(Command.make("echo")))
      expect(deathOf(exit)).toContain("TestSpawner.layerOver")
    }).pipe(Effect.provide(TestSpawner.layer(TestSpawner.passthrough("echo"))))
  )
})

describe("a command without a script", () => {
  const git = TestSpawner.layer(
    TestSpawner.exactly(["git", "push"], Script.make()),
    TestSpawner.exactly(["git", "status"], Script.make())
  )

  it.effect("fails loudly, and names the closest one", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Effect.catchAll(Supervise.run(Command.make("git", "statsu")), () => Effect.void))
      expect(deathOf(exit)).toContain(
        `no script for "git statsu"; the closest of the scripts is for "git status" (others: git push)`
      )
    }).pipe(Effect.provide(git))
  )

  it.effect.each<[Command.Command, string]>([
    [Command.make("gti", "commit", "--message", "fix the build"), "git"],
    [Command.make("docker", "compose", "down"), "docker compose up --detach --build"],
    [Command.make("ecko", "x"), "echo"]
  ])("names the closest one by as many words as that has %#", ([command, closest]) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Supervise.run(command))
      expect(deathOf(exit)).toContain(`the closest of the scripts is for "${closest}"`)
    }).pipe(
      Effect.provide(
        TestSpawner.layer(
          TestSpawner.program("git", Script.make()),
          TestSpawner.exactly(["docker", "compose", "up", "--detach", "--build"], Script.make()),
          TestSpawner.passthrough("echo"),
          TestSpawner.program("zzzzzz", Script.make())
        )
      )
    )
  )

  it.effect("in a pipeline lets none of it start", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Supervise.run(Command.pipeTo(Command.make("git", "status"), Command.make("wc"))))
      expect(deathOf(exit)).toContain(`no script for "wc"`)
      expect((yield* TestSpawner.TestSpawner).children).toEqual([])
    }).pipe(Effect.provide(git))
  )

  it.effect("does not show its secrets", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(
        Supervise.run(Command.make("git", "clone", "hunter2hunter2"), { redact: ["hunter2hunter2"] })
      )
      expect(deathOf(exit)).not.toContain("hunter2")
      expect(deathOf(exit)).toContain("git clone")
    }).pipe(Effect.provide(git))
  )

  it("is not asked for as a child: the error says which ones there are", () => {
    const spawner = TestSpawner.make()
    expect(() => spawner.last).toThrow("no child was started; none was at all")
    expect(() => spawner.childOf("git", "push")).toThrow(`no child was started for "git push"`)
  })
})
