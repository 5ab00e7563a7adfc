import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as ExitJournal from "@tether/journal/ExitJournal"
import * as Effect from "effect/Effect"
import { execFileSync, spawn } from "node:child_process"
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import * as Tmux from "../../src/Tmux.js"
import * as TmuxSession from "../../src/TmuxSession.js"
import { eventually, field, inPlace, isAlive, pidIn, type Place, untilThere, whyNot } from "../support/sessions.js"
import { waitUntil } from "../support/wait.js"

const ending = (line: string | undefined) => [
  field(line, "dead_status"),
  field(line, "dead_signal"),
  field(line, "ended_by")
]

describe.skipIf(whyNot !== undefined)("a death", () => {
  it.live("by an exit, by a signal from outside and by a crash: three exact lines", () =>
    inPlace(({ deaths, exits, log, shell }) =>
      Effect.gen(function* () {
        const exit = yield* shell("exit 3", { identity: "exit" })
        yield* exit.ended
        const terminated = yield* shell("echo pid $$; exec sleep 300", { identity: "terminated" })
        yield* eventually("it runs", () => log("terminated").includes("pid"))
        process.kill(pidIn(log("terminated")), "SIGTERM")
        yield* terminated.ended
        const crash = yield* shell("kill -SEGV $$", { identity: "crash" })
        yield* crash.ended
        const [one, two, three] = deaths()
        expect([ending(one), ending(two), ending(three)]).toEqual([
          ["3", "", "child"],
          ["", "SIGTERM", "outside"],
          ["", "SIGSEGV", "outside"]
        ])
        for (const line of [one, two, three]) {
          expect(line).toMatch(
            /^ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ev=session-exit identity=\w+ dead_status=\d* dead_signal=\w* id=[0-9A-Z]{26} start=[0-9A-Z]{26} pid=\d+ /
          )
        }
        expect(
          exits()
            .split("\n")
            .filter((line) => line.includes("ev=session-start"))
        ).toHaveLength(3)
      })
    )
  )

  it.live("tells 137, SIGKILL and 255 apart", () =>
    inPlace(({ deaths, shell }) =>
      Effect.gen(function* () {
        for (const [index, script] of [
          "exit 137",
          "kill -KILL $$",
          "exit 255",
          "kill -ABRT $$",
          "kill -USR1 $$",
          "kill -PIPE $$",
          "kill -HUP $$"
        ].entries()) {
          yield* (yield* shell(script, { identity: `it${index}` })).ended
        }
        expect(deaths().map(ending)).toEqual([
          ["137", "", "child"],
          ["", "SIGKILL", "outside"],
          ["255", "", "child"],
          ["", "SIGABRT", "outside"],
          ["", "SIGUSR1", "outside"],
          ["", "SIGPIPE", "outside"],
          ["", "SIGHUP", "outside"]
        ])
      })
    )
  )

  it.live("by a signal to the process of the pane is that of the program", () =>
    inPlace(({ deaths, log, shell }) =>
      Effect.gen(function* () {
        const session = yield* shell("echo pid $$; exec sleep 300")
        yield* eventually("it runs", () => log().includes("pid"))
        process.kill(session.shimPid, "SIGTERM")
        yield* session.ended
        expect(deaths().map(ending)).toEqual([["", "SIGTERM", "outside"]])
        expect(isAlive(pidIn(log()))).toBe(false)
      })
    )
  )

  it.live("of the pane's process by SIGKILL is one record, though tmux may not notice", () =>
    inPlace(({ deaths, path, shell }) =>
      Effect.gen(function* () {
        const cwd = join(path, "cwd")
        mkdirSync(cwd)
        const marks = () => readdirSync(join(path, "run")).filter((name) => name.endsWith(".end"))
        for (let round = 0; round < 10; round++) {
          const session = yield* shell("exec sleep 300", { identity: `it${round}`, cwd })
          // A launch removes those of long ago.
          const before = marks()
          process.kill(session.shimPid, "SIGKILL")
          yield* eventually("the record is there", () => deaths().length === round + 1)
          yield* session.ended
          // The hook has left its mark where the others look for it, and nothing anywhere else.
          yield* eventually("its mark is there", () => marks().length > before.length)
          expect(marks().filter((name) => !before.includes(name))).toHaveLength(1)
        }
        expect(deaths().map(ending)).toEqual(Array.from({ length: 10 }, () => ["", "SIGKILL", "outside"]))
        expect(readdirSync(cwd)).toEqual([])
      })
    )
  )

  it.live("is one record each, when a hundred come at once", () =>
    inPlace(({ deaths, path, shell }) =>
      Effect.gen(function* () {
        const codes = Array.from({ length: 100 }, (_, code) => code)
        const gate = join(path, "gate")
        execFileSync("mkfifo", [gate])
        yield* Effect.forEach(codes, (code) => shell(`exec 3< ${gate}; exit ${code}`, { identity: `it${code}` }), {
          concurrency: 4,
          discard: true
        })
        // They wait in the opening of it. One that has not come so far would wait for ever.
        const end = openSync(gate, "r+")
        yield* eventually("all records are there", () => deaths().length >= codes.length)
        closeSync(end)
        expect(
          deaths()
            .map((line) => Number(field(line, "dead_status")))
            .sort((one, other) => one - other)
        ).toEqual(codes)
      })
    )
  )

  it.live("is not taken along by a line that somebody has left torn", () =>
    inPlace(({ deaths, exitLogDir, path, shell }) =>
      Effect.gen(function* () {
        const torn = join(path, "torn")
        const session = yield* shell(`${untilThere(torn)}; exit 3`)
        appendFileSync(join(exitLogDir, "exits.log"), "ts=2026-01-01T00:00:00.000Z ev=sess")
        writeFileSync(torn, "")
        expect(yield* session.ended).toMatchObject({ record: { value: { deadStatus: 3 } } })
        expect(deaths()).toHaveLength(1)
      })
    )
  )

  it.live("is on disk before the session is gone", () =>
    inPlace(({ deaths, shell, tmux }) =>
      Effect.gen(function* () {
        // The server stays for it, so that each look has an answer.
        yield* shell("sleep 300", { identity: "other" })
        const session = yield* shell("sleep 0.2; exit 3")
        yield* eventually(
          "the session is gone",
          () => !tmux("list-sessions", "-F", "#{session_id}").split("\n").includes(session.id)
        )
        expect(deaths()).toHaveLength(1)
      })
    )
  )

  it.live("of a session that a person ends is theirs, and one record", () =>
    inPlace(({ deaths, log, shell, tmux }) =>
      Effect.gen(function* () {
        const session = yield* shell("trap 'exit 9' TERM HUP; echo pid $$; while :; do sleep 0.05; done")
        yield* eventually("it runs", () => log().includes("pid"))
        tmux("kill-session", "-t", session.id)
        expect(yield* session.ended).toMatchObject({
          record: { value: { endedBy: "outside", reason: "terminal-closed" } }
        })
        expect(isAlive(pidIn(log()))).toBe(false)
        expect(deaths()).toHaveLength(1)
      })
    )
  )
})

/** For shorter than a timer can, in milliseconds. */
const standStill = (time: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, time)

/** What happens right as a program ends; each is tried at several moments. */
const moments = [0, 2, 4, 6, 8, 10, 14]

describe.skipIf(whyNot !== undefined)("at the moment of its end", () => {
  const atTheEnd = (
    act: (pid: {
      readonly session: TmuxSession.TmuxSession
      readonly server: number
      readonly tmux: Place["tmux"]
    }) => void
  ) =>
    inPlace(({ deaths, log, path, shell, tmux }) =>
      Effect.gen(function* () {
        for (const [index, delay] of moments.entries()) {
          const identity = `it${index}`
          const gate = join(path, identity)
          const session = yield* shell(`echo pid $$; ${untilThere(gate)}; exit 3`, { identity })
          yield* eventually("it runs", () => log(identity).includes("pid"))
          const program = pidIn(log(identity))
          const server = Number(tmux("display-message", "-p", "#{pid}"))
          writeFileSync(gate, "")
          // It has ended: a signal that comes now does not change how. Looked for so often that its parent has hardly
          // heard of it.
          const deadline = Date.now() + 60_000
          while (isAlive(program) && Date.now() < deadline) standStill(0.2)
          expect(isAlive(program)).toBe(false)
          standStill(delay)
          act({ session, server, tmux })
          yield* eventually("it has ended", () => !isAlive(session.shimPid))
          const recorded = () =>
            deaths().filter((line) => field(line, "identity") === identity && line.includes("session-exit"))
          yield* eventually("its end is on record", () => recorded().length > 0)
          expect(recorded().map((line) => field(line, "dead_status"))).toEqual(["3"])
        }
      })
    )

  it.live("a person removes the session, and the end is on record", () =>
    atTheEnd(({ session, tmux }) => {
      try {
        tmux("kill-session", "-t", session.id)
      } catch {
        // It has ended already.
      }
    })
  )

  it.live("the server is killed, and the end is on record", () =>
    atTheEnd(({ server }) => process.kill(server, "SIGKILL"))
  )
})

describe.skipIf(whyNot !== undefined)("the server's death", () => {
  it.live("by SIGKILL ends the programs, and the fate of each and of the server is on record", () =>
    inPlace(({ deaths, log, shell, tmux }) =>
      Effect.gen(function* () {
        const sessions = yield* Effect.forEach(["one", "two"], (identity) =>
          shell("trap '' HUP; trap 'exit 6' TERM; echo pid $$; while :; do sleep 0.05; done", { identity })
        )
        yield* eventually("both run", () => ["one", "two"].every((identity) => log(identity).includes("pid")))
        const server = Number(tmux("display-message", "-p", "#{pid}"))
        process.kill(server, "SIGKILL")
        for (const session of sessions) {
          const { record, status } = yield* session.ended
          expect(status).toMatchObject({ code: 6 })
          expect(record).toMatchObject({ value: { reason: "server-vanished", stopStep: "SIGTERM", deadStatus: 6 } })
          expect(isAlive(pidIn(log(session.identity)))).toBe(false)
        }
        const ofServer = deaths().filter((line) => line.includes(" ev=server-exit "))
        expect(ofServer).toHaveLength(1)
        expect(ofServer[0]).toMatch(
          new RegExp(` pid=${server} start_token=\\d+ .*cause=server-vanished memory_bytes=\\d+ `)
        )
        expect(field(ofServer[0], "commands")).toContain("new-session")
        expect(deaths()).toHaveLength(3)
        expect(yield* TmuxSession.list).toEqual([])
        // The next one has a server again.
        const next = yield* shell("exit 3", { identity: "one" })
        expect(yield* next.ended).toMatchObject({ status: { code: 3 } })
      })
    )
  )

  it.live("together with that of the shim is unknown, and never guessed", () =>
    inPlace(({ deaths, exitLogDir, shell, tmux }) =>
      Effect.gen(function* () {
        const session = yield* shell("sleep 300")
        const server = Number(tmux("display-message", "-p", "#{pid}"))
        // Stopped, so that neither sees the other go.
        for (const pid of [server, session.shimPid]) process.kill(pid, "SIGSTOP")
        for (const pid of [session.shimPid, server]) process.kill(pid, "SIGKILL")
        yield* eventually("both are gone", () => !isAlive(server) && !isAlive(session.shimPid))
        const reader = yield* ExitJournal.reader(exitLogDir)
        expect(yield* reader.unfinished("it")).toMatchObject([{ state: "gone", reason: "supervisor-died" }])
        // Whoever opens the journal next gives it an end.
        yield* (yield* shell("exit 3", { identity: "next" })).ended
        expect(
          deaths()
            .filter((line) => field(line, "identity") === "it")
            .map((line) => [...ending(line), field(line, "reason")])
        ).toEqual([["", "", "unknown", "supervisor-died"]])
      })
    )
  )

  it.live("is that of the killed server, also when another server has its socket", () =>
    inPlace(({ deaths, log, path, shell, tmux }) =>
      Effect.gen(function* () {
        const session = yield* shell(
          "trap '' HUP; trap 'sleep 0.5; exit 6' TERM; echo pid $$; while :; do sleep 0.05; done"
        )
        yield* eventually("it runs", () => log().includes("pid"))
        process.kill(Number(tmux("display-message", "-p", "#{pid}")), "SIGKILL")
        yield* eventually("another server serves there", () => {
          try {
            spawn("tmux", ["-S", join(path, "run", "default"), "-f", "/dev/null", "new-session", "-d", "sleep 300"], {
              stdio: "ignore"
            })
            return tmux("ls") !== ""
          } catch {
            return false
          }
        })
        expect(yield* session.ended).toMatchObject({
          status: { code: 6 },
          record: { value: { reason: "server-vanished" } }
        })
        expect(deaths().filter((line) => line.includes("cause=server-vanished"))).toHaveLength(1)
      })
    )
  )
})

describe.skipIf(whyNot !== undefined)("the program that has launched a session", () => {
  it.live("is killed, and the session lives on; its end is on record all the same", () =>
    inPlace(({ deaths, exitLogDir, log, logDir, path }) =>
      Effect.gen(function* () {
        const launcher = spawn(
          process.execPath,
          [join(import.meta.dirname, "../../node_modules/.programs/launch.mjs"), join(path, "run"), logDir, exitLogDir],
          { stdio: ["ignore", "pipe", "inherit"] }
        )
        yield* eventually("the session runs", () => log().includes("pid"))
        launcher.kill("SIGKILL")
        yield* eventually("the launcher is gone", () => launcher.exitCode !== null || launcher.signalCode !== null)
        const [listed] = yield* TmuxSession.list
        if (listed === undefined) throw new Error("the session is gone")
        // Longer than a reaper needs for what belongs to it.
        const until = Date.now() + 500
        yield* eventually("some time has passed", () => Date.now() > until)
        expect(yield* listed.session.liveness).toBe("alive")
        expect(readFileSync(`/proc/${pidIn(log())}/environ`, "utf8")).not.toContain("TETHER_TREE")
        process.kill(pidIn(log()), "SIGTERM")
        expect(yield* listed.session.ended).toMatchObject({
          record: { value: { deadSignal: "SIGTERM", endedBy: "outside" } }
        })
        expect(deaths()).toHaveLength(1)
      })
    )
  )

  it.live.each([
    ["before the hook is there", `kill -9 $PPID`],
    ["when the hook is there", `tmux "$@"; kill -9 $PPID`]
  ])("is killed in a launch, %s, and no start is left without an end", ([, doing]) =>
    inPlace(({ deaths, exitLogDir, logDir, path, shell, tmux: ask }) =>
      Effect.gen(function* () {
        const keeper = yield* shell("sleep 300", { identity: "keeper" })
        const tmux = join(path, "tmux")
        writeFileSync(tmux, `#!/bin/sh\ncase " $* " in *" pane-died "*) ${doing};; *) exec tmux "$@";; esac\n`, {
          mode: 0o700
        })
        const launcher = spawn(
          process.execPath,
          [
            join(import.meta.dirname, "../../node_modules/.programs/launch.mjs"),
            join(path, "run"),
            logDir,
            exitLogDir,
            tmux
          ],
          { stdio: ["ignore", "ignore", "inherit"] }
        )
        yield* eventually("the launcher is killed", () => launcher.signalCode === "SIGKILL")
        yield* eventually("its session is gone", () => ask("list-sessions").trim().split("\n").length === 1)
        const journal = yield* ExitJournal.reader(exitLogDir)
        yield* waitUntil(
          Effect.map(journal.unfinished(), (starts) => starts.map(({ start }) => start.identity).join() === "keeper"),
          "all others have their end"
        )
        expect(yield* keeper.liveness).toBe("alive")
        // Where there is a start: nobody takes the end of a shim that has never started anything for that of the
        // program.
        const ends = deaths().filter((line) => field(line, "identity") === "it")
        expect(
          ends.map((line) => [field(line, "dead_status"), field(line, "ended_by"), field(line, "reason")])
        ).toEqual(ends.length === 0 ? [] : [["", "owner", "launch-failed"]])
      })
    )
  )

  it.live("is told when the pane ends at its gate, and nothing stays", () =>
    inPlace(({ deaths, exitLogDir, logDir, path }) =>
      Effect.gen(function* () {
        const directory = join(path, "run")
        // The command that comes right before the gate is opened also ends the pane's process, and waits for that:
        // else the program might start first.
        const kill = (name: string, line: string) => {
          const file = join(path, name)
          const ask = (format: string) => `$(tmux -S ${directory}/default list-panes -a -F "#{${format}}")`
          const wait = `while [ -d /proc/$p ] && ! grep -q ") Z" /proc/$p/stat && [ $i -lt 500 ]; do sleep 0.02; i=$((i + 1)); done`
          const script = `tmux "$@"; i=0 p=${ask("pane_pid")} s=${ask("pid")}; ${line}; ${wait}`
          writeFileSync(
            file,
            `#!/bin/sh\ncase " $* " in *" pipe-pane "*) ${script}; exit 0;; *) exec tmux "$@";; esac\n`,
            { mode: 0o700 }
          )
          return file
        }
        const kills = {
          pane: kill("pane", `tmux -S ${directory}/default kill-session -t =it`),
          shim: kill("shim", "kill -9 $p"),
          term: kill("term", "kill -15 $p"),
          server: kill("server", "kill -9 $s")
        }
        for (const [name, program] of Object.entries(kills)) {
          const asked = {
            identity: "it",
            command: Command.make("touch", join(path, `ran-${name}`)),
            env: { SECRET: "hunter2" },
            logDir,
            exitLogDir
          }
          const launch = Effect.provide(Effect.flip(TmuxSession.launch(asked)), Tmux.layer({ directory, program }))
          expect([name, yield* launch]).toMatchObject([name, { _tag: "TmuxFailed" }])
        }
        expect(readdirSync(path).filter((file) => file.startsWith("ran"))).toEqual([])
        expect(readdirSync(directory).filter((file) => file.endsWith(".gate"))).toEqual([])
        const journal = yield* ExitJournal.reader(exitLogDir)
        expect(yield* journal.unfinished()).toEqual([])
        const starts = deaths().map((line) => field(line, "start"))
        expect(new Set(starts).size).toBe(starts.length)
      })
    )
  )

  it.scopedLive("hears of a program that could not be started, also when it has stood still meanwhile", () =>
    inPlace(({ deaths, exitLogDir, logDir, path }) =>
      Effect.gen(function* () {
        // The shim itself stops the launcher, between the opening of the gate and the answer: whoever looked for that
        // moment could miss it.
        const tmux = join(path, "tmux")
        const first = join(import.meta.dirname, "../programs/stopsLauncher.cjs")
        const words = `for word do shift; case $word in */shim.cjs) set -- "$@" -r '${first}';; esac; set -- "$@" "$word"; done`
        writeFileSync(tmux, `#!/bin/sh\n${words}\nexec tmux "$@"\n`, { mode: 0o700 })
        // Only its start can tell that this one has no interpreter.
        const broken = join(path, "broken")
        writeFileSync(broken, "#!/no/such/interpreter\n", { mode: 0o700 })
        const launcher = spawn(
          process.execPath,
          [
            join(import.meta.dirname, "../../node_modules/.programs/launch.mjs"),
            join(path, "run"),
            logDir,
            exitLogDir,
            tmux,
            broken
          ],
          { stdio: ["ignore", "ignore", "pipe"] }
        )
        // One that stands still ends by nothing else.
        yield* Effect.addFinalizer(() => Effect.sync(() => launcher.kill("SIGKILL")))
        let told = ""
        launcher.stderr.on("data", (bytes: Buffer) => {
          told += bytes.toString()
        })
        const isListening = () =>
          existsSync(join(path, "run")) && readdirSync(join(path, "run")).some((file) => file.endsWith(".sock"))
        yield* eventually("the launcher stands still, and could be told", isListening)
        expect(readFileSync(`/proc/${launcher.pid}/status`, "utf8")).toMatch(/^State:\s+T/m)
        const since = Date.now()
        yield* eventually("it has stood still for a while", () => Date.now() - since > 3500)
        launcher.kill("SIGCONT")
        yield* eventually("it is told", () => launcher.exitCode !== null)
        expect(told).toContain("SpawnError")
        expect(
          deaths().map((line) => [field(line, "dead_status"), field(line, "ended_by"), field(line, "reason")])
        ).toEqual([["127", "owner", "launch-failed"]])
      })
    )
  )
})
