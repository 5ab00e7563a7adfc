/**
 * What children read: every form of input, and every way in which a reader or a source may end before the other.
 */
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import type { Child } from "@tether/process/Child"
import type { ChildOptions } from "@tether/process/ChildOptions"
import { equals, Exited } from "@tether/process/ExitStatus"
import type { InputError } from "@tether/process/InputError"
import type { ProcessFailed } from "@tether/process/ProcessFailed"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { createHash, randomBytes } from "node:crypto"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeChildSpawner from "../../src/NodeChildSpawner.js"
import { leavesNothing } from "../support/leaks.js"
import { captureLogs } from "../support/logs.js"
import { isAlive, marked, waitUntil } from "../support/os.js"
import { endless } from "../support/sources.js"

const sh = (script: string) => Command.make("sh", "-c", script)
const cat = Command.make("cat")
const layer = NodeChildSpawner.layer

const run = (command: Command.Command, options?: ChildOptions) => Effect.provide(Supervise.run(command, options), layer)
const string = (command: Command.Command, options?: Supervise.CollectOptions) =>
  Effect.provide(Supervise.string(command, options), layer)
const use = <A, E>(command: Command.Command, options: ChildOptions, f: (child: Child) => Effect.Effect<A, E>) =>
  Effect.provide(Supervise.use(command, { stdin: "pipe", expect: [0], ...options }, f), layer)

const digest = (...parts: ReadonlyArray<Uint8Array>) => {
  const hash = createHash("sha256")
  for (const part of parts) hash.update(part)
  return hash.digest("hex")
}
const digestOf = (options: Supervise.CollectOptions) =>
  Effect.map(string(Command.make("sha256sum"), options), (line) => line.slice(0, 64))

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
)

describe("stdin", () => {
  const megabytes = randomBytes(5 * 1024 * 1024 + 1)

  it.live("is a text", () =>
    Effect.map(string(cat, { stdin: { text: "grüße\n" } }), (text) => expect(text).toBe("grüße\n"))
  )
  it.live("is an empty text", () => Effect.map(string(cat, { stdin: { text: "" } }), (text) => expect(text).toBe("")))
  it.live("is bytes", () =>
    Effect.map(digestOf({ stdin: { bytes: megabytes } }), (is) => expect(is).toBe(digest(megabytes)))
  )
  it.live("is a stream of bytes and texts", () =>
    Effect.map(string(cat, { stdin: { stream: Stream.make("a", new Uint8Array([98]), "ü") } }), (text) =>
      expect(text).toBe("abü")
    )
  )
  it.live("is an empty stream", () =>
    Effect.map(string(cat, { stdin: { stream: Stream.empty } }), (text) => expect(text).toBe(""))
  )
  it.live("is the stream of the command, which an option takes the place of", () =>
    Effect.gen(function* () {
      const command = Command.feed(cat, "from the command")
      expect(yield* string(command)).toBe("from the command")
      expect(yield* string(command, { stdin: { text: "from the option" } })).toBe("from the option")
      expect(yield* string(command, { stdin: "null" })).toBe("")
    })
  )
  it.scopedLive("is a file, that the child reads itself", () =>
    Effect.gen(function* () {
      const path = join(yield* temporary, "in")
      writeFileSync(path, megabytes)
      expect(yield* digestOf({ stdin: { file: path } })).toBe(digest(megabytes))
      expect(yield* string(sh("readlink /proc/$$/fd/0"), { stdin: { file: path } })).toBe(`${path}\n`)
    })
  )
  it.live("that is a secret is nowhere to be seen", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const error = yield* Effect.flip(
        Effect.provide(
          run(sh("cat; exit 3"), { stdin: { text: Redacted.make("s3cret words") }, relay: true }),
          logs.layer
        )
      )
      expect((error as ProcessFailed).stdout).toBe("<redacted>")
      expect(JSON.stringify([error, logs.entries])).not.toContain("s3cret")
    })
  )
  it.live("that nobody writes is closed by run", () =>
    Effect.map(run(cat, { stdin: "pipe" }), (report) =>
      expect(report.inputs).toEqual({ 0: { bytes: 0, complete: true } })
    )
  )

  it.live("takes random chunks whole, whatever their sizes", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.array(fc.array(fc.nat(200_000), { maxLength: 4 }), { maxLength: 6 }), (sizes) => {
          const chunks = sizes.map((chunk) => chunk.map((size) => randomBytes(size)))
          const stream = Stream.fromIterable(chunks).pipe(
            Stream.flatMap((chunk) => Stream.fromChunk(Chunk.fromIterable(chunk)))
          )
          return Effect.runPromise(Effect.map(digestOf({ stdin: { stream } }), (is) => is === digest(...chunks.flat())))
        }),
        { numRuns: 25 }
      )
    )
  )
})

describe("a child that does not read on", () => {
  it.live.each([1, 64 * 1024, 1024 * 1024])(
    "and reads nothing makes us pull a bounded amount, in chunks of one element of %i bytes",
    (size) =>
      Effect.gen(function* () {
        const { state, stream } = endless(size)
        let pulled = 0
        yield* use(Command.make("sleep", "300"), { stdin: { stream } }, () =>
          Effect.gen(function* () {
            yield* waitUntil("nothing more is pulled", () => {
              const isStill = pulled === state.pulled && pulled > 0
              pulled = state.pulled
              return isStill
            })
          })
        )
        // A pipe takes some 200 KB, and fewer of small writes; then there is what waits to be written.
        expect(state.pulled).toBeLessThan(768 * 1024 + 2 * size)
        expect(state.released).toBe(true)
      })
  )

  it.live.each([1, 100, 64 * 1024])(
    "and one that reads all leave the event loop its turns, whatever a source without end gives: %i bytes",
    (size) =>
      Effect.gen(function* () {
        let turns = 0
        const timer = setInterval(() => turns++, 1)
        const { state, stream } = endless(size)
        yield* use(cat, { stdin: { stream }, stdout: "null", stop: StopPlan.kill }, () =>
          waitUntil("both go on", () => turns > 100 && state.pulled > 100 * size)
        )
        clearInterval(timer)
      })
  )

  it.live("because it ends at once is no failure, and interrupts the source", () =>
    Effect.gen(function* () {
      const { state, stream } = endless(64 * 1024)
      const report = yield* run(Command.make("true"), { stdin: { stream } })
      expect(report.inputs[0]?.complete).toBe(false)
      expect(state.released).toBe(true)
    })
  )

  it.live("because it ends at once interrupts a source that waits for something", () =>
    Effect.gen(function* () {
      let isReleased = false
      const stream = Stream.never.pipe(
        Stream.ensuring(
          Effect.sync(() => {
            isReleased = true
          })
        )
      )
      yield* run(sh("exec sleep 0.1"), { stdin: { stream } })
      expect(isReleased).toBe(true)
    })
  )

  it.live("because it has enough is no failure", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.nat(600_000), fc.nat(600_000), (size, wanted) =>
          Effect.runPromise(
            Effect.map(
              run(Command.make("head", "-c", String(wanted)), { stdin: { bytes: new Uint8Array(size) } }),
              (report) => equals(report.status, Exited(0)) && report.stdout.bytes === Math.min(size, wanted)
            )
          )
        ),
        { numRuns: 20 }
      )
    )
  )

  it.live("because it has closed its stdin runs on, and whoever writes is told", () =>
    Effect.gen(function* () {
      const bytes = new Uint8Array(8 * 1024 * 1024)
      const script = "exec 0<&-; echo closed; sleep 0.2; echo done"
      yield* use(sh(script), {}, (child) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(child.stdin.write(bytes))
          expect([error._tag, error.reason, error.code]).toEqual(["InputError", "ReaderGone", "EPIPE"])
          expect((yield* Effect.flip(child.stdin.write("more"))).reason).toBe("ReaderGone")
          yield* child.stdin.close
          expect((yield* child.gone).stdout.tail).toBe("closed\ndone\n")
        })
      )
      expect((yield* run(sh(script), { stdin: { bytes } })).stdout.tail).toBe("closed\ndone\n")
      expect((yield* run(sh(script), { stdin: { stream: Stream.succeed(bytes) } })).stdout.tail).toBe("closed\ndone\n")
    })
  )

  it.live("and dies while a write waits, or after one was interrupted, harms nobody", () =>
    Effect.gen(function* () {
      const waiting = yield* use(Command.make("sleep", "300"), {}, (child) =>
        Effect.gen(function* () {
          const write = yield* Effect.forkDaemon(Effect.flip(child.stdin.write(new Uint8Array(1024 * 1024))))
          const interrupted = yield* Effect.forkDaemon(child.stdin.write(new Uint8Array(1024 * 1024)))
          yield* Effect.yieldNow()
          yield* Fiber.interrupt(interrupted)
          yield* child.stop(StopPlan.kill)
          return write
        })
      )
      expect((yield* Fiber.join(waiting)).reason).toBe("ReaderGone")
      // What Node has not told by then would be an uncaught error of this test.
      yield* Effect.repeatN(
        Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve))),
        5
      )
    })
  )
})

describe("a source that fails", () => {
  it.scopedLive("stops the child, which sees no end of input, and is surfaced as such", () =>
    Effect.gen(function* () {
      const mark = join(yield* temporary, "end-of-input")
      const seen = Effect.unsafeMakeLatch()
      const stream = Stream.concat(
        Stream.make("begin;\n"),
        Stream.fromEffect(Effect.zipRight(seen.await, Effect.fail("the query failed")))
      )
      const error = yield* Effect.flip(
        run(sh(`cat; touch ${mark}`), {
          stdin: { stream },
          label: "psql",
          onLines: { stdout: () => Effect.asVoid(seen.open) }
        })
      )
      if (error._tag !== "ProcessFailed") throw error
      expect(error.inputCause && Cause.failureOption(error.inputCause)).toMatchObject({ value: "the query failed" })
      expect(error.message).toMatch(
        /^"psql" \(sh -c .*\) was stopped after .*, because the source of its input failed$/
      )
      expect(error.stdout).toBe("begin;\n")
      expect(existsSync(mark)).toBe(false)
    })
  )

  it.scopedLive("fails with check: false too, and its plan's end of input is left out", () =>
    Effect.gen(function* () {
      const mark = join(yield* temporary, "end-of-input")
      const stop = StopPlan.make(StopPlan.closeStdin("1 minute"), StopPlan.signal("SIGTERM", "5 seconds"))
      const error = yield* Effect.flip(
        run(sh(`cat; touch ${mark}`), { stdin: { stream: Stream.fail("no") }, check: false, stop })
      )
      expect(error._tag).toBe("ProcessFailed")
      expect(existsSync(mark)).toBe(false)
    })
  )

  it.live.each(["cat", "sleep 300", "exec 0<&-; sleep 300", "head -c 10; sleep 300"])(
    "after many chunks stops any child, that has seen them or not, and fails: %s",
    (script) =>
      Effect.gen(function* () {
        const chunks = Stream.map(Stream.make(1, 300_000, 0, 65_536), (size) => new Uint8Array(size))
        const options: ChildOptions = { stdin: { stream: Stream.concat(chunks, Stream.fail("now")) }, stdout: "null" }
        // A child that takes no more never lets it come to the failure: it is ended here.
        const exit = yield* Effect.exit(
          Effect.timeout(run(sh(script), options), script === "cat" ? "1 minute" : "300 millis")
        )
        const isTold = Exit.isFailure(exit) && String(Cause.squash(exit.cause)).includes("source of its input failed")
        expect(isTold || script !== "cat").toBe(true)
      })
  )

  it.live("is not pulled for a program that cannot start", () =>
    Effect.gen(function* () {
      const { state, stream } = endless(10)
      const missing = Command.make("no-such-program")
      for (const command of [
        missing,
        Command.pipeTo(cat, missing),
        Command.make("true", "x".repeat(3 << 20)),
        Command.pipeTo(cat, Command.make("true", "x".repeat(3 << 20)))
      ]) {
        expect((yield* Effect.flip(run(command, { stdin: { stream } })))._tag).toBe("SpawnError")
      }
      expect(state.pulled).toBe(0)
    })
  )

  it.live("fails the work beside the child", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(use(cat, { stdin: { stream: Stream.fail("no") } }, () => Effect.never))
      expect(error.message).toContain("the source of its input failed")
    })
  )

  it.live("by a defect is a defect", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(run(cat, { stdin: { stream: Stream.die("a mistake") } }))
      expect(exit._tag === "Failure" && Cause.isDie(exit.cause)).toBe(true)
    })
  )

  it.live("after the child has ended is no failure", () =>
    Effect.gen(function* () {
      const late = Stream.fromEffect(Effect.zipRight(Effect.sleep(300), Effect.fail("too late")))
      expect((yield* run(Command.make("true"), { stdin: { stream: late } })).status).toEqual(Exited(0))
    })
  )

  it.live("that does not let itself be interrupted is left alone after a bound", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const release = yield* Deferred.make<string>()
      const stuck = Stream.fromEffect(Effect.uninterruptible(Deferred.await(release)))
      // It ends while the source still hangs.
      yield* run(Command.make("true"), { stdin: { stream: stuck }, deliverGrace: 100 }).pipe(Effect.provide(logs.layer))
      yield* Deferred.succeed(release, "x")
      expect(logs.entries.map((entry) => entry.message).join("\n")).toContain("could not be interrupted within 100 ms")
    })
  )
})

describe("the owner's writes", () => {
  it.live("come many times, from several fibers in their order, each in one piece", () =>
    use(cat, { stdout: "bytes" }, (child) =>
      Effect.gen(function* () {
        const parts = Array.from({ length: 40 }, (_, index) =>
          String.fromCharCode(65 + index).repeat(index % 2 === 0 ? 1 : 90_000)
        )
        yield* Effect.all(
          [
            Effect.zipRight(
              Effect.forEach(parts, (part) => child.stdin.write(part), { concurrency: "unbounded" }),
              child.stdin.close
            ),
            Effect.map(Stream.mkString(Stream.decodeText(child.bytes("stdout"))), (text) =>
              expect(text === parts.join("")).toBe(true)
            )
          ],
          { concurrency: "unbounded" }
        )
      })
    )
  )

  it.live("fail once it is closed, and closing again does nothing", () =>
    use(cat, {}, (child) =>
      Effect.gen(function* () {
        yield* child.stdin.write("one\n")
        yield* child.stdin.close
        yield* child.stdin.close
        expect((yield* Effect.flip(child.stdin.write("two\n"))).reason).toBe("Closed")
        expect((yield* child.gone).stdout.tail).toBe("one\n")
        expect((yield* child.gone).inputs).toEqual({ 0: { bytes: 4, complete: true } })
      })
    )
  )

  it.live("can be a stream or a sink; a stream that fails closes nothing", () =>
    use(cat, {}, (child) =>
      Effect.gen(function* () {
        yield* child.stdin.writeAll(Stream.make("a", "b"))
        expect(
          yield* Effect.flip(child.stdin.writeAll(Stream.concat(Stream.make("c"), Stream.fail("mine" as const))))
        ).toBe("mine")
        expect(
          yield* Effect.flip(
            Stream.run(Stream.concat(Stream.make("d"), Stream.fail("mine" as const)), child.stdin.sink)
          )
        ).toBe("mine")
        yield* Stream.run(Stream.make("e\n"), child.stdin.sink)
        expect((yield* child.gone).stdout.tail).toBe("abcde\n")
      })
    )
  )

  it.live("of a stream are done when they are taken, whoever else writes", () =>
    use(sh("while head -c 65536 >/dev/null; do sleep 0.01; done"), { stop: StopPlan.kill }, (child) =>
      Effect.gen(function* () {
        const others = yield* Effect.forkAll(
          Array.from({ length: 64 }, () => Effect.forever(child.stdin.write(new Uint8Array(65536))))
        )
        yield* child.stdin.writeAll(Stream.make("x"))
        yield* Fiber.interrupt(others)
      })
    )
  )

  it.live("stop where they are when they are interrupted", () =>
    use(sh("sleep 0.2; cat | wc -c"), {}, (child) =>
      Effect.gen(function* () {
        const write = yield* Effect.fork(child.stdin.write(new Uint8Array(64 * 1024 * 1024)))
        yield* Effect.sleep(20)
        yield* Fiber.interrupt(write)
        yield* child.stdin.close
        const report = yield* child.gone
        expect(report.inputs[0]?.complete).toBe(true)
        expect(Number(report.stdout.tail)).toBe(report.inputs[0]?.bytes)
        expect(report.inputs[0]?.bytes).toBeLessThan(64 * 1024 * 1024)
      })
    )
  )

  it.live("to an input that is no pipe are a defect", () =>
    use(cat, { stdin: { text: "x" } }, (child) =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(child.stdin.write("y"))
        expect(exit._tag === "Failure" && Cause.pretty(exit.cause)).toContain(`needs stdin to be "pipe"`)
        yield* child.gone
      })
    )
  )

  it.live("end when the stop plan closes the input", () =>
    use(sh("cat; echo bye"), { stop: StopPlan.make(StopPlan.closeStdin("10 minutes")) }, (child) =>
      Effect.gen(function* () {
        yield* child.stdin.write("hi\n")
        yield* child.stop()
        const report = yield* child.gone
        expect([report.status, report.stdout.tail, report.endedBy]).toEqual([Exited(0), "hi\nbye\n", "owner"])
      })
    )
  )
})

describe("ask", () => {
  const echo = sh(`while read -r line; do echo "you said $line"; echo "." ; done; echo "no more" >&2; exit 3`)
  const isDot = ({ text }: { readonly text: string }) => text === "."

  it.live("answers with the lines up to the one that ends the answer", () =>
    use(echo, {}, (child) =>
      Effect.gen(function* () {
        const answer = yield* child.ask("hello", isDot)
        expect(answer.map((line) => line.text)).toEqual(["you said hello", "."])
      })
    )
  )

  it.live("keeps the answers of many fibers apart", () =>
    use(echo, {}, (child) =>
      Effect.forEach(
        Array.from({ length: 50 }, (_, index) => `question ${index}`),
        (question) =>
          Effect.map(child.ask(question, isDot), (lines) => expect(lines[0]?.text).toBe(`you said ${question}`)),
        { concurrency: "unbounded" }
      )
    )
  )

  it.live("of a child whose lines are not read is a defect", () =>
    use(cat, { stdout: "bytes" }, (child) =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(child.ask("hi", () => true))
        expect(exit._tag === "Failure" && Cause.pretty(exit.cause)).toContain(`needs stdout: "lines"`)
        yield* child.stdin.close
      })
    )
  )

  it.live("takes an answer that is the child's last word", () =>
    use(sh(`read -r line; echo "bye"; exit 0`), {}, (child) =>
      Effect.map(
        child.ask("quit", (line) => line.text === "bye"),
        (lines) => expect(lines).toHaveLength(1)
      )
    )
  )

  it.live("fails with the child's death, or with its silence", () =>
    Effect.gen(function* () {
      const asked = (script: string) => Effect.flip(use(sh(script), {}, (child) => child.ask("well?", () => false)))
      const died = yield* asked("read -r line; echo oops >&2; exit 4")
      expect([died._tag, (died as ProcessFailed).stderr]).toEqual(["ProcessFailed", "oops\n"])
      const silent = yield* asked("read -r line; exec >&-; sleep 300")
      expect([silent._tag, (silent as InputError).reason]).toEqual(["InputError", "NoAnswer"])
      const flood = yield* asked("read -r line; yes ''")
      expect([flood._tag, (flood as InputError).reason]).toEqual(["InputError", "NoAnswer"])
    })
  )
})

describe("an interrupt at any point", () => {
  it.live("leaves no child, descriptor or source", () =>
    leavesNothing(
      Effect.gen(function* () {
        const mark = `input-${process.pid}-${Date.now()}`
        const pids = new Set<number>()
        for (let i = 0; i < 60; i++) {
          const { state, stream } = endless(i % 3 === 0 ? 100 : 64 * 1024)
          const commands = [cat, sh("head -c 100000; exit 0"), sh("exec 0<&-; sleep 30"), Command.make("sleep", "30")]
          const fiber = yield* Effect.fork(
            use(
              commands[i % commands.length] as Command.Command,
              {
                stdin: { stream },
                stdout: "null",
                env: { TEST_MARK: mark },
                stop: StopPlan.kill
              },
              (child) => {
                pids.add(child.pid)
                return Effect.never
              }
            )
          )
          yield* i < 20 ? Effect.repeatN(Effect.yieldNow(), i) : Effect.sleep((i - 20) / 2)
          yield* Fiber.interrupt(fiber)
          expect(state.released || state.pulled === 0).toBe(true)
        }
        yield* waitUntil("no child lives", () => marked(mark).length === 0)
        expect([...pids].filter(isAlive)).toEqual([])
      })
    )
  )
})
