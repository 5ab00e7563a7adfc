/**
 * What is refused before anything starts, and what may never be shown.
 */
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as Script from "@tether/vitest/Script"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { ChildOptions } from "../../src/ChildOptions.js"
import * as ChildSpawner from "../../src/ChildSpawner.js"
import type { ProcessFailed } from "../../src/ProcessFailed.js"
import { SpawnError } from "../../src/SpawnError.js"
import * as StopPlan from "../../src/StopPlan.js"
import * as Supervise from "../../src/Supervise.js"
import { doing } from "../support/doing.js"
import { captureLogs } from "../support/logs.js"

const command = Command.make("build", "all")

const throwing = (): never => {
  throw new Error("read")
}

const unreadable = (): Record<string, unknown> =>
  new Proxy(
    {},
    { get: throwing, getOwnPropertyDescriptor: throwing, getPrototypeOf: throwing, has: throwing, ownKeys: throwing }
  )

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withSet: true,
  withTypedArray: true
})

const refused = (options: ChildOptions, of: Command.Command = command) =>
  Effect.gen(function* () {
    const spawner = doing(Script.exit(0))
    const error = yield* Effect.flip(Effect.provide(Supervise.run(of, options), spawner.layer))
    expect(spawner.children).toHaveLength(0)
    if (!(error instanceof SpawnError)) throw new Error(`unexpected: ${error.message}`)
    return error
  })

describe("bad input", () => {
  it.effect.each<[string, ChildOptions, string]>([
    ["maxLineBytes of zero", { maxLineBytes: 0 }, "maxLineBytes"],
    ["maxLineBytes that is no number", { maxLineBytes: Number.NaN }, "maxLineBytes"],
    ["tailBytes below zero", { tailBytes: -1 }, "tailBytes"],
    ["a grace below zero", { drainGrace: -5 }, "drainGrace"],
    ["a stop plan without steps", { stop: { steps: [] } }, "stop plan has no steps"],
    [
      "a signal that is none",
      { stop: StopPlan.make(StopPlan.signal("TERM" as "SIGTERM", 1)) },
      '"TERM", which is no signal'
    ],
    ["a relay of a stream that is not read", { stdout: "inherit", relay: { stdout: true } }, "relay.stdout"],
    ["a relay of nothing", { stdout: "null", stderr: "null", relay: true }, "relay is asked for"],
    ["a relay level that does not exist", { relay: { level: "loud" } }, `no log level "loud"`],
    [
      "onLines of a stream that is not read",
      { stderr: "null", onLines: { stderr: () => undefined } },
      "onLines.stderr"
    ],
    ["an expectation of nothing", { expect: [] }, "expect names no status"],
    ["expect and check: false", { expect: [0], check: false }, "check: false"],
    ["an empty cwd", { cwd: "" }, "cwd is empty"],
    ["a NUL in cwd", { cwd: "a\0b" }, "cwd contains a NUL"],
    ["a name with =", { env: { "A=B": "c" } }, "environment variable's name"],
    [
      "stdio of another kind",
      { stdout: "pipe" as "lines" },
      `stdout is "lines", "bytes", "null", "inherit", { sink }, { file }, and not "pipe"`
    ],
    ["a secret in the place of a form", { stdin: "pa55word" as "pipe" }, "{ stream }, { file }, and not another text"],
    ["a stream that is none", { stdin: { stream: 5 as never } }, "the stream of stdin is no Stream"],
    ["a sink that is none", { stdout: { sink: 5 as never } }, "the sink of stdout is no Sink"],
    ["a descriptor in another notation", { fds: { "0x3": "null" } as never }, "and not 0x3"],
    [
      "an input of another kind",
      { stdin: "lines" as "pipe" },
      `stdin is "null", "inherit", "pipe", { text }, { bytes }, { stream }, { file }, and not "lines"`
    ],
    ["an input that is nothing", { stdin: 0 as never }, "stdin is"],
    [
      "an input that is a secret of another form",
      { stdin: { secret: "s3cret" } as never },
      "and not something of another form"
    ],
    ["an input of two kinds", { stdin: { text: "a", file: "b" } }, "stdin is given as text and as file"],
    ["a text that is none", { stdin: { text: 3 as never } }, "the text of stdin is no text"],
    ["bytes that are none", { stdin: { bytes: "ab" as never } }, "no Uint8Array"],
    ["a file without a name", { stdout: { file: "" } }, "the file of stdout has no name"],
    ["a file with a NUL in its name", { stdin: { file: "s3cret\0b" } }, "the file of stdin has a NUL byte in its name"],
    ["a descriptor that is a standard stream", { fds: { 1: "lines" } }, "fds are numbered from 3 to 255, and not 1"],
    ["a descriptor that is no number", { fds: { 3.5: "lines" } }, "and not 3.5"],
    ["a descriptor beyond all bounds", { fds: { 256: "lines" } }, "and not 256"],
    [
      "onLines of a descriptor that is not read",
      { fds: { 3: "null" }, onLines: { fd3: () => undefined } },
      `onLines.fd3 needs fd3: "lines", and it is "null"`
    ],
    [
      "onLines of a descriptor that is not there",
      { onLines: { fd3: () => undefined } },
      `onLines.fd3 needs fd3: "lines", and it is not there`
    ],
    ["a user that is none", { uid: -1, gid: 0 }, "uid is a number"],
    ["a user without a group", { uid: 65534 }, "uid is given without gid"],
    ["pipes of another kind", { pipes: "pty" as "fifo" }, `pipes must be "socket" or "fifo", got "pty"`],
    ["a NUL in argv0", { argv0: "a\0b" }, "argv0 contains a NUL"],
    [
      "a relay of bytes",
      { stdout: "bytes", relay: { stdout: true } },
      `relay.stdout needs stdout: "lines", and it is "bytes"`
    ],
    ["onLines of bytes", { stderr: "bytes", onLines: { stderr: () => undefined } }, "onLines.stderr needs"]
  ])("is refused before anything starts: %s", ([, options, problem]) =>
    Effect.gen(function* () {
      const error = yield* refused(options)
      expect(error.reason).toBe("InvalidArgument")
      expect(error.message).toContain(`cannot start "build" (build all): `)
      expect(error.message).toContain(problem)
    })
  )

  it.effect.each<[string, ChildOptions]>([
    ["environment variable's name", { env: { "A\x1b[2J\u009b5m\u202e": "a\0b" } }],
    ["signal", { stop: StopPlan.make(StopPlan.signal("\x1b[2J\u009b5m\u202e" as "SIGTERM", 1)) }],
    ["level", { containment: "\x1b[2J\u009b5m\u202e" as "tree" }],
    ["kind of pipes", { pipes: "\x1b[2J\u009b5m\u202e" as "fifo" }],
    ["limit", { maxLineBytes: "\x1b[2J\u009b5m\u202e" as never }]
  ])("is named in a message that harms no terminal: a %s", ([, options]) =>
    Effect.map(refused(options), ({ message }) => expect(message).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/))
  )

  it.effect("of a stage is named in a message that harms no terminal", () =>
    Effect.gen(function* () {
      const stage = Command.make("\x1b[2J\u009b5m\u202e").pipe(Command.stdin("inherit"))
      const error = yield* refused({}, Command.make("a").pipe(Command.pipeTo(stage)))
      expect(error.message).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/)
    })
  )

  it.effect("names all problems at once", () =>
    Effect.gen(function* () {
      const error = yield* refused({ maxLineBytes: 0, tailBytes: -1, stop: { steps: [] } })
      expect(error.problems).toHaveLength(3)
    })
  )

  it.effect("is refused in the command too: no name, NUL", () =>
    Effect.gen(function* () {
      expect((yield* refused({}, Command.make(""))).message).toContain("no name")
      const error = yield* refused({}, Command.make("echo", "ok", "sec\0ret"))
      expect(error.message).toContain("argument 2 contains a NUL")
    })
  )

  it.effect("names what is wrong with a pipeline", () =>
    Effect.gen(function* () {
      const inner = Command.make("a").pipe(
        Command.stdout("inherit"),
        Command.pipeTo(Command.make("b").pipe(Command.feed("input")))
      )
      const { problems } = yield* refused({ fds: { 3: "null" }, argv0: "x" }, inner)
      expect(problems).toEqual([
        `"a" has a stdout of its own, and stands before another command`,
        "argv0 is for a single command, and this is a pipeline",
        "fds are for a single command, and this is a pipeline",
        `"b" has a stdin of its own, and stands behind another command`
      ])
    })
  )

  it.effect("does not mind a relay level that is not used", () =>
    Effect.provide(Supervise.run(command, { relay: false }), doing(Script.exit(0)).layer)
  )

  it.effect.each<[string, unknown, string, unknown?]>([
    ["an argument", {}, "argument 1 must be a text, got a number", Command.make("true", 5 as never)],
    ["a program", {}, "the program must be a text, got an object", Command.make({} as never)],
    ["no command", {}, "the command must be a Command, as Command.make makes one, got a text", "true"],
    ["no options", 5, "the options must be an object, got a number"],
    ["cwd", { cwd: 5 }, "cwd must be a text, got a number"],
    ["label", { label: 5 }, "label must be a text, got a number"],
    ["env", { env: "x" }, "env must be an object, got a text"],
    ["redact", { redact: [5] }, "redact must be an array of texts and Redacted texts, got an array"],
    ["onLines", { onLines: { stdout: 5 } }, "onLines must be an object with a function for each stream, got an object"],
    ["carriageReturn", { carriageReturn: "x" }, 'carriageReturn must be "keep" or "split", got a text'],
    ["stop that is a name", { stop: "SIGTERM" }, "stop must be a StopPlan, as StopPlan.make makes one, got a text"],
    ["stop without steps", { stop: {} }, "stop must be a StopPlan, as StopPlan.make makes one, got an object"],
    ["expect", { expect: 0 }, "expect must be a function, or an array of exit codes and ExitStatus, got a number"],
    ["an exit code that cannot be", { expect: [256] }, "expect must have exit codes from 0 to 255"],
    ["a signal that cannot be", { expect: [{ _tag: "Signaled", signal: "TERM" }] }, 'got the signal "TERM"'],
    ["options that cannot be read", unreadable(), "the options must be readable, but a getter threw"],
    ["a proxy that was revoked", revoked(), "the options must be readable, but a getter threw"],
    [
      "an option that cannot be read",
      Object.defineProperty({}, "label", { get: throwing, enumerable: true }),
      "readable"
    ],
    [
      "a variable that cannot be read",
      { env: Object.defineProperty({}, "A", { get: throwing, enumerable: true }) },
      "readable"
    ],
    ["an option that is none", { timeOut: 5 }, 'there is no option "timeOut"'],
    ["an option that is nearly one", { Label: "x" }, 'there is no option "Label" (did you mean "label"?)']
  ])("from a program without types is named: %s", ([, options, problem, of = command]) =>
    Effect.map(refused(options as ChildOptions, of as Command.Command), (error) =>
      expect(error.problems).toEqual([expect.stringContaining(problem)])
    )
  )

  it.effect.each<[string, unknown, ReadonlyArray<string>]>([
    ["null", null, ["the options must be an object, got null"]],
    ["a number", 5, ["the options must be an object, got a number"]],
    ["a getter that throws", unreadable(), ["the options must be readable, but a getter threw"]],
    [
      "options of the wrong types",
      { limit: Symbol("many"), whole: "yes", cwd: 5 },
      [
        "limit must be a whole number of bytes, got a symbol",
        "whole must be true or false, got a text",
        "cwd must be a text, got a number"
      ]
    ]
  ])("of a run that collects is named: %s", ([, options, problems]) =>
    Effect.gen(function* () {
      const given = options as ChildOptions
      for (const collecting of [
        Effect.asVoid(Supervise.string(command, given)),
        Effect.asVoid(Supervise.lines(command, given))
      ]) {
        const spawner = doing(Script.exit(0))
        const error = yield* Effect.flip(Effect.provide(collecting, spawner.layer))
        expect(error).toMatchObject({ _tag: "SpawnError", reason: "InvalidArgument", problems })
        expect(spawner.children).toHaveLength(0)
      }
    })
  )

  const options = (
    "label cwd env redact argv0 uid gid stdin stdout stderr fds pipes onLines relay maxLineBytes carriageReturn " +
    "flushPartialAfter tailBytes expect check stop containment leftovers leftoverGrace drainGrace deliverGrace"
  ).split(" ")
  const readOrRefused = (of: Command.Command, given: object) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Effect.provide(Supervise.run(of, given), doing(Script.exit(0)).layer))
      if (Exit.isSuccess(exit)) return
      expect([...Cause.failures(exit.cause)].map(({ _tag }) => _tag)).toEqual(["SpawnError"])
      expect([...Cause.defects(exit.cause)]).toEqual([])
    })

  const anyOptions = fc.array(fc.tuple(fc.constantFrom(...options), anything), { maxLength: 4 })

  it.effect.prop(
    "of any kind is a typed failure, and never a defect",
    [fc.array(anything, { maxLength: 3 }), anyOptions],
    ([words, given]) =>
      readOrRefused(Command.make("build", ...(words as ReadonlyArray<string>)), Object.fromEntries(given)),
    { fastCheck: { numRuns: 200 } }
  )

  it.effect("that cannot be read is a typed failure, wherever it stands", () =>
    Effect.gen(function* () {
      for (const value of [unreadable(), revoked(), [unreadable()], { steps: [unreadable()], file: revoked() }]) {
        for (const name of options) yield* readOrRefused(command, { [name]: value })
        yield* readOrRefused(Command.make("build", value as never), {})
        yield* readOrRefused(value as never, {})
      }
    })
  )

  it.effect("of child.stop is a defect", () =>
    Effect.gen(function* () {
      const exit = yield* Supervise.use(command, {}, (child) => Effect.exit(child.stop({ steps: [] }))).pipe(
        Effect.provide(doing(Script.hang).layer)
      )
      expect(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "").toContain("no steps")
    })
  )
})

describe("a failure", () => {
  it.effect("shows what happened, and not the inside of this package", () =>
    Effect.gen(function* () {
      const failures = [
        Supervise.run(command),
        Supervise.run(command, { cwd: "" }),
        Supervise.string(command, { limit: 1 }),
        Supervise.use(command, { stdin: "pipe", expect: [3] }, (child) => child.stdin.writeAll(Stream.make("a", "b")))
      ]
      for (const failure of failures) {
        const spawner = doing(Script.stdout("long"), Script.exit(3))
        const exit = yield* Effect.exit(
          Effect.provide(failure as Effect.Effect<unknown, Error, ChildSpawner.ChildSpawner>, spawner.layer)
        )
        const error = Option.getOrThrow(Cause.failureOption(Option.getOrThrow(Exit.causeOption(exit))))
        expect(error.stack).toBe(`${error.name}: ${error.message}`)
      }
    })
  )
})

describe("the label", () => {
  it.effect.each<[Command.Command, string]>([
    [command, "build"],
    [Command.make("/usr/bin/git", "push"), "git"],
    [Command.make("cd /tmp && ls").pipe(Command.runInShell(true)), "cd"],
    [Command.pipeTo(Command.make("/bin/cat", "a b"), Command.make("sort")), "cat | sort"]
  ])("is the program's name by default: %#", ([command, label]) =>
    Effect.gen(function* () {
      const report = yield* Effect.provide(Supervise.run(command), doing(Script.exit(0)).layer)
      expect(report.label).toBe(label)
    })
  )

  it.effect("stands in a message before the command line, which can be pasted", () =>
    Effect.gen(function* () {
      const command = Command.make("git", "commit", "-m", "it's done\n", "--", "a b.txt", "")
      const error = yield* refused({ maxLineBytes: 0 }, command)
      expect(error.message).toContain(`cannot start "git" (git commit -m $'it\\'s done\\n' -- 'a b.txt' ''): `)
      expect((yield* refused({ maxLineBytes: 0 }, Command.make("git"))).message).toContain(`cannot start "git": `)
    })
  )

  it.effect("is cut in messages, and whole as data", () =>
    Effect.gen(function* () {
      const long = "x".repeat(10_000)
      const error = yield* refused({ maxLineBytes: 0, label: long }, Command.make("build", long))
      expect(error.message.length).toBeLessThan(400)
      expect(error.label).toBe(long)
    })
  )
})

describe("secrets", () => {
  const secret = "hunter2-and-more"
  const options: ChildOptions = {
    env: { TOKEN: Redacted.make(secret) },
    redact: ["second-secret", Redacted.make("-----BEGIN\nMIIabcdef\n-----END")],
    relay: true
  }

  it.effect("are replaced in labels, errors, logs and reports, and reach the child", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const spawner = doing(
        Script.stdout(`token is ${secret}\nsecond-secret twice: second-secret\nkey MIIabcdef\nharmless\n`),
        Script.stderr(`failed with ${secret}\n`),
        Script.exit(1)
      )
      const error = yield* Supervise.run(Command.make("login", "--token", secret), options).pipe(
        Effect.flip,
        Effect.provide(spawner.layer),
        Effect.provide(logs.layer)
      )
      expect(spawner.last.request.env?.get("TOKEN")).toBe(secret)
      expect(spawner.last.request.args).toEqual(["--token", secret])
      const shown = JSON.stringify([error, error.message, logs.entries])
      expect(shown).not.toContain(secret)
      expect(shown).not.toContain("second-secret")
      expect(shown).not.toContain("MIIabcdef")
      expect(logs.entries.map((entry) => entry.message)).toContain("[login:out] <redacted> twice: <redacted>")
      expect(error).toMatchObject({ label: "login", args: ["--token", "<redacted>"] })
      expect(error.message).toContain(`"login" (login --token '<redacted>') `)
    })
  )

  it.effect("are not in the refusal of a command that holds one", () =>
    Effect.gen(function* () {
      const error = yield* refused(options, Command.make("login", `${secret}\0`))
      expect(JSON.stringify([error, error.message])).not.toContain(secret)
    })
  )

  it.effect("are not in the names of those who hold its pipes", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const spawner = doing(Script.leave(Script.hang), Script.exit(0))
      const fiber = yield* Effect.fork(
        Supervise.run(Command.make("serve", "--token", secret), { redact: [secret], drainGrace: "100 millis" }).pipe(
          Effect.provide(spawner.layer),
          Effect.provide(logs.layer)
        )
      )
      yield* TestClock.adjust(0)
      const [holder] = spawner.last.living
      expect(holder?.command).toContain(secret)
      yield* TestClock.adjust("200 millis")
      const report = yield* Fiber.join(fiber)
      expect(report.drained).toMatchObject({ _tag: "Cut", holders: [{ pid: holder?.pid }] })
      expect(JSON.stringify([report, logs.entries])).not.toContain(secret)
    })
  )

  it.effect("cannot hide: in a colour, at a cut, under another, at the front of a tail", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const text = `${secret.slice(0, 4)}\x1b[0m${secret.slice(4)}\npassword123456\n${"x".repeat(90)}${secret}\n`
      const report = yield* Supervise.run(command, {
        redact: [secret, "password123", "123456"],
        relay: true,
        maxLineBytes: 98,
        tailBytes: 100
      }).pipe(
        Effect.provide(doing(Script.stdout(text), Script.stderr(secret.repeat(40))).layer),
        Effect.provide(logs.layer)
      )
      expect(logs.entries.map((entry) => entry.message).slice(0, 3)).toEqual([
        "[build:out] <redacted>",
        "[build:out] <redacted>",
        `[build:out] ${"x".repeat(90)}<redacted> … (8 bytes cut)`
      ])
      expect(report.stderr.tail.replaceAll("<redacted>", "")).not.toMatch(/[a-z0-9]{3}/)
    })
  )

  it.effect("of short lines are replaced line by line, in a line that was cut, too", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      yield* Supervise.run(command, { redact: ["ab12\ncd34"], relay: true, maxLineBytes: 10 }).pipe(
        Effect.provide(doing(Script.stdout(`ab12\ncd34${"z".repeat(27)}\n`)).layer),
        Effect.provide(logs.layer)
      )
      expect(logs.entries.map((entry) => entry.message).slice(0, 2)).toEqual([
        "[build:out] <redacted>",
        "[build:out] <redacted>zzzzzz … (21 bytes cut)"
      ])
    })
  )

  it("with slashes are replaced in the name of a stage, which is the last part of a path", () => {
    const stages = Command.make("echo").pipe(Command.pipeTo(Command.make("/no/s3cret/token-value-0123")))
    const plan = ChildSpawner.plan(stages, { label: "L", redact: ["s3cret/token-value-0123"] })
    expect(JSON.stringify(Either.map(plan, ({ requests }) => requests.map(({ label }) => label)))).toContain(
      "L/<redacted>"
    )
  })

  it.effect("that are coloured in their middle are in no tail, error or relayed line, whose colours stay", () =>
    Effect.gen(function* () {
      const found = `${secret.slice(0, 7)}\x1b[01;31m\x1b[K${secret.slice(7, 9)}\x1b[m\x1b[K${secret.slice(9)}`
      for (const colour of [false, true]) {
        const logs = captureLogs()
        const error = yield* Supervise.run(command, { redact: [secret], relay: { colour } }).pipe(
          Effect.flip,
          Effect.provide(
            doing(Script.stdout(`\x1b[32mok\x1b[m ${found} end\n`), Script.stderr(`first\n${found}\n`), Script.exit(3))
              .layer
          ),
          Effect.provide(logs.layer)
        )
        const shown = JSON.stringify([error, error.message, (error as ProcessFailed).pretty, logs.entries])
        expect(shown.replaceAll(/\\u001b\[[0-9;]*[mK]/g, "")).not.toContain(secret)
        expect(error).toMatchObject({ stderr: "first\n<redacted>\x1b[01;31m\x1b[m\n" })
        expect(logs.entries.find(({ message }) => String(message).includes("ok"))?.message).toBe(
          colour
            ? "[build:out] \x1b[32mok\x1b[m <redacted>\x1b[01;31m\x1b[m end\x1b[0m"
            : "[build:out] ok <redacted> end"
        )
      }
    })
  )

  it.effect("are not in what is kept of an output that was too large, nor is the start of one", () =>
    Effect.gen(function* () {
      for (const [text, kept] of [
        [`a ${secret} b\nmore`, "a <redacted> b\n"],
        [`a ${secret.slice(0, 9)}\x1b[1m${secret.slice(9)} b\nmore`, "a <redacted>\x1b[1m b\n"],
        [`0123456789 ${secret}, more`, "0123456789 <redacted>"]
      ] as const) {
        const limit = text.startsWith("a ") ? text.length - 4 : 20
        const error = yield* Effect.flip(
          Effect.provide(
            Supervise.string(command, { redact: [secret], limit }),
            doing(Script.stdout(text), Script.exit(0)).layer
          )
        )
        expect(error).toMatchObject({ _tag: "OutputTooLarge", kept })
      }
    })
  )

  it.effect("of short lines are replaced line by line where a chunk has all of them", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      yield* Supervise.run(command, { redact: ["ab\ncd"], relay: true }).pipe(
        Effect.provide(doing(Script.stdout("x "), Script.stdout("ab\r\ncd y\nab\n")).layer),
        Effect.provide(logs.layer)
      )
      expect(logs.entries.map((entry) => entry.message)).toEqual([
        "[build:out] x <redacted>",
        "[build:out] <redacted> y",
        "[build:out] ab"
      ])
    })
  )

  it.effect("are held back while a partial line may be one", () =>
    Effect.gen(function* () {
      const spawner = doing(
        Script.stdout(`key ${secret.slice(0, 2)}\x1b[1m${secret.slice(2, 5)}\x1b[`),
        Script.wait("50 millis"),
        Script.stdout(`m${secret.slice(5)} done ä`.slice(0, -1)),
        Script.wait("50 millis"),
        Script.stdout("x"),
        Script.wait("50 millis")
      )
      const logs = captureLogs()
      const fiber = yield* Effect.fork(
        Supervise.run(command, { redact: [secret], relay: true, flushPartialAfter: "10 millis" }).pipe(
          Effect.provide(spawner.layer),
          Effect.provide(logs.layer)
        )
      )
      yield* TestClock.adjust("150 millis")
      yield* Fiber.join(fiber)
      expect(logs.entries.map((entry) => entry.message)).toEqual(["[build:out] key <redacted> done ", "[build:out] x"])
    })
  )

  it.effect("of several lines do not take every brace with them", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      yield* Supervise.run(command, { redact: [`{\n  "key": "abc"\n}`], relay: true }).pipe(
        Effect.provide(doing(Script.stdout(`{ }\n  "key": "abc"\n`)).layer),
        Effect.provide(logs.layer)
      )
      expect(logs.entries.map((entry) => entry.message)).toEqual(["[build:out] { }", "[build:out] <redacted>"])
    })
  )

  it.effect("leave no part of themselves at the cut of the tail", () =>
    Effect.gen(function* () {
      for (let tailBytes = 1; tailBytes < 60; tailBytes++) {
        const report = yield* Effect.provide(
          Supervise.run(command, { redact: [secret], tailBytes }),
          doing(Script.stdout(`${"x".repeat(30)}${secret}${"y".repeat(20)}`)).layer
        )
        expect(report.stdout.tail).not.toMatch(/hunter|and-more|er2/)
      }
    })
  )
})

describe("the environment", () => {
  it.effect("is the command's, with the options over it, and undefined removes", () =>
    Effect.gen(function* () {
      const spawner = doing(Script.exit(0))
      yield* Supervise.run(Command.make("env").pipe(Command.env({ A: "1", B: "2" })), {
        env: { B: "3", C: undefined }
      }).pipe(Effect.provide(spawner.layer))
      expect([...(spawner.last.request.env ?? [])]).toEqual([
        ["A", "1"],
        ["B", "3"],
        ["C", undefined]
      ])
    })
  )

  it.effect("is left alone where nothing changes", () =>
    Effect.gen(function* () {
      const spawner = doing(Script.exit(0))
      yield* Effect.provide(Supervise.run(command), spawner.layer)
      expect(spawner.last.request.env).toBeUndefined()
    })
  )
})

describe("a shell", () => {
  it.effect("gets arguments as text and the command as code", () =>
    Effect.gen(function* () {
      const spawner = doing(Script.exit(0))
      yield* Supervise.run(Command.make("echo $HOME", "$(touch x)", "it's").pipe(Command.runInShell(true))).pipe(
        Effect.provide(spawner.layer)
      )
      expect(spawner.last.request.program).toBe("/bin/sh")
      expect(spawner.last.request.args).toEqual(["-c", `echo $HOME '$(touch x)' 'it'\\''s'`])
    })
  )
})
