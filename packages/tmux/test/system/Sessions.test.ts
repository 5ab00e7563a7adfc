import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as ExitJournal from "@tether/journal/ExitJournal"
import * as ExitStatus from "@tether/process/ExitStatus"
import * as StopPlan from "@tether/process/StopPlan"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { execFileSync, spawn } from "node:child_process"
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { basename, join } from "node:path"
import * as Tmux from "../../src/Tmux.js"
import * as TmuxSession from "../../src/TmuxSession.js"
import { eventually, field, inPlace, isAlive, pidIn, type Place, untilThere, whyNot } from "../support/sessions.js"

const withoutTag = (status: TmuxSession.SessionEnd["status"]) => {
  const { _tag, ...rest } = status ?? { _tag: "unknown" }
  return rest
}

/** For a program that takes its time to end. */
const byTerm = StopPlan.make(StopPlan.signal("SIGTERM", "10 minutes"))

const isOver = (tmux: Place["tmux"]): boolean => {
  try {
    tmux("list-sessions")
    return false
  } catch {
    return true
  }
}

describe.skipIf(whyNot !== undefined)("a launch", () => {
  it.live("runs a program in a terminal of the size, directory and environment that were asked for", () =>
    inPlace(({ log, path, shell }) =>
      Effect.gen(function* () {
        process.env["OF_THE_LAUNCHER"] = "there"
        const session = yield* shell(
          "echo $(stty size) $PWD $GIVEN [$HOME] $OF_THE_LAUNCHER $TERM; test -t 0 && echo terminal; echo cookie [$TETHER_TREE]",
          {
            cols: 90,
            rows: 30,
            cwd: path,
            env: { GIVEN: "given", HOME: undefined }
          }
        )
        yield* session.ended
        expect(log()).toBe(`30 90 ${path} given [] there screen-256color\r\nterminal\r\ncookie []\r\n`)
      })
    )
  )

  it.live("in a directory with any name runs nothing but its program", () =>
    inPlace(({ log, path, shell }) =>
      Effect.gen(function* () {
        const mark = basename(path)
        const cwd = join(path, `a #(touch ${mark}) #{pane_id} $(touch ${mark}) %H`)
        mkdirSync(cwd)
        const session = yield* shell("pwd; sleep 1.2", { cwd })
        yield* session.ended
        expect(log()).toContain(cwd)
        expect(readdirSync(cwd)).toEqual([])
        expect(() => statSync(join("/", mark))).toThrow()
      })
    )
  )

  it.live("refuses what makes no sense, with all problems named, and starts nothing", () =>
    inPlace(({ path, tmux }) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(
          TmuxSession.launch({
            identity: "a/b",
            command: Command.make("cat").pipe(Command.pipeTo(Command.make("cat"))),
            logDir: "logs",
            exitLogDir: "exits",
            cwd: "sub",
            cols: 0,
            rows: 1.5,
            stop: StopPlan.make(StopPlan.closeStdin("1 second"))
          })
        )
        expect(error._tag).toBe("LaunchRefused")
        for (const word of [
          "slash",
          "pipeline",
          "cwd",
          "logDir",
          "exitLogDir",
          "cols",
          "rows",
          "at most 10000",
          "signals"
        ])
          expect(error.message).toContain(word)
        const asked = { command: Command.make("true"), logDir: join(path, "logs") }
        const fed = { identity: "it", ...asked, command: Command.feed(Command.make("cat"), "hello") }
        expect((yield* Effect.flip(TmuxSession.launch(fed))).message).toContain("has an input")
        for (const identity of ["delivery", "exits"])
          expect((yield* Effect.flip(TmuxSession.launch({ ...asked, identity }))).message).toContain("another log")
        expect(() => tmux("ls")).toThrow()
        expect(readdirSync(path)).not.toContain("logs")
      })
    )
  )

  it.live("of a program that is not there fails as a spawn does, with a record of it, and leaves nothing else", () =>
    inPlace(({ exitLogDir, logDir, path, tmux, deaths }) =>
      Effect.gen(function* () {
        const launch = (program: string, cwd?: string) =>
          Effect.flip(TmuxSession.launch({ identity: "it", command: Command.make(program), logDir, exitLogDir, cwd }))
        expect(yield* launch("/no/such/program")).toMatchObject({ _tag: "SpawnError", reason: "NotFound" })
        writeFileSync(join(path, "plain"), "")
        expect(yield* launch("true", join(path, "nowhere"))).toMatchObject({
          _tag: "SpawnError",
          reason: "BadWorkingDirectory"
        })
        expect(yield* launch("true", join(path, "plain"))).toMatchObject({
          _tag: "SpawnError",
          reason: "BadWorkingDirectory"
        })
        expect(yield* launch(join(path, "plain"))).toMatchObject({ _tag: "SpawnError", reason: "PermissionDenied" })
        expect(existsSync(logDir)).toBe(false)
        expect((yield* launch("no-such-program")).message).toContain("was found on the PATH, /")
        // Of this one only its start can tell.
        writeFileSync(join(path, "broken"), "#!/no/such/interpreter\n", { mode: 0o700 })
        expect(yield* launch(join(path, "broken"))).toMatchObject({ _tag: "SpawnError", reason: "NotFound" })
        expect(yield* TmuxSession.list).toEqual([])
        yield* eventually("the server ends, which has no session", () => isOver(tmux))
        expect(
          deaths().map((line) => [field(line, "dead_status"), field(line, "ended_by"), field(line, "reason")])
        ).toEqual([
          ["127", "owner", "launch-failed"],
          ["126", "owner", "launch-failed"],
          ["127", "owner", "launch-failed"],
          ["127", "owner", "launch-failed"]
        ])
        // But for the mark of an end that is on record.
        expect(readdirSync(join(path, "run")).filter((name) => !/^default|\.end$/.test(name))).toEqual([])
      })
    )
  )

  it.live("is one of two with the same identity, also at once, and the other is told", () =>
    inPlace(({ shell }) =>
      Effect.gen(function* () {
        const both = yield* Effect.all(
          [1, 2].map(() => Effect.either(shell("sleep 300"))),
          { concurrency: 2 }
        )
        expect(both.filter(({ _tag }) => _tag === "Right")).toHaveLength(1)
        expect(both.find((each) => each._tag === "Left")).toMatchObject({
          left: { _tag: "SessionExists", identity: "it" }
        })
        expect(yield* TmuxSession.list).toHaveLength(1)
      })
    )
  )

  it.live("takes any name of a file", () =>
    inPlace(({ deaths, log, shell }) =>
      Effect.gen(function* () {
        const names = [
          "v1.2:web server",
          `it's "quoted" $HOME #{pid} %d \`x\``,
          "ünïcödé 🚀",
          "a;",
          "-n",
          "=x",
          "two\nlines",
          "#[fg=red]"
        ]
        for (const identity of names) {
          const session = yield* shell("echo hello; exit 3", { identity })
          expect(yield* session.ended).toMatchObject({
            status: { code: 3 },
            record: { value: { identity, deadStatus: 3, endedBy: "child" } }
          })
          expect(log(identity)).toBe("hello\r\n")
          expect(yield* TmuxSession.find(identity)).toEqual(Option.none())
        }
        expect(deaths()).toHaveLength(names.length)
      })
    )
  )

  it.live("shows no secret: not to ps, not to tmux, not in journal or log", () =>
    inPlace(({ exits, log, path, shell, tmux }) =>
      Effect.gen(function* () {
        const secret = "s3cr3t-of-the-test"
        yield* shell(`test "$TOKEN" = ${secret} && echo right; sleep 300`, { env: { TOKEN: Redacted.make(secret) } })
        yield* eventually("the program has its secret", () => log().includes("right"))
        expect(exits()).toContain("<redacted>")
        const [words = "", environment = ""] = [
          tmux("list-panes", "-a", "-F", "#{pane_start_command} #{@tether}"),
          tmux("show-environment")
        ]
        const facts = Buffer.from(words.trim().split(" ").at(-1) ?? "", "base64url").toString()
        expect(facts).toContain('"identity":"it"')
        const files = readdirSync(join(path, "run"))
          .filter((name) => !/^default$|\.sock$/.test(name))
          .map((name) => readFileSync(join(path, "run", name), "utf8"))
        for (const text of [exits(), words, facts, environment, ...files]) expect(text).not.toContain(secret)
      })
    )
  )

  it.live("with an exit log whose directory cannot be made is refused before it begins, and leaves no log", () =>
    inPlace(({ logDir, path, shell, tmux }) =>
      Effect.gen(function* () {
        writeFileSync(join(path, "file"), "")
        for (const exitLogDir of [join(path, "file", "exits"), "/proc/no/such/exits"])
          expect(yield* Effect.flip(shell("exec sleep 300", { exitLogDir }))).toMatchObject({ _tag: "FileError" })
        expect(existsSync(logDir)).toBe(false)
        yield* eventually("no server was started", () => isOver(tmux))
      })
    )
  )

  it.live("is stopped by the plan of its launch, also by a program that has found it", () =>
    inPlace(({ shell }) =>
      Effect.gen(function* () {
        const plan = StopPlan.make(StopPlan.signal("SIGINT", "1 minute"))
        const launched = yield* shell("exec sleep 300", { identity: "it", stop: plan })
        const found = Option.getOrThrow(yield* TmuxSession.find("it"))
        expect((yield* found.stop()).status).toEqual(ExitStatus.Signaled("SIGINT"))
        expect((yield* launched.ended).record).toMatchObject({ value: { stopStep: "SIGINT" } })
        // Without one, it is stopped as by a terminal that goes away.
        const plain = yield* shell("exec sleep 300", { identity: "plain" })
        expect((yield* plain.stop()).status).toEqual(ExitStatus.Signaled("SIGHUP"))
      })
    )
  )

  it.live("goes on without an exit log that can be written, and says so", () =>
    inPlace(({ exitLogDir, log, shell }) =>
      Effect.gen(function* () {
        mkdirSync(join(exitLogDir, "exits.log"), { recursive: true })
        const session = yield* shell("echo runs; exit 3")
        yield* session.ended
        expect(log()).toBe("runs\r\n")
      })
    )
  )

  it.live("without an exit log installs no hook, and a pane closes at its end", () =>
    inPlace(({ shell, tmux }) =>
      Effect.gen(function* () {
        const session = yield* shell("sleep 300", { exitLogDir: undefined })
        expect(tmux("show-options", "-p", "-t", session.pane)).not.toContain("remain-on-exit")
        expect(tmux("show-hooks", "-p", "-t", session.pane)).not.toContain("pane-died[")
        process.kill(session.shimPid, "SIGTERM")
        expect(yield* session.ended).toMatchObject({ status: undefined, record: { _tag: "None" } })
        yield* eventually("the server is gone", () => isOver(tmux))
      })
    )
  )
})

describe.skipIf(whyNot !== undefined)("the output", () => {
  it.live("of a program that prints at once is complete, ten of ten", () =>
    inPlace(({ log, shell }) =>
      Effect.gen(function* () {
        const expected = Array.from({ length: 200_000 }, (_, index) => `${index + 1}\r\n`).join("")
        for (let round = 0; round < 10; round++) {
          const session = yield* shell("seq 1 200000", { identity: `seq${round}` })
          yield* session.ended
          expect(log(`seq${round}`) === expected).toBe(true)
        }
      })
    )
  )

  it.live("of one that is stopped has its last words", () =>
    inPlace(({ log, shell }) =>
      Effect.gen(function* () {
        const session = yield* shell(
          "trap 'seq 1 20000; echo farewell; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
        )
        yield* eventually("it runs", () => log().includes("ready"))
        yield* session.stop({ plan: byTerm })
        expect(log()).toMatch(/\r\n19999\r\n20000\r\nfarewell\r\n$/)
      })
    )
  )

  it.live("of one that is stopped is complete, however slow the disk is", () =>
    inPlace(({ log, logDir, shell }) =>
      Effect.gen(function* () {
        const session = yield* shell(
          "trap 'seq 1 100000; echo farewell; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
        )
        yield* eventually("it runs", () => log().includes("ready"))
        const writers = execFileSync(
          "pgrep",
          ["-f", `output was lost here.*${logDir}|${logDir}.*output was lost here`],
          { encoding: "utf8" }
        )
          .trim()
          .split("\n")
          .map(Number)
        const all = [
          ...writers,
          ...writers.flatMap((pid) =>
            readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number)
          )
        ]
        for (const pid of all) process.kill(pid, "SIGSTOP")
        const stop = yield* Effect.fork(session.stop({ plan: byTerm }))
        yield* eventually("the program has ended", () => !isAlive(session.shimPid))
        const since = Date.now()
        yield* eventually("the disk was slow for a while", () => Date.now() - since > 1500)
        for (const pid of all) process.kill(pid, "SIGCONT")
        yield* Fiber.join(stop)
        expect(log()).toMatch(/\r\n99999\r\n100000\r\nfarewell\r\n$/)
      })
    )
  )

  it.live("is rotated, and two older files are kept", () =>
    inPlace(({ logDir, shell }) =>
      Effect.gen(function* () {
        const session = yield* shell("seq 1 100000", { log: { rotateAt: 128 * 1024 } })
        yield* session.ended
        expect(
          readdirSync(logDir)
            .filter((name) => !name.startsWith("."))
            .sort()
        ).toEqual(["it.log", "it.log.1", "it.log.2"])
        const text = ["it.log.2", "it.log.1", "it.log"].map((name) => readFileSync(join(logDir, name), "utf8")).join("")
        expect(text.endsWith("99999\r\n100000\r\n")).toBe(true)
        const first = Number(text.split("\r\n")[1])
        expect(text.split("\r\n").slice(1, -1)).toEqual(
          Array.from({ length: 100_000 - first + 1 }, (_, index) => String(first + index))
        )
      })
    )
  )
})

describe.skipIf(whyNot !== undefined)("a launch that is interrupted", () => {
  it.live("starts nothing, or has stopped it and says so", () =>
    inPlace(({ deaths, exitLogDir, path, shell }) =>
      Effect.gen(function* () {
        for (let delay = 0; delay <= 300; delay += 20) {
          const before = deaths().length
          const ran = join(path, `ran-${delay}`)
          const launching = yield* Effect.fork(shell(`echo > ${ran}; exec sleep 300`))
          yield* Effect.sleep(delay)
          const exit = yield* Fiber.interrupt(launching)
          // It may have been launched by then.
          if (Exit.isSuccess(exit)) yield* exit.value.stop()
          else {
            const reasons = deaths()
              .slice(before)
              .map((line) => field(line, "reason"))
            expect(["", "launch-failed", "interrupted"]).toContain(reasons.join())
            if (existsSync(ran)) expect(reasons).toEqual(["interrupted"])
          }
          expect(yield* TmuxSession.list).toEqual([])
        }
        expect(yield* Effect.flatMap(ExitJournal.reader(exitLogDir), (journal) => journal.unfinished())).toEqual([])
      })
    )
  )

  it.live("in its first moments starts nothing, however long it takes", () =>
    inPlace(({ deaths, path, shell }) =>
      Effect.gen(function* () {
        const launching = yield* Effect.fork(shell(`echo > ${join(path, "ran")}`))
        yield* Effect.sleep("20 millis")
        yield* Fiber.interrupt(launching)
        expect(existsSync(join(path, "ran"))).toBe(false)
        expect(deaths().filter((line) => field(line, "reason") !== "launch-failed")).toEqual([])
      })
    )
  )
})

describe.skipIf(whyNot !== undefined)("a log", () => {
  it.live.each([
    { what: "a directory", make: (file: string) => mkdirSync(file), says: "it is no regular file" },
    { what: "a pipe", make: (file: string) => execFileSync("mkfifo", [file]), says: "it is no regular file" }
  ])("that cannot be written, because $what is in its place, is a launch that fails", ({ make, says }) =>
    inPlace(({ logDir, path, shell }) =>
      Effect.gen(function* () {
        mkdirSync(logDir)
        make(join(logDir, "it.log"))
        const error = yield* Effect.flip(shell(`echo > ${join(path, "ran")}`))
        expect(error).toMatchObject({ _tag: "FileError", message: expect.stringContaining(says) })
        expect(existsSync(join(path, "ran"))).toBe(false)
      })
    )
  )
})

describe.skipIf(whyNot !== undefined)("a directory that others can write to", () => {
  it.live("takes no logs, and nothing is written through a link that is planted there", () =>
    inPlace(({ logDir, path, shell }) =>
      Effect.gen(function* () {
        mkdirSync(logDir)
        symlinkSync(join(path, "victim"), join(logDir, "it.log"))
        expect(yield* Effect.flip(shell("echo"))).toMatchObject({
          _tag: "FileError",
          problem: "it is a symbolic link"
        })
        // Another user could plant it when the log is rotated.
        rmSync(join(logDir, "it.log"))
        for (const mode of [0o1777, 0o777]) {
          chmodSync(logDir, mode)
          expect(yield* Effect.flip(shell("echo"))).toMatchObject({ _tag: "FileError", reason: "NotPrivate" })
        }
        expect(readdirSync(path).toSorted()).toEqual(["logs", "run"])
      })
    )
  )

  it.live("takes no journal, and the session runs without one, which is said", () => {
    const messages: Array<string> = []
    const logger = Logger.make(({ message }) => void messages.push(String(message)))
    return inPlace(({ exitLogDir, path, shell }) =>
      Effect.gen(function* () {
        mkdirSync(exitLogDir)
        symlinkSync(join(path, "victim"), join(exitLogDir, "exits.log"))
        const linked = yield* shell("exit 3", { identity: "linked" })
        rmSync(join(exitLogDir, "exits.log"))
        chmodSync(exitLogDir, 0o1777)
        const shared = yield* shell("exit 3", { identity: "shared" })
        for (const { ended } of [linked, shared]) yield* ended
        expect(readdirSync(exitLogDir)).toEqual([])
        expect(existsSync(join(path, "victim"))).toBe(false)
        expect(messages.filter((message) => message.includes("is not in the journal"))).toEqual([
          expect.stringContaining("it is a symbolic link"),
          expect.stringContaining("other users can write to")
        ])
      })
    ).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
  })
})

describe.skipIf(whyNot !== undefined)("a log whose writer hangs", () => {
  it.live.each([
    { words: "a journal", options: {} },
    { words: "none", options: { exitLogDir: undefined } }
  ])("is said to be incomplete by a stop, which takes nothing from it: with $words", ({ options }) =>
    inPlace(({ log, shell, tmux }) =>
      Effect.gen(function* () {
        const session = yield* shell(
          "trap 'seq 100000; echo farewell; exit 0' TERM; echo up; while :; do sleep 0.1; done",
          options
        )
        yield* eventually("it is up", () => log().includes("up"))
        const server = Number(tmux("display-message", "-p", "#{pid}"))
        const below = (pid: number): ReadonlyArray<number> =>
          readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
            .split(" ")
            .flatMap((child) =>
              child === "" || Number(child) === session.shimPid ? [] : [Number(child), ...below(Number(child))]
            )
        const writer = below(server)
        for (const pid of writer) process.kill(pid, "SIGSTOP")
        const said: Array<string> = []
        const logger = Logger.make(({ message }) => said.push(String(message)))
        yield* session
          .stop({ plan: byTerm, reason: "tired" })
          .pipe(
            Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
            Effect.ensuring(Effect.sync(() => writer.forEach((pid) => process.kill(pid, "SIGCONT"))))
          )
        expect(said.join()).toContain(`the log of session "it" is not complete yet`)
        yield* eventually("the log is complete", () => log().endsWith("100000\r\nfarewell\r\n"))
        expect(
          log()
            .split("\r\n")
            .filter((line) => /^\d+$/.test(line))
        ).toHaveLength(100_000)
      })
    )
  )
})

describe.skipIf(whyNot !== undefined)("a stop", () => {
  it.live("is one record, of ours, with the step at which it went", () =>
    inPlace(({ deaths, log, shell }) =>
      Effect.gen(function* () {
        const session = yield* shell("trap 'exit 4' HUP; echo ready; while :; do sleep 0.05; done")
        yield* eventually("it runs", () => log().includes("ready"))
        expect(yield* session.stop()).toMatchObject({
          status: { code: 4 },
          record: { value: { endedBy: "owner", stopStep: "SIGHUP", reason: "stop" } }
        })
        expect(yield* session.liveness).toBe("gone")
        expect(deaths()).toHaveLength(1)
        expect(yield* TmuxSession.list).toEqual([])
        // Once more is no harm, and no second record.
        expect(yield* session.stop()).toMatchObject({ status: { code: 4 } })
        expect(deaths()).toHaveLength(1)
      })
    )
  )

  it.live("by several at once is one record", () =>
    inPlace(({ deaths, log, shell }) =>
      Effect.gen(function* () {
        const session = yield* shell("trap 'sleep 0.3; exit 4' TERM; echo ready; while :; do sleep 0.05; done")
        yield* eventually("it runs", () => log().includes("ready"))
        const ends = yield* Effect.all(
          ["one", "two", "three"].map((reason) => session.stop({ plan: byTerm, reason })),
          { concurrency: "unbounded" }
        )
        expect(ends.map(({ status }) => status)).toMatchObject([{ code: 4 }, { code: 4 }, { code: 4 }])
        expect(new Set(ends.map(({ record }) => Option.getOrUndefined(record)?.id)).size).toBe(1)
        expect(deaths()).toHaveLength(1)
      })
    )
  )

  it.live("is one record also where the server hangs meanwhile", () =>
    inPlace(({ deaths, log, shell, tmux }) =>
      Effect.gen(function* () {
        const session = yield* shell("trap 'exit 4' TERM; echo ready; while :; do sleep 0.05; done")
        yield* eventually("it runs", () => log().includes("ready"))
        const server = Number(tmux("display-message", "-p", "#{pid}"))
        process.kill(server, "SIGSTOP")
        const stopping = yield* Effect.fork(session.stop({ plan: byTerm }))
        yield* eventually("the record is there", () => deaths().some((line) => line.includes("ended_by=owner")))
        process.kill(server, "SIGCONT")
        yield* Fiber.join(stopping)
        yield* eventually("the server ends, which has no session", () => isOver(tmux))
        expect(deaths().filter((line) => line.includes("identity=it"))).toHaveLength(1)
      })
    )
  )

  it.live("ends what ignores it, and what that has started", () =>
    inPlace(({ deaths, log, shell }) =>
      Effect.gen(function* () {
        const session = yield* shell(
          "trap '' TERM HUP; (trap '' TERM HUP; echo pid $BASHPID; exec sleep 300) & echo ready; wait; wait; sleep 300"
        )
        yield* eventually("it runs", () => log().includes("ready") && log().includes("pid"))
        const end = yield* session.stop({
          plan: StopPlan.make(StopPlan.signal("SIGTERM", "200 millis")),
          reason: "enough"
        })
        expect(end).toMatchObject({
          status: { signal: "SIGKILL" },
          record: { value: { endedBy: "owner", stopStep: "SIGKILL", reason: "enough" } }
        })
        expect(isAlive(pidIn(log()))).toBe(false)
        expect(deaths()).toHaveLength(1)
      })
    )
  )

  it.live("in a hurry does not wait for one that is patient", () =>
    inPlace(({ deaths, log, shell }) =>
      Effect.gen(function* () {
        const session = yield* shell("trap '' TERM; echo ready; while :; do sleep 0.05; done")
        yield* eventually("it runs", () => log().includes("ready"))
        const patient = yield* Effect.fork(
          session.stop({ plan: StopPlan.make(StopPlan.signal("SIGTERM", "10 minutes")) })
        )
        yield* Effect.sleep("200 millis")
        yield* session.stop({ plan: StopPlan.make(StopPlan.signal("SIGTERM", "100 millis")) })
        expect(yield* Fiber.join(patient)).toMatchObject({ status: { signal: "SIGKILL" } })
        expect(
          deaths().map((line) => [field(line, "dead_signal"), field(line, "ended_by"), field(line, "stop_step")])
        ).toEqual([["SIGKILL", "owner", "SIGKILL"]])
      })
    )
  )

  it.live("of one that has just ended by itself tells of that end", () =>
    inPlace(({ deaths, shell }) =>
      Effect.gen(function* () {
        for (let round = 0; round < 10; round++) {
          const session = yield* shell(`sleep 0.0${round}; exit 5`, { identity: `it${round}` })
          const { record, status } = yield* session.stop({
            plan: StopPlan.make(StopPlan.signal("SIGTERM", "5 seconds"))
          })
          const { endedBy } = Option.getOrThrow(record)
          // The signal may have been on its way when it ended: then it is ours.
          expect(endedBy === "child" ? [{ code: 5 }] : [{ code: 5 }, { signal: "SIGTERM" }]).toContainEqual(
            withoutTag(status)
          )
          expect(["child", "owner"]).toContain(endedBy)
        }
        expect(deaths()).toHaveLength(10)
      })
    )
  )

  it.live("of idle sessions ends those that have written nothing, and are seen by nobody", () =>
    inPlace(({ deaths, log, logDir, path, shell }) =>
      Effect.gen(function* () {
        yield* shell("echo quiet; sleep 300", { identity: "quiet" })
        yield* shell("while :; do echo busy; sleep 0.02; done", { identity: "busy" })
        // Nobody knows when it has written last.
        yield* shell("sleep 300", { identity: "unknown", logDir: join(path, "removed") })
        rmSync(join(path, "removed"), { recursive: true })
        yield* eventually("all run", () => log("quiet") !== "" && log("busy") !== "")
        const quietSince = Date.now()
        yield* eventually("it has been quiet for a while", () => Date.now() - quietSince > 1600)
        // Where the machine has kept it from writing, it would rightly be stopped.
        yield* eventually("one has just written", () => Date.now() - statSync(join(logDir, "busy.log")).mtimeMs < 100)
        const stopped = yield* TmuxSession.stopIdle("1500 millis")
        expect(stopped.map(({ session }) => session.identity)).toEqual(["quiet"])
        expect(
          deaths().map((line) => [field(line, "identity"), field(line, "reason"), field(line, "ended_by")])
        ).toEqual([["quiet", "idle", "owner"]])
      })
    )
  )
})

describe.skipIf(whyNot !== undefined)("a person", () => {
  it.live("attaches, splits, closes and detaches, and the session goes on; what is added ends with it", () =>
    inPlace(({ deaths, log, path, shell, tmux }) =>
      Effect.gen(function* () {
        const session = yield* shell("echo ready; read line; echo got $line; exit 3")
        yield* eventually("it runs", () => log().includes("ready"))
        const person = spawn(
          "script",
          ["-qec", `tmux -S ${join(path, "run", "default")} attach -t '${session.id}'`, "/dev/null"],
          {
            stdio: ["pipe", "ignore", "ignore"],
            env: { ...process.env, TERM: "xterm", TMUX: undefined }
          }
        )
        yield* eventually(
          "the person is attached",
          () => tmux("list-sessions", "-F", "#{session_attached}").trim() === "1"
        )
        const [listed] = yield* TmuxSession.list
        expect(listed).toMatchObject({ attached: 1 })
        const close = join(path, "close")
        tmux("split-window", "-t", session.pane, untilThere(close))
        const panes = () => tmux("list-panes", "-a").trim().split("\n").length
        yield* eventually("the second pane is there", () => panes() === 2)
        writeFileSync(close, "")
        yield* eventually("the second pane has ended", () => {
          // The end of any child makes tmux look at the others: Debian's may have lost the signal of this pane. It may
          // lose the next one too, so that the client must not wait for the end of this command.
          tmux("run-shell", "-b", "true")
          return panes() === 1
        })
        expect(deaths()).toEqual([])
        tmux("split-window", "-t", session.pane, "sleep 300")
        tmux("detach-client", "-s", session.id)
        yield* eventually("the person has gone", () => person.exitCode !== null)
        expect(yield* session.liveness).toBe("alive")
        yield* session.press("x", "Enter")
        expect(yield* session.ended).toMatchObject({ status: { code: 3 } })
        expect(log()).toContain("got x")
        expect(deaths()).toHaveLength(1)
        yield* eventually("what was added has ended, and the server with it", () => isOver(tmux))
      })
    )
  )

  it.live("has a server of their own, which is not touched", () =>
    inPlace(({ path, shell }) =>
      Effect.gen(function* () {
        const own = join(path, "own")
        const theirs = (...words: ReadonlyArray<string>) =>
          execFileSync("tmux", ["-S", own, "-f", "/dev/null", ...words], { encoding: "utf8" })
        theirs("new-session", "-d", "-s", "mine", "sleep 300")
        try {
          const shown = () =>
            theirs("list-panes", "-a", "-F", "#{session_name} #{pane_id} #{pane_pid} #{pid}") +
            theirs("show-options", "-g") +
            theirs("show-environment", "-g")
          const before = shown()
          // As in a pane of theirs.
          process.env["TMUX"] = `${own},1,0`
          const session = yield* shell("sleep 300")
          expect(readFileSync(`/proc/${session.shimPid}/environ`, "utf8")).toContain(
            `TMUX=${join(path, "run", "default")},`
          )
          yield* session.stop()
          expect(shown()).toBe(before)
        } finally {
          delete process.env["TMUX"]
          theirs("kill-server")
        }
      })
    )
  )
})

describe.skipIf(whyNot !== undefined)("the server", () => {
  it.live("and its panes carry no cookie of a tree, and none of our variables", () =>
    inPlace(({ shell, tmux }) =>
      Effect.gen(function* () {
        process.env["TETHER_TREE"] = "/1-1-1-1-a.1"
        process.env["SECRET_OF_OURS"] = "secret"
        try {
          const session = yield* shell("echo pid $$; sleep 300")
          const server = Number(tmux("display-message", "-p", "#{pid}"))
          for (const pid of [server, session.shimPid]) {
            const environment = readFileSync(`/proc/${pid}/environ`, "utf8")
            expect(environment).not.toContain("TETHER_TREE")
            expect(environment).not.toContain("SECRET_OF_OURS")
          }
        } finally {
          delete process.env["TETHER_TREE"]
          delete process.env["SECRET_OF_OURS"]
        }
      })
    )
  )

  it.live("is in a directory that nobody else can enter", () =>
    inPlace(({ path, shell }) =>
      Effect.gen(function* () {
        yield* shell("sleep 300")
        expect(statSync(join(path, "run")).mode & 0o777).toBe(0o700)
        for (const name of readdirSync(join(path, "run")))
          expect(statSync(join(path, "run", name)).mode & 0o077).toBe(0)
        const open = join(path, "open")
        mkdirSync(open)
        chmodSync(open, 0o755)
        expect(yield* Effect.flip(Effect.scoped(Layer.build(Tmux.layer({ directory: open }))))).toMatchObject({
          _tag: "FileError",
          reason: "NotPrivate"
        })
      })
    )
  )

  it.live("is not in a directory of another user, nor where one can replace it", (context) => {
    if (process.geteuid?.() !== 0) {
      console.log("skipped: directories of another user, because only root can make them")
      return context.skip()
    }
    return inPlace(({ path }) =>
      Effect.gen(function* () {
        const refusal = (directory: string) => Effect.flip(Effect.scoped(Layer.build(Tmux.layer({ directory }))))
        const theirs = join(path, "theirs")
        mkdirSync(theirs, { mode: 0o700 })
        chownSync(theirs, 12_345, 12_345)
        expect(yield* refusal(theirs)).toMatchObject({
          reason: "NotPrivate",
          message: expect.stringContaining("it belongs to user 12345, must belong to the current user or root")
        })
        expect(yield* refusal(join(theirs, "run"))).toMatchObject({ reason: "NotPrivate" })
        expect(existsSync(join(theirs, "run"))).toBe(false)
        const open = join(path, "open")
        mkdirSync(join(open, "run"), { recursive: true, mode: 0o700 })
        chmodSync(open, 0o777)
        expect(yield* refusal(join(open, "run"))).toMatchObject({
          reason: "NotPrivate",
          message: expect.stringContaining(`other users can write to "${open}"`)
        })
      })
    )
  })

  it.live.each([0o777, 0o277, 0])("has the modes that it is to have, with its logs, under umask %o", (umask) =>
    inPlace(
      ({ deaths, exitLogDir, log, logDir, path, shell }) =>
        Effect.gen(function* () {
          const session = yield* shell("echo done; sleep 300")
          yield* eventually("the log", () => log().includes("done"))
          const run = join(path, "run")
          for (const directory of [run, logDir, exitLogDir]) expect(statSync(directory).mode & 0o777).toBe(0o700)
          for (const file of [join(logDir, "it.log"), join(exitLogDir, "exits.log")])
            expect(statSync(file).mode & 0o777).toBe(0o600)
          for (const name of readdirSync(run)) expect([name, statSync(join(run, name)).mode & 0o077]).toEqual([name, 0])
          yield* session.stop()
          expect(deaths()).toHaveLength(1)
          for (const name of readdirSync(run).filter((name) => name.endsWith(".end")))
            expect(statSync(join(run, name)).mode & 0o777).toBe(0o600)
        }),
      umask
    )
  )

  it.live("has a name that is no other file's beside its socket", () =>
    inPlace(({ path }) =>
      Effect.gen(function* () {
        for (const name of ["default.commands", "", "a b", ".hidden"]) {
          const error = yield* Effect.flip(
            Effect.scoped(Layer.build(Tmux.layer({ directory: join(path, "run"), name })))
          )
          expect(error).toMatchObject({ _tag: "FileError", reason: "Invalid", path: name })
        }
      })
    )
  )

  it.live("is tmux 3.2 or newer, and what was found instead is told", () =>
    inPlace(({ path }) =>
      Effect.gen(function* () {
        const answering = (name: string, script: string) => {
          writeFileSync(join(path, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
          return Effect.flip(
            Effect.scoped(Layer.build(Tmux.layer({ directory: join(path, "run"), program: join(path, name) })))
          )
        }
        expect(yield* answering("old", "echo tmux 2.9a")).toMatchObject({
          _tag: "TmuxUnavailable",
          reason: "TooOld",
          version: "2.9a"
        })
        expect((yield* answering("old", "echo tmux 3.1c")).message).toBe("tmux 3.1c is too old: 3.2 or newer is needed")
        expect(yield* answering("other", "echo hello")).toMatchObject({ reason: "NotTmux" })
        expect(yield* answering("failing", "exit 3")).toMatchObject({ reason: "NotTmux" })
        const missing = yield* Effect.flip(
          Effect.scoped(Layer.build(Tmux.layer({ directory: join(path, "run"), program: "no-such-tmux" })))
        )
        expect(missing).toMatchObject({ _tag: "TmuxUnavailable", reason: "Missing" })
        expect(missing.message).toContain("apt-get install tmux")
      })
    )
  )
})
