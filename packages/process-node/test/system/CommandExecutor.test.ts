/**
 * The conformance of our `CommandExecutor`: what it does as the one of `@effect/platform-node` does, and where it
 * differs, with both behaviours tried. Real processes only.
 */
import * as Command from "@effect/platform/Command"
import type { Process } from "@effect/platform/CommandExecutor"
import { SystemError } from "@effect/platform/Error"
import { describe } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { died, differs, failed, hangs, type Maker, outcomeOf, same } from "../support/executors.js"
import { waitUntil } from "../support/os.js"

const text = <E>(bytes: Stream.Stream<Uint8Array, E>) => Stream.mkString(Stream.decodeText(bytes))
const size = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>) =>
  Stream.runFold(bytes, 0, (sum, chunk) => sum + chunk.length)

const started = <A, E>(command: Command.Command, f: (process: Process) => Effect.Effect<A, E>) =>
  Effect.flatMap(Command.start(command), f)

const temporary = Effect.acquireRelease(
  Effect.sync(() => realpathSync(mkdtempSync(join(tmpdir(), "tether-")))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
)

/** Whether an effect waited for five seconds. That it does not wait for longer is a matter of virtual time. */
const afterFiveSeconds = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.timed(effect), ([duration, value]) => [value, Duration.toSeconds(duration) >= 5])

describe.concurrent("both executors", () => {
  same(
    "answer with the exit code",
    ({ sh }) =>
      Effect.all([Command.exitCode(sh("exit 0")), Command.exitCode(sh("exit 3")), Command.exitCode(sh("exit 255"))]),
    [0, 3, 255]
  )
  same(
    "answer every time the exit code is asked for",
    ({ sh }) =>
      started(sh("exit 3"), (process) => Effect.all([process.exitCode, process.exitCode], { concurrency: 2 })),
    [3, 3]
  )
  same("give stdout as one string", ({ sh }) => Command.string(sh("echo a; echo no >&2; printf b")), "a\nb")
  same("give a string whatever the exit code", ({ sh }) => Command.string(sh("echo a; exit 3")), "a\n")
  same("decode as they are told", ({ sh }) => Command.string(sh(`printf '\\351'`), "latin1"), "é")
  same(
    "give a long string whole",
    ({ make }) => Effect.map(Command.string(make("head", "-c", "3000000", "/dev/zero")), (all) => all.length),
    3_000_000
  )
  same("give lines", ({ sh }) => Command.lines(sh(`printf 'a\\rb\\r\\nc\\n\\nd'`)), ["a\rb", "c", "", "d"])
  same("give no lines where there are none", ({ sh }) => Command.lines(sh("true")), [])
  same("give a stream of bytes", ({ sh }) => size(Command.stream(sh("printf 12345"))), 5)
  same(
    "give a stream of lines as they come",
    ({ sh }) =>
      Effect.map(
        Stream.runCollect(Stream.take(Command.streamLines(sh("echo a; echo b; exec sleep 300")), 2)),
        Chunk.toArray
      ),
    ["a", "b"]
  )
  same(
    "give both streams of a process",
    ({ sh }) =>
      started(sh("echo out; echo err >&2"), (process) =>
        Effect.all([text(process.stdout), text(process.stderr), process.exitCode], { concurrency: 3 })
      ),
    ["out\n", "err\n", 0]
  )
  same(
    "add to the environment",
    ({ sh }) => Command.string(sh("echo $A ${HOME+home}").pipe(Command.env({ A: "1" }))),
    "1 home\n"
  )
  same(
    "take the place of the environment",
    ({ make }) =>
      Command.string(make("/bin/sh", "-c", "echo $A ${HOME-none}").pipe(Command.env({ A: "1" }, { extendEnv: false }))),
    "1 none\n"
  )
  same(
    "run where they are told",
    ({ make }) =>
      Effect.flatMap(temporary, (directory) =>
        Effect.map(
          Command.string(make("pwd").pipe(Command.workingDirectory(directory))),
          (where) => where === `${directory}\n`
        )
      ),
    true
  )
  same(
    "let a shell read the arguments too",
    ({ make }) =>
      Command.string(
        make("echo", "$A", "a  b", "&&", "echo", "c").pipe(Command.env({ A: "1" }), Command.runInShell(true))
      ),
    "1 a b\nc\n"
  )
  same(
    "take another shell",
    ({ make }) => Command.string(make("echo $0").pipe(Command.runInShell("/bin/bash"))),
    "/bin/bash\n"
  )
  same(
    "tell the pid, whether it runs, and no more of it",
    ({ sh }) =>
      started(sh("echo $$"), (process) =>
        Effect.gen(function* () {
          const before = yield* process.isRunning
          const pid = Number(yield* text(process.stdout))
          yield* process.exitCode
          const shown = { _id: "@effect/platform/CommandExecutor/Process", pid }
          return [
            before,
            process.pid === pid,
            yield* process.isRunning,
            JSON.stringify(process) === JSON.stringify(shown)
          ]
        })
      ),
    [true, true, false, true]
  )
  for (const signal of ["SIGTERM", "SIGINT", "SIGKILL", "SIGHUP", "SIGUSR1"] as const) {
    same(
      `kill with ${signal}, wait for the end, and tell it as a failure`,
      ({ make }) =>
        started(make("sleep", "300"), (process) =>
          Effect.gen(function* () {
            yield* process.kill(signal)
            const error = yield* Effect.flip(process.exitCode)
            return [yield* process.isRunning, error.message.replace(" )", ")")]
          })
        ),
      [false, `Unknown: Command.exitCode (sleep 300): Process interrupted due to receipt of signal: ${signal}`]
    )
  }
  same(
    "kill the group",
    ({ living, sh }) =>
      started(sh("sleep 300 & echo; wait"), (process) =>
        Effect.gen(function* () {
          yield* Stream.runDrain(Stream.take(process.stdout, 1))
          yield* process.kill()
          yield* waitUntil("nothing lives", () => living().length === 0)
        })
      ),
    undefined
  )
  same(
    "fail to kill what has ended",
    ({ sh }) => started(sh("exit 0"), (process) => Effect.zipRight(process.exitCode, process.kill())),
    failed("Unknown Command.kill")
  )
  same(
    "end the process when the scope closes",
    ({ living, make }) =>
      Effect.gen(function* () {
        const process = yield* Effect.scoped(Command.start(make("sleep", "300")))
        return [yield* process.isRunning, living()]
      }),
    [false, []]
  )
  same(
    "end the process when nobody wants more of its stream",
    ({ living, make }) => Effect.map(Stream.runDrain(Stream.take(Command.stream(make("yes")), 1)), living),
    []
  )
  same(
    "hold back a process whose stdout nobody reads",
    ({ sh }) =>
      Effect.flatMap(temporary, (directory) =>
        started(sh(`head -c 8000000 /dev/zero; touch ${directory}/done`), (process) =>
          Effect.gen(function* () {
            yield* Effect.sleep(700)
            const before = existsSync(join(directory, "done"))
            return [before, yield* size(process.stdout)]
          })
        )
      ),
    [false, 8_000_000]
  )
  same(
    "leave an inherited stream alone",
    ({ sh }) =>
      Command.exitCode(sh("test -e /proc/self/fd/0").pipe(Command.stdin("inherit"), Command.stderr("inherit"))),
    0
  )
  same(
    "fail if there is no such program",
    ({ make }) => Command.string(make("no-such-program")),
    failed("NotFound Command.spawn")
  )
  same(
    "fail if it is not executable",
    ({ make }) => Command.string(make("/etc/passwd")),
    failed("PermissionDenied Command.spawn")
  )
  same(
    "fail if there is no such directory",
    ({ make }) => Command.string(make("true").pipe(Command.workingDirectory("/no/such"))),
    failed("NotFound FileSystem.access")
  )
})

const turnOfLoop = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))

describe.concurrent("of output that nobody reads", () => {
  differs(
    "waiting for the end of a process that writes much",
    ({ make }) => Command.exitCode(make("head", "-c", "3000000", "/dev/zero")),
    {
      effect: ["never ends: the pipe is full", hangs],
      ours: ["drops what does not fit", 0]
    }
  )
  differs("much on stderr", ({ sh }) => Command.string(sh("head -c 3000000 /dev/zero >&2; echo done")), {
    effect: ["blocks the process", hangs],
    ours: ["does not", "done\n"]
  })
  differs(
    "a reader that comes after the end",
    ({ sh }) =>
      started(sh("echo out; echo err >&2; exit 3"), (process) =>
        Effect.gen(function* () {
          const code = yield* process.exitCode
          // In the same turn Effect's would find it.
          yield* Effect.repeatN(turnOfLoop, 20)
          return [code, yield* text(process.stdout), yield* text(process.stderr)]
        })
      ),
    {
      effect: ["finds nothing, and is not told", [3, "", ""]],
      ours: ["finds all of it", [3, "out\n", "err\n"]]
    }
  )
  differs(
    "a reader that comes after the end of much",
    ({ make }) =>
      started(make("head", "-c", "3000000", "/dev/zero"), (process) =>
        Effect.gen(function* () {
          yield* process.exitCode
          yield* Effect.sleep(200)
          const first = yield* outcomeOf(size(process.stdout))
          return [first, (yield* size(process.stdout)) > 900_000]
        })
      ),
    {
      effect: ["never comes", hangs],
      ours: ["fails first, and finds the rest when it reads on", [failed("InvalidData Command.stdout"), true]]
    }
  )
  differs(
    "a process whose first line was read",
    ({ sh }) =>
      Effect.gen(function* () {
        const go = join(yield* temporary, "go")
        return yield* started(sh(`echo ready; until [ -e ${go} ]; do sleep 0.01; done; echo more; exit 3`), (process) =>
          Effect.gen(function* () {
            yield* Stream.runDrain(Stream.take(process.stdout, 1))
            writeFileSync(go, "")
            return [yield* outcomeOf(process.exitCode), yield* text(process.stdout)]
          })
        )
      }),
    {
      effect: ["dies of the next one (SIGPIPE)", [failed("Unknown Command.exitCode"), ""]],
      ours: ["goes on, and can be read further", [3, "more\n"]]
    }
  )
})

describe.concurrent("of the end", () => {
  differs(
    "closing the scope of a process that ignores SIGTERM",
    ({ living, sh }) =>
      afterFiveSeconds(
        Effect.map(
          Effect.scoped(
            started(sh("trap '' TERM; echo; while :; do sleep 1; done"), (process) =>
              Stream.runDrain(Stream.take(process.stdout, 1))
            )
          ),
          living
        )
      ),
    {
      effect: ["never ends", hangs],
      ours: ["kills it after five seconds", [[], true]],
      patience: 6500
    }
  )
  differs(
    "killing a process that ignores SIGTERM",
    ({ living, sh }) =>
      started(sh("trap '' TERM; echo; while :; do sleep 1; done"), (process) =>
        Effect.zipRight(
          Stream.runDrain(Stream.take(process.stdout, 1)),
          afterFiveSeconds(Effect.map(process.kill(), living))
        )
      ),
    {
      effect: ["never ends", hangs],
      ours: ["kills it after five seconds", [[], true]],
      patience: 6500
    }
  )
  differs(
    "a signal that a process lives on after",
    ({ sh }) =>
      Effect.gen(function* () {
        const process = yield* Command.start(sh("trap : HUP; echo; while :; do sleep 0.1; done"))
        yield* Stream.runDrain(Stream.take(process.stdout, 1))
        const killed = yield* afterFiveSeconds(outcomeOf(process.kill("SIGHUP")))
        const isRunning = yield* process.isRunning
        yield* process.kill("SIGKILL")
        return [killed, isRunning]
      }),
    {
      effect: ["is waited for without end", hangs],
      ours: [
        "is a failure after five seconds, and the process is left alone",
        [[failed("TimedOut Command.kill"), true], true]
      ],
      patience: 6500
    }
  )
  differs(
    "what a clean exit leaves behind",
    ({ living, sh }) => Effect.map(Command.exitCode(sh("sleep 300 >/dev/null 2>&1 & exit 0")), () => living().length),
    {
      effect: ["lives on", 1],
      ours: ["is stopped", 0]
    }
  )
  differs(
    "what a SIGTERM leaves behind",
    ({ living, sh }) =>
      Effect.scoped(
        started(sh("(trap '' TERM; echo; while :; do sleep 1; done) & wait"), (process) =>
          Stream.runDrain(Stream.take(process.stdout, 1))
        )
      ).pipe(Effect.map(() => living().length > 0)),
    {
      effect: ["lives on", true],
      ours: ["is killed", false]
    }
  )
  differs("a pipe that something else holds open", ({ sh }) => Command.string(sh("sleep 300 & echo done")), {
    effect: ["is waited for", hangs],
    ours: ["is read for another second", "done\n"]
  })
})

describe.concurrent("of a process that cannot be started", () => {
  const refusals: ReadonlyArray<readonly [string, (command: Maker["make"]) => Command.Command, string]> = [
    ["too long an argument", (make) => make("true", "x".repeat(3 << 20)), "BadArgument Command.spawn"],
    ["a NUL in an argument", (make) => make("true", "a\0b"), "BadArgument Command.spawn"],
    ["a program without a name", (make) => make(""), "BadArgument Command.spawn"],
    ["a path through a file", (make) => make("/etc/passwd/x"), "NotFound Command.spawn"],
    [
      "a file as working directory",
      (make) => make("true").pipe(Command.workingDirectory("/etc/passwd")),
      "BadResource FileSystem.access"
    ]
  ]
  for (const [name, command, error] of refusals) {
    differs(name, ({ make }) => Command.exitCode(command(make)), {
      effect: ["is a defect", died],
      ours: ["is a typed failure", failed(error)]
    })
  }
  differs(
    "an encoding that does not exist",
    ({ make }) => Effect.suspend(() => Command.string(make("true"), "no-such")),
    {
      effect: ["is a defect", died],
      ours: ["is a typed failure", failed("BadArgument Command.decode")]
    }
  )
})

describe.concurrent("of the environment", () => {
  differs(
    "one that is given whole",
    ({ make }) =>
      Effect.map(Command.lines(make("/usr/bin/env").pipe(Command.env({ A: "1" }, { extendEnv: false }))), (lines) =>
        lines
          .map((line) => line.split("=")[0])
          .filter((name) => name !== "TEST_MARK")
          .toSorted()
      ),
    {
      effect: ["is the whole of it", ["A"]],
      ours: ["has our mark beside it, by which descendants are found", ["A", "TETHER_LABEL", "TETHER_TREE"]]
    }
  )
})

describe.concurrent("of reading", () => {
  differs(
    "a character that is cut in two between two reads",
    ({ sh }) =>
      Effect.gen(function* () {
        const directory = yield* temporary
        const [written, go] = [join(directory, "written"), join(directory, "go")]
        const waits = `until [ -e ${go} ]; do sleep 0.01; done`
        const lines = yield* Effect.fork(Command.lines(sh(`printf '\\303'; : > ${written}; ${waits}; printf '\\251'`)))
        yield* waitUntil("the first half is written", () => existsSync(written))
        // The next turn of the event loop brings it to the reader, in this process: a few more, and it has been read.
        yield* Effect.repeatN(Effect.sleep(1), 50)
        writeFileSync(go, "")
        return yield* Fiber.join(lines)
      }),
    {
      effect: ["is lost in lines", ["\uFFFD\uFFFD"]],
      ours: ["is whole", ["é"]]
    }
  )
  differs(
    "reading a stream that is inherited",
    ({ sh }) => started(sh("true").pipe(Command.stdout("inherit")), (process) => text(process.stdout)),
    {
      effect: ["is a defect", died],
      ours: ["finds nothing", ""]
    }
  )
})

const bytes = (text: string) => new TextEncoder().encode(text)

describe.concurrent("both executors, of input", () => {
  same(
    "leave stdin open",
    ({ make }) => started(make("cat"), (process) => Effect.zipRight(Effect.sleep(300), process.isRunning)),
    true
  )
  same(
    "write to stdin, and close it at the end of the stream",
    ({ make }) =>
      started(make("cat"), (process) =>
        Effect.zipRight(Stream.run(Stream.make(bytes("h"), bytes("i")), process.stdin), text(process.stdout))
      ),
    "hi"
  )
  same("feed a text", ({ make }) => Command.string(make("cat").pipe(Command.feed("hi"))), "hi")
  same(
    "feed a stream of much",
    ({ make }) =>
      Effect.map(
        Command.string(
          make("wc", "-c").pipe(
            Command.stdin(Stream.fromIterable(Array.from({ length: 50 }, () => new Uint8Array(64 * 1024))))
          )
        ),
        (count) => Number(count)
      ),
    50 * 64 * 1024
  )
  same(
    "are not troubled by a process that does not read",
    ({ make }) =>
      Command.exitCode(
        make("true").pipe(
          Command.stdin(Stream.fromIterable(Array.from({ length: 50 }, () => new Uint8Array(64 * 1024))))
        )
      ),
    0
  )
  same(
    "let a sink make the stream of stdout",
    ({ sh }) =>
      started(
        sh("printf hi").pipe(
          Command.stdout(
            Sink.map(
              Sink.foldLeft(0, (sum: number, chunk: Uint8Array) => sum + chunk.length),
              (size) => bytes(`${size} bytes`)
            )
          )
        ),
        (process) => text(process.stdout)
      ),
    "2 bytes"
  )
})

describe.concurrent("both executors, of pipelines", () => {
  same(
    "give the output of the last stage",
    ({ make }) =>
      Command.string(make("seq", "1", "100").pipe(Command.pipeTo(make("grep", "7")), Command.pipeTo(make("wc", "-l")))),
    "19\n"
  )
  same(
    "give the exit code of the last stage",
    ({ sh }) => Command.exitCode(sh("exit 3").pipe(Command.pipeTo(sh("cat; exit 4")))),
    4
  )
  same(
    "feed the first stage",
    ({ make }) => Command.lines(make("cat").pipe(Command.pipeTo(make("tr", "a-z", "A-Z")), Command.feed("hi\nho"))),
    ["HI", "HO"]
  )
  same(
    "end when the last stage has enough",
    ({ make }) => Command.string(make("yes").pipe(Command.pipeTo(make("head", "-n", "1")))),
    "y\n"
  )
  same(
    "let a shell read each stage",
    ({ make }) =>
      Command.string(
        make("echo", "$A").pipe(
          Command.pipeTo(make("cat", "&&", "echo", "$A")),
          Command.env({ A: "1" }),
          Command.runInShell(true)
        )
      ),
    "1\n1\n"
  )
  same(
    "have ended when the last stage has",
    ({ make }) => Command.exitCode(make("sleep", "300").pipe(Command.pipeTo(make("true")))),
    0
  )
})

describe.concurrent("of input and pipelines", () => {
  const failing = Stream.concat(Stream.make(bytes("hi")), Stream.die("never seen")).pipe(
    Stream.catchAllCause(() => Stream.fail(new SystemError({ reason: "Unknown", module: "Stream", method: "source" })))
  )
  differs("a source that fails", ({ make }) => Command.exitCode(make("cat").pipe(Command.stdin(failing))), {
    effect: ["looks like an end of input", 0],
    ours: ["stops the process, and is told", failed("Unknown Command.stdin")]
  })
  differs(
    "the output of a process whose source fails",
    ({ make }) => Command.string(make("cat").pipe(Command.stdin(failing))),
    {
      effect: ["looks whole", "hi"],
      ours: ["is a failure", failed("Unknown Command.stdin")]
    }
  )
  differs(
    "a pipeline whose first program is missing",
    ({ make }) => Command.string(make("no-such-program").pipe(Command.pipeTo(make("cat")))),
    {
      effect: ["looks like an end of input", ""],
      ours: ["is a typed failure", failed("NotFound Command.spawn")]
    }
  )
  differs(
    "closing the scope of a pipeline",
    ({ living, make }) =>
      Effect.zipRight(
        Effect.scoped(
          Effect.flatMap(Command.start(make("sleep", "300").pipe(Command.pipeTo(make("cat")))), () => Effect.sleep(100))
        ),
        Effect.sync(() => living().length)
      ),
    {
      effect: ["leaves the first stage alive", 1],
      ours: ["ends all of it", 0]
    }
  )
  differs(
    "killing a pipeline",
    ({ living, make }) =>
      started(make("sleep", "300").pipe(Command.pipeTo(make("cat"))), (process) =>
        Effect.zipRight(
          Effect.sleep(300),
          Effect.map(process.kill(), () => living().length)
        )
      ),
    {
      effect: ["kills the last stage", 1],
      ours: ["kills all of it", 0]
    }
  )
  differs(
    "the stderr of an inner stage",
    ({ sh }) => started(sh("echo err >&2").pipe(Command.pipeTo(sh("cat"))), (process) => text(process.stderr)),
    {
      effect: ["is read by nobody", ""],
      ours: ["is that of the process", "err\n"]
    }
  )
  differs(
    "what the bytes between two stages are",
    ({ make }) =>
      Command.string(make("true").pipe(Command.pipeTo(make("readlink", "/proc/self/fd/0")))).pipe(
        Effect.map((link) => link.split(":")[0])
      ),
    {
      effect: ["copied by us, through sockets", "socket"],
      ours: ["carried by the kernel, in a pipe", "pipe"]
    }
  )
})
