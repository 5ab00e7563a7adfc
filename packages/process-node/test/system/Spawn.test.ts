/**
 * How a child is born, and every way in which it is not.
 */
import * as Command from "@effect/platform/Command"
import { afterAll, describe, expect, it } from "@effect/vitest"
import type { ChildOptions } from "@tether/process/ChildOptions"
import { Exited } from "@tether/process/ExitStatus"
import { SpawnError } from "@tether/process/SpawnError"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { execFileSync } from "node:child_process"
import { chmodSync, closeSync, copyFileSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeChildSpawner from "../../src/NodeChildSpawner.js"
import { program } from "../support/hosts.js"
import { leavesNothing } from "../support/leaks.js"
import { descriptors, inheritable } from "../support/os.js"

const sh = (script: string) => Command.make("sh", "-c", script)

const run = (command: Command.Command, options?: ChildOptions) =>
  Effect.provide(Supervise.run(command, options), NodeChildSpawner.layer)

const output = (command: Command.Command, options?: ChildOptions) =>
  Effect.map(run(command, options), (report) => report.stdout.tail)

describe("a child", () => {
  it.live("has /dev/null at 0, no terminal at 1 and 2, and nothing at any other descriptor", () =>
    Effect.gen(function* () {
      const text = yield* output(
        sh(
          "readlink /proc/$$/fd/0; for fd in 1 2; do test -t $fd && echo tty; done; cd /proc/$$/fd; ls; readlink ??* || :"
        )
      )
      const more = inheritable()
      const expected = ["/dev/null", "0", "1", "2", ...more, ...more.map(() => "/dev/null")]
      expect(text.split("\n").filter((line) => line !== "")).toEqual(expected)
    })
  )

  it.live("leads its own session and group", () =>
    Effect.gen(function* () {
      const report = yield* run(Command.make("cat", "/proc/self/stat"))
      const fields = report.stdout.tail.slice(report.stdout.tail.lastIndexOf(")") + 2).split(" ")
      expect([Number(fields[2]), Number(fields[3])]).toEqual([report.pid, report.pid])
    })
  )

  it.live("that wants the terminal fails fast and does not stop us", () =>
    Effect.gen(function* () {
      const report = yield* run(sh("read answer < /dev/tty"), { check: false })
      expect(report.status).not.toEqual(Exited(0))
    })
  )

  it.live("sees end of input at once", () =>
    Effect.gen(function* () {
      expect((yield* run(Command.make("cat"))).stdout.bytes).toBe(0)
    })
  )

  it.live("runs where it is told, with the environment it is told", () =>
    Effect.gen(function* () {
      const directory = mkdtempSync(join(tmpdir(), "tether-"))
      const text = yield* output(
        sh("pwd -P; echo $A $B ${HOME-removed} $TOKEN").pipe(Command.env({ A: "1", B: "2" })),
        { cwd: directory, env: { B: "3", HOME: undefined, TOKEN: Redacted.make("s3cret") } }
      )
      expect(text.split("\n")[0]).toMatch(/tether-/)
      expect(text.split("\n")[1]).toBe("1 3 removed <redacted>")
      rmSync(directory, { recursive: true })
    })
  )

  it.live("can be a shell line, in which arguments are text", () =>
    Effect.gen(function* () {
      const text = yield* output(
        Command.make("echo $((1+1))", "$(echo run)", "it's", "a  b").pipe(Command.runInShell(true))
      )
      expect(text).toBe("2 $(echo run) it's a  b\n")
    })
  )
})

describe("many spawns in a row", () => {
  const starts = Array.from({ length: 40 }, () => Supervise.start(sh("exec sleep 300"), { stop: StopPlan.kill }))

  it.live.each([
    ["one after the other", 1],
    ["at once", "unbounded"]
  ] as const)("give way to the event loop: %s", ([, concurrency]) =>
    Effect.gen(function* () {
      const begun: Array<number> = []
      let turns = 0
      let isOver = false
      const turned = () => {
        turns++
        if (!isOver) setImmediate(turned)
      }
      setImmediate(turned)
      yield* Effect.forEach(starts, (start) => Effect.tap(start, () => Effect.sync(() => begun.push(turns))), {
        concurrency,
        discard: true
      })
      isOver = true
      // A launch takes a millisecond or more: forty of them are several times ten milliseconds.
      expect(new Set(begun).size).toBeGreaterThan(2)
    }).pipe(Effect.scoped, Effect.provide(NodeChildSpawner.layer))
  )
})

describe("a spawn that is refused", () => {
  const directory = mkdtempSync(join(tmpdir(), "tether-"))
  afterAll(() => rmSync(directory, { recursive: true }))
  const file = join(directory, "file")
  writeFileSync(file, "not a program\n")
  const script = join(directory, "script")
  writeFileSync(script, "#!/no/such/interpreter\n")
  chmodSync(script, 0o755)
  const ofWindows = join(directory, "of-windows")
  writeFileSync(ofWindows, "#! /bin/sh\r\necho hi\r\n")
  chmodSync(ofWindows, 0o755)
  const secret = "hunter2"

  it("is told, and is no defect, where our own working directory was removed", () => {
    const said = execFileSync(process.execPath, [program("homeless.mjs")], { encoding: "utf8" })
    const gone = "there is no file ./x: the working directory of this program was removed"
    expect(JSON.parse(said)).toEqual({
      relative: `NotFound: ${gone}`,
      first: `NotFound: ${gone}`,
      last: `NotFound: ${gone}`,
      onPath: "ok",
      pipeline: "ok",
      descriptors: "ok",
      missing: expect.stringMatching(/^NotFound: /),
      elsewhere: "ok",
      file: expect.stringMatching(/^BadFile: /)
    })
  })

  it.live("for a program that is being written is told by a reason of its own", () =>
    Effect.gen(function* () {
      const busy = join(directory, "busy")
      copyFileSync("/bin/true", busy)
      chmodSync(busy, 0o755)
      const fd = openSync(busy, "r+")
      const error = yield* Effect.flip(Supervise.run(Command.make(busy))).pipe(
        Effect.ensuring(Effect.sync(() => closeSync(fd))),
        Effect.provide(NodeChildSpawner.layer)
      )
      expect(error).toMatchObject({ _tag: "SpawnError", reason: "ProgramBusy", code: "ETXTBSY" })
    })
  )

  it.live.each<[string, Command.Command, ChildOptions, string, string]>([
    [
      "a missing program",
      Command.make("no-such-program"),
      {},
      "NotFound",
      "no program no-such-program was found on the PATH"
    ],
    ["a missing file", Command.make("/no/such/program"), {}, "NotFound", "there is no file /no/such/program"],
    [
      "a missing interpreter",
      Command.make(script),
      {},
      "NotFound",
      'the interpreter that it asks for does not: "/no/such/interpreter"'
    ],
    [
      "an interpreter in a line of Windows",
      Command.make(ofWindows),
      {},
      "NotFound",
      String.raw`"/bin/sh\r", with a carriage return at its end`
    ],
    ["a path through a file", Command.make(join(file, "x")), {}, "NotFound", "is not a directory"],
    ["a file that is not executable", Command.make(file), {}, "PermissionDenied", "may not be executed"],
    ["a directory", Command.make(directory), {}, "PermissionDenied", "is a directory"],
    ["a missing cwd", Command.make("true"), { cwd: "/no/such/dir" }, "BadWorkingDirectory", "does not exist"],
    ["a file as cwd", Command.make("true"), { cwd: file }, "BadWorkingDirectory", "is not a directory"],
    [
      "a 3 MB argument",
      Command.make("true", "x".repeat(3 << 20)),
      {},
      "ArgumentListTooLong",
      "longer than the system takes"
    ],
    [
      "a name that is too long",
      Command.make(`/${"x".repeat(5000)}`),
      {},
      "InvalidArgument",
      "longer than the system takes"
    ],
    ["a NUL in an argument", Command.make("echo", `${secret}\0`), {}, "InvalidArgument", "argument 1 contains a NUL"],
    [
      "a NUL in a secret of the environment",
      Command.make("env"),
      { env: { TOKEN: Redacted.make(`${secret}\0`) } },
      "InvalidArgument",
      "environment variable TOKEN contains a NUL"
    ],
    ["a NUL in the program's name", Command.make("ec\0ho"), {}, "InvalidArgument", "name contains a NUL"],
    ["an empty name", Command.make(""), {}, "InvalidArgument", "no name"]
  ])("is typed and says what to do: %s", ([, command, options, reason, text]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(run(command, { redact: [secret], ...options }))
      if (!(error instanceof SpawnError)) throw new Error(`unexpected: ${error.message}`)
      expect(error.reason).toBe(reason)
      expect(error.message).toContain(text)
      expect(error.message).not.toContain("\n")
      expect(error.message).not.toContain(secret)
    })
  )

  it.live("comes from start itself, plain and typed", () =>
    Effect.gen(function* () {
      const error = yield* Effect.scoped(Supervise.start(Command.make("no-such-program"))).pipe(
        Effect.flip,
        Effect.provide(NodeChildSpawner.layer)
      )
      expect(error._tag).toBe("SpawnError")
    })
  )

  it.live("leaks nothing, 600 times in a tight loop", () =>
    leavesNothing(
      Effect.gen(function* () {
        const before = descriptors()
        const attempts = [Command.make("no-such-program"), Command.make(file), Command.make(directory)]
        yield* Effect.forEach(
          Array.from({ length: 600 }, (_, index) => attempts[index % attempts.length] as Command.Command),
          (command) => Effect.flip(run(command))
        )
        yield* Effect.forEach(Array.from({ length: 100 }), () => Effect.flip(run(attempts[0] as Command.Command)), {
          concurrency: "unbounded"
        })
        // Not only in the end: a loop that is quicker than they are closed would run out of them.
        expect(descriptors()).toEqual(before)
      })
    )
  )
})
