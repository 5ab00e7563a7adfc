/**
 * Pipelines of real processes.
 */
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import type { Child } from "@tether/process/Child"
import * as ChildObserver from "@tether/process/ChildObserver"
import type { ChildOptions } from "@tether/process/ChildOptions"
import * as ExitStatus from "@tether/process/ExitStatus"
import { Exited, Signaled } from "@tether/process/ExitStatus"
import type { ProcessFailed } from "@tether/process/ProcessFailed"
import type { SpawnError } from "@tether/process/SpawnError"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { createHash, randomBytes } from "node:crypto"
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeChildSpawner from "../../src/NodeChildSpawner.js"
import { leavesNothing } from "../support/leaks.js"
import { captureLogs } from "../support/logs.js"
import { descriptors, inheritable, isAlive, marked, stateOf, untilAsleep, waitUntil } from "../support/os.js"

const sh = (script: string) => Command.make("sh", "-c", script)
const cat = Command.make("cat")
const piped = (first: Command.Command, ...rest: ReadonlyArray<Command.Command>) =>
  rest.reduce((left, right) => Command.pipeTo(left, right), first)

const layer = NodeChildSpawner.layer
const run = (command: Command.Command, options?: ChildOptions) => Effect.provide(Supervise.run(command, options), layer)
const use = <A, E>(command: Command.Command, options: ChildOptions, f: (child: Child) => Effect.Effect<A, E>) =>
  Effect.provide(Supervise.use(command, options, f), layer)
const string = (command: Command.Command, options?: Supervise.CollectOptions) =>
  Effect.provide(Supervise.string(command, options), layer)

const failed = (command: Command.Command, options?: ChildOptions) =>
  Effect.map(Effect.flip(run(command, options)), (error) => {
    if (error._tag !== "ProcessFailed") throw error
    return error
  })

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
)

const noBash = !existsSync("/bin/bash")
if (noBash) console.warn("skipped: process substitutions, because there is no /bin/bash")

const fifosLeft = () => readdirSync(tmpdir()).filter((name) => name.startsWith("tether-fifo-"))

describe("a pipeline", () => {
  describe.skipIf(noBash)("with a process substitution in an inner stage", () => {
    const substituted = (seconds: number) =>
      piped(Command.make("bash", "-c", `exec 2>/dev/null; seq 3 > >(sleep ${seconds}; wc -l)`), cat, cat)

    it.live("passes on all that it writes", () =>
      Effect.gen(function* () {
        const options = { drainGrace: "10 seconds" } as const
        expect((yield* string(substituted(0.3), { ...options, whole: true })).trim()).toBe("3")
        expect((yield* string(substituted(0.3), options)).trim()).toBe("3")
      })
    )

    it.live("does so although it starts slowly: with pipes of its own, observers, and others beside it", () =>
      Effect.gen(function* () {
        const whole = (options: Supervise.CollectOptions = {}) =>
          string(substituted(0.3), { whole: true, drainGrace: "10 seconds", ...options })
        const slowly = Effect.provide(
          ChildObserver.layer({
            spawned: () => Effect.sleep("100 millis"),
            exited: () => Effect.void,
            gone: () => Effect.void
          })
        )
        const all = [whole({ pipes: "fifo" }), slowly(whole()), ...Array.from({ length: 6 }, () => whole())]
        const texts = yield* Effect.all(all, { concurrency: "unbounded" })
        expect(texts.map((text) => text.trim())).toEqual(all.map(() => "3"))
      })
    )

    it.live("has more time while the reader of the last stage takes nothing", () =>
      Effect.gen(function* () {
        const written = Command.make("bash", "-c", "exec 2>/dev/null; : > >(head -c 1000000 /dev/zero)")
        const options = { stdout: "bytes", drainGrace: "2 seconds", expect: [0] } as const
        let size = 0
        const report = yield* use(piped(written, cat), options, (child) =>
          Effect.zipRight(
            Stream.runForEach(child.bytes("stdout"), (chunk) =>
              Effect.suspend(() => {
                const isFirst = size === 0
                size += chunk.length
                return isFirst ? Effect.sleep("4 seconds") : Effect.void
              })
            ),
            child.gone
          )
        )
        expect([size, report.drained]).toEqual([1_000_000, { _tag: "Eof" }])
      })
    )

    it.live("is no loss where a later stage has had enough", () =>
      Effect.gen(function* () {
        const command = piped(
          Command.make("bash", "-c", "exec 2>/dev/null; echo x; : > >(sleep 30)"),
          cat,
          Command.make("head", "-n", "1")
        )
        expect(yield* string(command, { drainGrace: "200 millis", whole: true })).toBe("x\n")
      }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, Logger.none)))
    )

    it.live("that takes too long fails, if every byte is wanted", () =>
      Effect.gen(function* () {
        const options = { drainGrace: "100 millis" } as const
        const error = yield* Effect.flip(string(substituted(30), { ...options, whole: true }))
        expect(error).toMatchObject({ _tag: "IncompleteOutputError", reason: "Cut", kept: "" })
        expect(yield* string(substituted(30), options)).toBe("")
      }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, Logger.none)))
    )
  })

  it.live("gives the output of its last stage, and the status of every one", () =>
    Effect.gen(function* () {
      const report = yield* run(
        piped(Command.make("seq", "1", "100"), Command.make("grep", "7"), Command.make("wc", "-l"))
      )
      expect([report.stdout.tail.trim(), report.status, report.label]).toEqual(["19", Exited(0), "seq | grep | wc"])
      expect(report.stages.map((stage) => [stage.label, stage.status])).toEqual([
        ["seq", Exited(0)],
        ["grep", Exited(0)],
        ["wc", Exited(0)]
      ])
      expect(report.pid).toBe(report.stages[2]?.pid)
    })
  )

  it.live("whose last stage has enough ends with success, and SIGPIPE is noted", () =>
    Effect.gen(function* () {
      const report = yield* run(piped(Command.make("yes"), Command.make("head", "-n", "1")))
      expect([report.status, report.endedBy, report.stdout.tail]).toEqual([Exited(0), "child", "y\n"])
      expect(report.stages[0]).toMatchObject({ status: Signaled("SIGPIPE"), endedBy: "child" })
    })
  )

  it.live("gives its stages pipes of the kernel, which they can open again, although the other end has gone", () =>
    Effect.gen(function* () {
      const script = sh("readlink /proc/$$/fd/1 >&2; echo again > /dev/stdout; echo two")
      const report = yield* run(piped(script, sh("sleep 0.1; cat /dev/stdin; readlink /proc/$$/fd/0")))
      expect(report.stdout.tail).toMatch(/^again\ntwo\npipe:\[\d+\]\n$/)
      expect(fifosLeft()).toEqual([])
    })
  )

  it.live("leaves none of its ends open in us, nor in its stages", () =>
    leavesNothing(
      Effect.gen(function* () {
        const before = descriptors()
        yield* use(piped(sh("echo $$ >&2; exec sleep 300"), cat, cat), { stdout: "null" }, (child) =>
          Effect.gen(function* () {
            const pipes = (each: string) => each.includes("pipe:")
            expect(descriptors().filter(pipes).length).toBe(before.filter(pipes).length)
            const pid = Option.getOrThrow(yield* Stream.runHead(child.read({ streams: ["stderr"], replay: 1 }))).text
            yield* waitUntil("it sleeps", () => readFileSync(`/proc/${pid}/comm`, "utf8") === "sleep\n")
            const held = readdirSync(`/proc/${pid}/fd`).filter((fd) => !inheritable().includes(fd))
            expect(held.map((fd) => `${fd} ${readlinkSync(`/proc/${pid}/fd/${fd}`).split(":")[0]}`)).toEqual([
              "0 /dev/null",
              "1 pipe",
              "2 socket"
            ])
          })
        )
      })
    )
  )

  it.live("fails with its first stage, from the left, that is not accepted", () =>
    Effect.gen(function* () {
      const error = yield* failed(
        piped(sh("echo a; exit 0"), sh("cat >/dev/null; echo why >&2; exit 4"), sh("cat; exit 5")),
        { label: "etl" }
      )
      expect([
        error.label,
        error.status,
        error.stderr,
        error.message.startsWith(`"etl/sh#2" (sh -c 'cat >/dev/null; echo why >&2; exit 4') exited with code 4`)
      ]).toEqual(["etl/sh#2", Exited(4), "why\n", true])
      const accepted = yield* run(piped(sh("exit 4"), sh("exit 5")), { expect: [4, 5] })
      expect(accepted.status).toEqual(Exited(5))
      expect((yield* run(piped(sh("exit 4"), sh("exit 5")), { check: false })).status).toEqual(Exited(4))
    })
  )

  it.live("fails by a SIGPIPE of its last stage, and by 141, which is none", () =>
    Effect.gen(function* () {
      expect((yield* failed(piped(sh("true"), sh("kill -PIPE $$")))).status).toEqual(Signaled("SIGPIPE"))
      expect((yield* failed(piped(sh("yes; exit $?"), Command.make("head", "-n", "1")))).status).toEqual(Exited(141))
    })
  )

  it.live("reads the stderr of every stage under its own label", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const report = yield* run(piped(sh("echo one >&2"), sh("cat; echo two >&2"), sh("cat; echo three")), {
        label: "p",
        relay: true
      }).pipe(Effect.provide(logs.layer))
      expect(logs.entries.map((entry) => entry.message).toSorted()).toEqual([
        "[p/sh#1:err] one",
        "[p/sh#2:err] two",
        "[p/sh#3:out] three"
      ])
      expect([report.stderr.lines, report.stages.map((stage) => stage.stderr.tail)]).toEqual([
        2,
        ["one\n", "two\n", ""]
      ])
    })
  )

  it.scopedLive("has one file for the stderr of all stages, and for the stdout of the last", () =>
    Effect.gen(function* () {
      const file = join(yield* temporary, "log")
      const pipeline = piped(sh("echo one >&2"), sh("cat; echo two >&2"), sh("cat; echo three >&2; echo four"))
      for (let i = 0; i < 2; i++) {
        yield* run(pipeline, { stdout: { file }, stderr: { file } })
        expect(readFileSync(file, "utf8")).toBe("one\ntwo\nthree\nfour\n")
      }
      yield* run(pipeline, { stderr: { file, append: true } })
      expect(readFileSync(file, "utf8")).toBe("one\ntwo\nthree\nfour\none\ntwo\nthree\n")
      expect(
        (yield* Effect.flip(run(pipeline, { stdout: { file, append: true }, stderr: { file } }))).message
      ).toContain("to be emptied and to be added to")
    })
  )

  it.live("gives readers the lines of all stages", () =>
    use(piped(sh("echo one >&2; sleep 0.1"), sh("cat; echo two >&2; echo out")), { expect: [0] }, (child) =>
      Effect.gen(function* () {
        const lines = yield* Stream.runCollect(child.read({ replay: 10 }))
        // Lines of different streams can be read in either order.
        expect([...lines].map((line) => `${line.label} ${line.stream} ${line.text}`).toSorted()).toEqual([
          "sh#1 stderr one",
          "sh#2 stderr two",
          "sh#2 stdout out"
        ])
        expect([...lines].map((line) => line.seq)).toEqual([0, 1, 2])
      })
    )
  )

  it.live("takes input at its first stage, and an end of it ends them all", () =>
    use(piped(cat, Command.make("tr", "a-z", "A-Z"), cat), { stdin: "pipe", expect: [0] }, (child) =>
      Effect.gen(function* () {
        yield* child.stdin.write("hello\n")
        yield* child.stdin.close
        const report = yield* child.gone
        expect([report.stdout.tail, report.inputs]).toEqual(["HELLO\n", { 0: { bytes: 6, complete: true } }])
      })
    )
  )

  it.live("is stopped as a whole, by a closed input too", () =>
    Effect.gen(function* () {
      for (const stop of [StopPlan.default, StopPlan.make(StopPlan.closeStdin("10 minutes"))]) {
        const pids = yield* use(piped(cat, cat, cat), { stdin: "pipe", stop }, (child) =>
          Effect.gen(function* () {
            yield* child.stop()
            const report = yield* child.report
            expect(report.endedBy).toBe("owner")
            return report.stages.map((stage) => stage.pid)
          })
        )
        expect(pids.filter(isAlive)).toEqual([])
      }
    })
  )

  it.live("ends with its scope, whatever its stages ignore and leave behind", () => {
    const mark = `pipeline-${process.pid}-${Date.now()}`
    const stage = sh("trap '' TERM; setsid sleep 300 & while :; do sleep 0.1; done")
    return Effect.gen(function* () {
      const stop = StopPlan.make(StopPlan.signal("SIGTERM", "100 millis"))
      yield* use(piped(stage, stage, stage), { stop, env: { TEST_MARK: mark } }, () =>
        waitUntil("all of it runs", () => marked(mark).length >= 6)
      )
      expect(marked(mark)).toEqual([])
    })
  })

  it.live("does not wait for what a stage has left holding its pipe", () =>
    Effect.gen(function* () {
      const report = yield* run(piped(sh(`echo a; sleep 300 & ${untilAsleep()}`), cat))
      expect(report.stdout.tail).toBe("a\n")
      // It lived when it was found, and was stopped.
      expect(report.stages[0]?.leftovers).toMatchObject([{ command: "sleep 300" }])
    })
  )

  it.live("is stopped when the source of its input fails, and no stage takes that for the end", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const directory = yield* temporary
        const commit = sh(`cat >/dev/null; touch ${directory}/committed`)
        for (let i = 0; i < 10; i++) {
          const stream = Stream.concat(Stream.make("x\n"), Stream.fail("no more"))
          const error = yield* failed(piped(cat, cat, commit), { stdin: { stream } })
          expect(error.inputCause).toBeDefined()
          expect(existsSync(join(directory, "committed"))).toBe(false)
        }
      })
    )
  )

  it.live(
    "is stopped when the source of its input fails, also with a stage that takes its time and would take that for the end",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const directory = yield* temporary
          const commit = sh(`trap '' TERM; cat >/dev/null; touch ${directory}/committed`)
          for (const pipes of ["socket", "fifo"] as const) {
            const stop = StopPlan.make(StopPlan.signal("SIGTERM", "200 millis"))
            yield* failed(piped(cat, commit), { stdin: { stream: Stream.fail("no more") }, stop, pipes })
            expect(existsSync(join(directory, "committed"))).toBe(false)
          }
        })
      )
  )

  it.live("is stopped when its source fails while an observer is still being told of it", () => {
    const observer = { spawned: () => Effect.sleep(20), exited: () => Effect.void, gone: () => Effect.void }
    return Effect.map(
      Effect.provide(
        failed(piped(cat, cat), { stdin: { stream: Stream.fail("no more") } }),
        ChildObserver.layer(observer)
      ),
      (error) => expect(error.inputCause).toBeDefined()
    )
  })

  it.scopedLive("does not empty a file that it reads, and starts nothing when a file cannot be opened", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = join(directory, "file")
      writeFileSync(file, "kept")
      const touch = sh(`touch ${directory}/started; cat`)
      const cases: ReadonlyArray<readonly [ChildOptions, string]> = [
        [{ stdin: { file }, stdout: { file } }, "would be emptied before it is read"],
        [{ stdin: { file }, stderr: { file } }, "would be emptied before it is read"],
        [{ stdout: { file: directory } }, "is a directory"],
        [{ stdout: { file }, stderr: { file, append: true } }, "to be emptied and to be added to"]
      ]
      for (const [options, problem] of cases) {
        const error = yield* leavesNothing(Effect.flip(run(piped(touch, cat), options)))
        expect([error._tag, (error as SpawnError).reason, error.message.includes(problem)]).toEqual([
          "SpawnError",
          "BadFile",
          true
        ])
      }
      expect([readFileSync(file, "utf8"), existsSync(join(directory, "started"))]).toEqual(["kept", false])
    })
  )

  it.live("whose stage has failed by then fails the work beside it, though other stages run on", () =>
    Effect.gen(function* () {
      const stages = piped(sh("echo $$ >&2; exit 3"), sh("cat; exec sleep 300"))
      const error = yield* Effect.flip(
        use(stages, {}, (child) =>
          Effect.gen(function* () {
            const pid = Number(
              Option.getOrThrow(yield* Stream.runHead(child.read({ streams: ["stderr"], replay: 1 }))).text
            )
            yield* waitUntil("this process has reaped the stage", () => stateOf(pid) === undefined)
          })
        )
      )
      expect([error._tag, (error as ProcessFailed).status]).toEqual(["ProcessFailed", Exited(3)])
    })
  )

  it.live("fails the work beside it when it dies", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(use(piped(sh("exit 3"), cat), {}, () => Effect.never))
      expect([error._tag, (error as ProcessFailed).status]).toEqual(["ProcessFailed", Exited(3)])
    })
  )
})

describe("a pipeline that cannot start", () => {
  it.scopedLive.each([0, 1, 2, 3, 4])("for a missing program at place %i starts none of them, and names it", (place) =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const stages = Array.from({ length: 5 }, (_, index) =>
        index === place ? Command.make("no-such-program", "x") : sh(`touch ${directory}/${index}; cat`)
      )
      const error = yield* leavesNothing(Effect.flip(run(piped(stages[0] as Command.Command, ...stages.slice(1)))))
      expect([error._tag, (error as SpawnError).reason, error.label]).toEqual([
        "SpawnError",
        "NotFound",
        "no-such-program"
      ])
      expect(readdirSync(directory)).toEqual([])
      expect(fifosLeft()).toEqual([])
    })
  )

  it.live.each([0, 1, 2])("for what only a start can tell of stage %i ends the others, and names it", (place) => {
    const mark = `refused-${process.pid}-${place}`
    return leavesNothing(
      Effect.gen(function* () {
        const stages = [0, 1, 2].map((index) =>
          index === place ? Command.make("true", "x".repeat(3 << 20)) : Command.make("sleep", "300")
        )
        const error = yield* Effect.flip(
          run(piped(stages[0] as Command.Command, ...stages.slice(1)), { env: { TEST_MARK: mark } })
        )
        expect([error._tag, (error as SpawnError).reason]).toEqual(["SpawnError", "ArgumentListTooLong"])
        expect(marked(mark)).toEqual([])
      })
    )
  })
})

describe("the bytes of a pipeline", () => {
  const kinds = ["cat", "head", "early", "missing"] as const

  it.live("arrive whole through one to five stages, whatever ends early or is missing", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 5 }),
          fc.nat(400_000),
          fc.nat(400_000),
          (stages, size, wanted) => {
            const bytes = randomBytes(size)
            const commands = stages.map((kind) => {
              if (kind === "cat") return cat
              if (kind === "head") return Command.make("head", "-c", String(wanted))
              return kind === "early" ? sh("exit 0") : Command.make("no-such-program")
            })
            const early = stages.includes("early")
            const expected =
              early && stages.lastIndexOf("early") >= 0
                ? Buffer.alloc(0)
                : stages.includes("head")
                  ? bytes.subarray(0, wanted)
                  : bytes
            return Effect.runPromise(
              Effect.match(
                string(piped(commands[0] as Command.Command, ...commands.slice(1), Command.make("sha256sum")), {
                  stdin: { bytes }
                }),
                {
                  onSuccess: (sum) =>
                    !stages.includes("missing") &&
                    sum.slice(0, 64) === createHash("sha256").update(expected).digest("hex"),
                  onFailure: (error) => stages.includes("missing") && error._tag === "SpawnError"
                }
              )
            )
          }
        ),
        { numRuns: 60 }
      )
    )
  )
})

describe("an interrupt of a pipeline", () => {
  it.live("at any point leaves no process, descriptor or FIFO", () => {
    const mark = `interrupted-${process.pid}-${Date.now()}`
    return leavesNothing(
      Effect.gen(function* () {
        for (let i = 0; i < 60; i++) {
          const command = i % 2 === 0 ? piped(Command.make("yes"), cat, cat) : piped(sh("sleep 300 & wait"), cat)
          const fiber = yield* Effect.fork(
            run(command, { env: { TEST_MARK: mark }, stdout: "null", stop: StopPlan.kill })
          )
          yield* i < 20 ? Effect.repeatN(Effect.yieldNow(), i) : Effect.sleep((i - 20) / 2)
          yield* Fiber.interrupt(fiber)
        }
        yield* waitUntil("no child lives", () => marked(mark).length === 0)
        expect(fifosLeft()).toEqual([])
      })
    )
  })
})

describe("statuses", () => {
  it.live("of stages are told apart", () =>
    Effect.gen(function* () {
      const report = yield* run(piped(sh("exit 137"), sh("kill -KILL $$"), sh("kill -SEGV $$"), sh("exit 255")), {
        check: false
      })
      expect(report.stages.map((stage) => ExitStatus.format(stage.status))).toEqual([
        "exited with code 137",
        "was ended by SIGKILL",
        "was ended by SIGSEGV",
        "exited with code 255"
      ])
    })
  )
})
