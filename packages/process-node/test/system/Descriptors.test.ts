/**
 * What children find at their descriptors: files, pipes of every kind, and who they are.
 */
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import type { Child } from "@tether/process/Child"
import type { ChildOptions } from "@tether/process/ChildOptions"
import { Exited } from "@tether/process/ExitStatus"
import type { SpawnError } from "@tether/process/SpawnError"
import * as Supervise from "@tether/process/Supervise"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import { execFileSync } from "node:child_process"
import { chmodSync, existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeChildSpawner from "../../src/NodeChildSpawner.js"
import { leavesNothing } from "../support/leaks.js"
import { captureLogs } from "../support/logs.js"
import { untilAsleep } from "../support/os.js"

const sh = (script: string) => Command.make("sh", "-c", script)
const layer = NodeChildSpawner.layer
const run = (command: Command.Command, options?: ChildOptions) => Effect.provide(Supervise.run(command, options), layer)
const use = <A, E>(command: Command.Command, options: ChildOptions, f: (child: Child) => Effect.Effect<A, E>) =>
  Effect.provide(Supervise.use(command, { expect: [0], ...options }, f), layer)
const stdoutOf = (command: Command.Command, options?: ChildOptions) =>
  Effect.map(run(command, options), (report) => report.stdout.tail)

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
)

const refused = (options: ChildOptions, command = Command.make("touch", "/no/such")) =>
  Effect.map(leavesNothing(Effect.flip(run(command, options))), (error) => {
    if (error._tag !== "SpawnError") throw error
    return error
  })

const isRoot = process.getuid?.() === 0

describe("a file", () => {
  it.scopedLive("is emptied first, or added to, and written by the child itself", () =>
    Effect.gen(function* () {
      const file = join(yield* temporary, "out")
      writeFileSync(file, "earlier, and longer than what comes\n")
      const report = yield* run(sh("echo one; readlink /proc/$$/fd/1"), { stdout: { file } })
      expect(readFileSync(file, "utf8")).toBe(`one\n${file}\n`)
      yield* run(sh("echo two"), { stdout: { file, append: true } })
      expect(readFileSync(file, "utf8")).toBe(`one\n${file}\ntwo\n`)
      expect(report.stdout.bytes).toBe(0)
    })
  )

  it.scopedLive("of both streams has them in their true order", () =>
    Effect.gen(function* () {
      const file = join(yield* temporary, "out")
      const script = "i=0; while [ $i -lt 1000 ]; do echo $i; i=$((i+1)); echo $i >&2; i=$((i+1)); done"
      const expected = Array.from({ length: 1000 }, (_, index) => `${index}\n`).join("")
      yield* run(sh(script), { stdout: { file }, stderr: { file } })
      expect(readFileSync(file, "utf8")).toBe(expected)
      yield* run(sh(script), { stdout: { file, append: true }, stderr: { file, append: true } })
      expect(readFileSync(file, "utf8")).toBe(expected + expected)
    })
  )

  it.scopedLive("by another name is the same file", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const [one, other] = [join(directory, "one"), join(directory, "other")]
      writeFileSync(one, "")
      linkSync(one, other)
      yield* run(sh("echo a; echo b >&2; echo c"), { stdout: { file: one }, stderr: { file: other } })
      expect(readFileSync(one, "utf8")).toBe("a\nb\nc\n")
    })
  )

  it.scopedLive("read twice is read from its start twice", () =>
    Effect.gen(function* () {
      const file = join(yield* temporary, "in")
      writeFileSync(file, "text")
      expect(yield* stdoutOf(sh("cat; cat <&3"), { stdin: { file }, fds: { 3: { file } } })).toBe("texttext")
    })
  )

  it.scopedLive("that is read and added to is opened for each", () =>
    Effect.gen(function* () {
      const file = join(yield* temporary, "log")
      writeFileSync(file, "one\n")
      yield* run(sh("head -n 1; echo two >&2; echo three"), {
        stdin: { file },
        stdout: { file, append: true },
        stderr: { file, append: true }
      })
      expect(readFileSync(file, "utf8")).toBe("one\none\ntwo\nthree\n")
    })
  )

  it.scopedLive("that cannot be is refused before anything starts, and leaves nothing open", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = join(directory, "file")
      const fifo = join(directory, "fifo")
      mkdirSync(join(directory, "folder"))
      execFileSync("mkfifo", [fifo])
      writeFileSync(file, "kept")
      const cases: ReadonlyArray<readonly [ChildOptions, string]> = [
        [{ stdin: { file: join(directory, "missing") } }, "there is no file"],
        [{ stdin: { file: directory } }, "is a directory"],
        [{ stdout: { file: join(directory, "folder") } }, "is a directory"],
        [{ stderr: { file: join(directory, "missing", "out") } }, "there is no directory for"],
        [{ stdout: { file: join(file, "out") } }, "leads through something that is not a directory"],
        [{ stdin: { file: fifo } }, "is a FIFO"],
        [{ stdout: { file: fifo } }, "is a FIFO"],
        [{ stdin: { file }, stdout: { file } }, "would be emptied before it is read"],
        [{ stdout: { file }, stdin: { file } }, "would be emptied before it is read"],
        [{ stdout: { file }, stderr: { file, append: true } }, "to be emptied and to be added to"]
      ]
      for (const [options, problem] of cases) {
        const error = yield* refused(options)
        expect([error.reason, error.message.includes(problem)]).toEqual(["BadFile", true])
      }
      expect(readFileSync(file, "utf8")).toBe("kept")
      const secret = yield* refused({ stdin: { file: join(directory, "s3cret") }, redact: ["s3cret"] })
      expect(JSON.stringify(secret)).not.toContain("s3cret")
    })
  )

  it.scopedLive("of a program that cannot start is not kept open", () =>
    Effect.gen(function* () {
      const file = join(yield* temporary, "out")
      const error = yield* refused(
        { stdout: { file }, stderr: { file }, fds: { 3: "pipe", 4: "lines" } },
        Command.make("no-such-program")
      )
      expect(error.reason).toBe("NotFound")
    })
  )
})

describe("a sink", () => {
  it.live("takes all of it, and the outcome waits for it", () =>
    Effect.gen(function* () {
      let size = 0
      const sink = Sink.forEach((chunk: Uint8Array) =>
        Effect.zipRight(
          Effect.sleep(1),
          Effect.sync(() => {
            size += chunk.length
          })
        )
      )
      const report = yield* run(Command.make("head", "-c", "3000000", "/dev/zero"), { stdout: { sink } })
      expect([size, report.stdout.bytes, report.drained._tag]).toEqual([3_000_000, 3_000_000, "Eof"])
    })
  )

  it.live("of the command is honoured, and one that is done leaves the rest behind", () =>
    Effect.gen(function* () {
      let first: Uint8Array | undefined
      const sink = Sink.mapEffect(Sink.ignoreLeftover(Sink.head<Uint8Array>()), (head) =>
        Effect.sync(() => {
          first = head._tag === "Some" ? head.value : undefined
          return new Uint8Array()
        })
      )
      const report = yield* run(Command.make("head", "-c", "3000000", "/dev/zero").pipe(Command.stdout(sink)))
      expect(first?.length).toBeGreaterThan(0)
      expect([report.status, report.stdout.bytes]).toEqual([Exited(0), 3_000_000])
    })
  )

  it.live("that dies gets no more, and the run dies of it when the child is over", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const exit = yield* Effect.exit(
        Effect.provide(
          run(Command.make("head", "-c", "3000000", "/dev/zero"), { stdout: { sink: Sink.die("a mistake") } }),
          logs.layer
        )
      )
      expect(exit._tag === "Failure" && Cause.isDie(exit.cause)).toBe(true)
      expect(logs.entries.some((entry) => String(entry.message).includes("the sink of"))).toBe(true)
    })
  )
})

describe("descriptors above the standard ones", () => {
  it.live("are written and read like these", () =>
    use(
      sh("cat <&3 >&4; echo status >&5; cat <&6 >&5"),
      {
        fds: { 3: "pipe", 4: "bytes", 5: "lines", 6: { text: "a text\n" }, 7: "null" },
        relay: true
      },
      (child) =>
        Effect.gen(function* () {
          yield* child.input(3).write("through")
          yield* child.input(3).close
          const bytes = yield* Stream.mkString(Stream.decodeText(child.bytes("fd4")))
          const report = yield* child.gone
          expect(bytes).toBe("through")
          expect(report.fds[5]).toMatchObject({ lines: 2, tail: "status\na text\n" })
          expect(report.fds[4]?.bytes).toBe(7)
          expect(report.inputs).toEqual({ 3: { bytes: 7, complete: true }, 6: { bytes: 7, complete: true } })
        })
    ).pipe(Effect.provide(captureLogs().layer))
  )

  it.live("can be subscribed to, relayed, and handed to onLines", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const seen: Array<string> = []
      const texts = yield* use(
        sh("echo hi >&3"),
        {
          label: "it",
          fds: { 3: "lines" },
          relay: true,
          onLines: { fd3: (lines) => void seen.push(...lines) }
        },
        (child) =>
          Effect.map(Stream.runCollect(child.read({ streams: ["fd3"], replay: 10 })), (lines) =>
            Chunk.toArray(lines).map((line) => [line.stream, line.text])
          )
      ).pipe(Effect.provide(logs.layer))
      expect([texts, seen, logs.entries.map((entry) => entry.message)]).toEqual([
        [["fd3", "hi"]],
        ["hi"],
        ["[it:fd3] hi"]
      ])
    })
  )

  it.live("that are not asked for are closed in the child", () =>
    Effect.map(
      stdoutOf(sh("for fd in 3 4 5; do test -e /proc/$$/fd/$fd && echo $fd; done; :"), { fds: { 4: "null" } }),
      (text) => expect(text).toBe("4\n")
    )
  )

  it.live("can be read and written by a child for which they are /dev/null", () =>
    Effect.map(stdoutOf(sh("echo lost >&3 && cat <&3 && echo both"), { fds: { 3: "null" } }), (text) =>
      expect(text).toBe("both\n")
    )
  )

  it.live("of any number do not hide that there is no such program", () =>
    Effect.gen(function* () {
      for (let descriptor = 3; descriptor < 60; descriptor += 7) {
        const fds = Object.fromEntries(Array.from({ length: 7 }, (_, index) => [descriptor + index, "null" as const]))
        expect((yield* refused({ fds }, Command.make("no-such-program"))).reason).toBe("NotFound")
      }
    })
  )

  it.live("to inherit that are not open here are refused", () =>
    Effect.map(refused({ fds: { 200: "inherit" } }, Command.make("true")), (error) =>
      expect(error.reason).toBe("InvalidArgument")
    )
  )

  it.live("that somebody else holds do not hold up the outcome", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const report = yield* run(sh(`setsid sleep 300 >/dev/null 2>&1 & echo a >&3; ${untilAsleep()}`), {
        fds: { 3: "lines" },
        drainGrace: 100
      }).pipe(Effect.provide(logs.layer))
      expect(report.fds[3]?.tail).toBe("a\n")
      expect(report.drained).toMatchObject({ _tag: "Cut", holders: [{ command: "sleep 300" }] })
    })
  )
})

describe("pipes of the kernel", () => {
  const reopening = sh("cat /dev/stdin; echo out > /dev/stdout; echo err > /dev/stderr")

  it.live("can be opened again by a program, as sockets cannot", () =>
    Effect.gen(function* () {
      const report = yield* run(reopening, { pipes: "fifo", stdin: { text: "in\n" } })
      expect([report.stdout.tail, report.stderr.tail]).toEqual(["in\nout\n", "err\n"])
      expect((yield* run(reopening, { stdin: { text: "in\n" }, check: false })).status).not.toEqual(Exited(0))
    })
  )

  it.live("can be opened again when the other end has gone", () =>
    Effect.map(stdoutOf(sh("sleep 0.1; cat /dev/stdin"), { pipes: "fifo", stdin: { text: "in\n" } }), (text) =>
      expect(text).toBe("in\n")
    )
  )

  it.live("carry a flood both ways, and leave nothing open", () =>
    leavesNothing(
      Effect.gen(function* () {
        const bytes = new Uint8Array(20 * 1024 * 1024)
        const report = yield* run(Command.make("cat"), { pipes: "fifo", stdin: { bytes } })
        expect([report.stdout.bytes, report.inputs[0]]).toEqual([bytes.length, { bytes: bytes.length, complete: true }])
        const early = yield* run(Command.make("true"), { pipes: "fifo", stdin: { bytes } })
        expect(early.inputs[0]?.complete).toBe(false)
      })
    )
  )

  it.live("name who holds them", () =>
    Effect.gen(function* () {
      const report = yield* run(sh("setsid sleep 300 & echo a"), { pipes: "fifo", drainGrace: 100 }).pipe(
        Effect.provide(captureLogs().layer)
      )
      expect(report.drained).toMatchObject({ _tag: "Cut", holders: [{ command: "sleep 300" }] })
    })
  )
})

describe("a program", () => {
  it.live("is called as it is told", () =>
    Effect.map(stdoutOf(Command.make("sh", "-c", "tr '\\0' ' ' < /proc/$$/cmdline"), { argv0: "my-shell" }), (text) =>
      expect(text.startsWith("my-shell -c")).toBe(true)
    )
  )

  it.scopedLive("runs as another user and group, where we may do that", (ctx) =>
    Effect.gen(function* () {
      if (!isRoot) return ctx.skip("needs root")
      expect(yield* stdoutOf(sh("id -u; id -g"), { uid: 65534, gid: 65533 })).toBe("65534\n65533\n")
      expect(yield* stdoutOf(sh("echo again > /dev/stdout"), { uid: 65534, gid: 65534, pipes: "fifo" })).toBe("again\n")
      const directory = yield* temporary
      chmodSync(directory, 0o700)
      const file = join(directory, "ours")
      yield* run(sh("echo opened by us"), { uid: 65534, gid: 65534, stdout: { file } })
      expect(existsSync(file)).toBe(true)
    })
  )

  it.live("may not run as another user where we may not do that", () =>
    Effect.gen(function* () {
      if (isRoot) {
        const script = `
          const { Effect } = await import("effect"); process.setgid(65534); process.setuid(65534)
          const Supervise = await import("@tether/process/Supervise"); const Command = await import("@effect/platform/Command")
          const { layer } = await import("@tether/process-node/NodeChildSpawner")
          const error = await Effect.runPromise(Effect.flip(Supervise.run(Command.make("true"), { uid: 0, gid: 0 })).pipe(Effect.provide(layer)))
          console.log(error._tag, error.reason)`
        const file = join(import.meta.dirname, "../..", "dist", `uid-${process.pid}.mjs`)
        writeFileSync(file, script)
        yield* Effect.ensuring(
          Effect.map(stdoutOf(Command.make(process.execPath, file)), (text) =>
            expect(text).toBe("SpawnError PermissionDenied\n")
          ),
          Effect.sync(() => rmSync(file))
        )
        return
      }
      const error = yield* Effect.flip(run(Command.make("true"), { uid: 0, gid: 0 }))
      expect((error as SpawnError).reason).toBe("PermissionDenied")
    })
  )
})
