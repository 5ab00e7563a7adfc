/**
 * The shim in real panes.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as ExitJournal from "@tether/journal/ExitJournal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { join } from "node:path"
import type { ShimRecords } from "../../src/internal/shimProtocol.js"
import {
  ask,
  gone,
  lives,
  missing,
  openHooked,
  type PaneServer,
  run,
  server,
  type ShimPane
} from "../support/shimPane.js"
import { waitUntil } from "../support/wait.js"

if (missing !== undefined) console.warn(`Skipped: the shim of a pane: ${missing}`)
const there = describe.skipIf(missing !== undefined)

const signal = (pid: number, name: NodeJS.Signals) => Effect.sync(() => process.kill(pid, name))

const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "")

/** Once it is written, and whole. */
const lineIn = (file: string) =>
  waitUntil(
    Effect.sync(() => textOf(file).endsWith("\n") && textOf(file).trim()),
    `a line in ${file}`
  )

there("ends as its program", { concurrent: true }, () => {
  it.scopedLive.each<readonly [string, string]>([
    ["exit 3", "3/"],
    ["exit 137", "137/"],
    ["exit 0", "0/"],
    ["kill -TERM $$", "/15"],
    ["kill -SEGV $$", "/11"],
    ["kill -BUS $$", "/7"],
    ["kill -KILL $$", "/9"],
    ["kill -ABRT $$", "/6"],
    ["kill -QUIT $$", "/3"],
    ["kill -PIPE $$", "/13"],
    ["kill -HUP $$", "/1"],
    ["kill -INT $$", "/2"],
    ["kill -USR1 $$", "/10"]
  ])("sh -c %s", ([script, end]) =>
    Effect.gen(function* () {
      const { open } = yield* server
      const pane = yield* open(["sh", "-c", script])
      expect(pane.started._tag).toBe("Started")
      expect(yield* pane.end).toBe(end)
      expect(existsSync(pane.socket)).toBe(false)
    })
  )

  it.scopedLive("leaves no core file of its own", () =>
    Effect.gen(function* () {
      const { directory, prepare } = yield* server
      const prepared = yield* prepare
      // Where that is not allowed, there would be none in any case.
      yield* Effect.ignore(Effect.sandbox(run("prlimit", ["--core=unlimited", "--pid", String(prepared.pid)])))
      const pane = yield* prepared.openGate(["sh", "-c", "ulimit -c 0; kill -SEGV $$"])
      expect(yield* pane.end).toBe("/11")
      expect([existsSync(join(directory, "core")), existsSync("/core"), existsSync(`/core.${pane.pid}`)]).toEqual([
        false,
        false,
        false
      ])
    })
  )

  it.scopedLive.each<readonly [string, string, string]>([
    ["no-such-program", "ENOENT", "127/"],
    ["/etc/passwd", "EACCES", "126/"]
  ])("which cannot be started: %s", ([program, code, end]) =>
    Effect.gen(function* () {
      const { open } = yield* server
      const pane = yield* open([program])
      expect(pane.started).toMatchObject({ _tag: "NotStarted", code, message: expect.stringContaining(program) })
      expect(yield* pane.end).toBe(end)
    })
  )

  it.scopedLive("names the directory that is not there", () =>
    Effect.gen(function* () {
      const { open } = yield* server
      const pane = yield* open(["true"], { cwd: "/no/such/directory" })
      expect(pane.started).toMatchObject({
        _tag: "NotStarted",
        code: "ENOENT",
        message: expect.stringContaining("/no/such/directory")
      })
    })
  )
})

there("the gate", () => {
  it.scopedLive("holds the program until the file is there, and removes that", () =>
    Effect.gen(function* () {
      const { directory, prepare } = yield* server
      const prepared = yield* prepare
      // Longer than Node.js takes to start.
      yield* waitUntil(Effect.sync(() => /^SigCgt:\s+0*[1-9a-f]/m.test(textOf(`/proc/${prepared.pid}/status`))))
      expect(existsSync(prepared.socket)).toBe(false)
      const pane = yield* prepared.openGate(["sh", "-c", "echo ran > ran; exec cat"])
      expect(yield* lineIn(join(directory, "ran"))).toBe("ran")
      expect(existsSync(pane.file)).toBe(false)
      expect(statSync(pane.socket).mode & 0o777).toBe(0o600)
    })
  )

  it.scopedLive("gives the program its environment, the pane's words for a terminal, and every signal's default", () =>
    Effect.gen(function* () {
      const { directory, open } = yield* server
      const pane = yield* open(["sh", "-c", "{ env; grep ^Sig /proc/self/status; echo end; } > told; exec cat"], {
        env: { SECRET: "a b", TERM: "dumb" }
      })
      const told = yield* waitUntil(
        Effect.sync(() => textOf(join(directory, "told")).endsWith("end\n") && textOf(join(directory, "told")))
      )
      expect(told).toContain("SECRET=a b\n")
      expect(told).toMatch(/^TERM=(screen|tmux)/m)
      expect(told).toContain(`TMUX_PANE=${pane.id}\n`)
      expect(told).toMatch(/^TMUX=\//m)
      expect(told).not.toContain("HOME=")
      expect(told).toMatch(/^SigBlk:\s+0+$/m)
      expect(told).toMatch(/^SigIgn:\s+0+$/m)
    })
  )

  it.scopedLive("ends without a program when it is ended", () =>
    Effect.gen(function* () {
      const { prepare } = yield* server
      const { pid, session } = yield* prepare
      yield* waitUntil(Effect.sync(() => /^SigCgt:\s+0*[1-9a-f]/m.test(textOf(`/proc/${pid}/status`))))
      yield* signal(pid, "SIGTERM")
      yield* gone(pid)
      expect(session).toMatch(/^\$/)
    })
  )

  it.scopedLive.each<NodeJS.Signals>(["SIGTERM", "SIGKILL"])(
    "stays where it is open and the shim is ended by %s before it has started anything",
    (name) =>
      Effect.gen(function* () {
        const { directory, prepareWith } = yield* server
        const { file, pid, writeGate } = yield* prepareWith(
          "--require",
          join(import.meta.dirname, "../programs/listensLate.cjs")
        )
        yield* writeGate(["touch", join(directory, "ran")])
        yield* waitUntil(Effect.sync(() => existsSync(join(directory, "late"))))
        yield* signal(pid, name)
        yield* gone(pid)
        expect([existsSync(file), existsSync(join(directory, "ran"))]).toEqual([true, false])
      })
  )

  it.scopedLive("leads nowhere where whoever was to open it has given up", () =>
    Effect.gen(function* () {
      const { prepare } = yield* server
      const { file, pid } = yield* prepare
      writeFileSync(`${file}.new`, "null")
      renameSync(`${file}.new`, file)
      yield* gone(pid)
      expect([existsSync(file), existsSync(file.replace(/gate$/, "unopened"))]).toEqual([false, true])
    })
  )
})

there("signals", () => {
  it.scopedLive("that are sent to the pane's pid reach the program", () =>
    Effect.gen(function* () {
      const { directory, open } = yield* server
      const script =
        'for s in HUP USR1 USR2 ALRM; do trap "echo $s >> heard" $s; done; echo ready >> heard; while :; do sleep 0.01; done'
      const pane = yield* open(["sh", "-c", script])
      const heard = join(directory, "heard")
      const expected = ["ready"]
      for (const name of ["HUP", "USR1", "USR2", "ALRM"]) {
        yield* waitUntil(
          Effect.sync(() => textOf(heard) === `${expected.join("\n")}\n`),
          expected.join(", ")
        )
        yield* signal(pane.pid, `SIG${name}` as NodeJS.Signals)
        expected.push(name)
      }
      yield* waitUntil(
        Effect.sync(() => textOf(heard) === `${expected.join("\n")}\n`),
        expected.join(", ")
      )
      yield* signal(pane.pid, "SIGTERM")
      expect(yield* pane.end).toBe("/15")
    })
  )

  it.scopedLive("Ctrl-C counts once, and Ctrl-Z freezes nobody", () =>
    Effect.gen(function* () {
      const { directory, open } = yield* server
      const script =
        "const fs = require('fs'); for (const s of ['SIGINT', 'SIGUSR1']) process.on(s, () => fs.appendFileSync('heard', s + '\\n'));" +
        "setInterval(() => {}, 1000); fs.appendFileSync('heard', 'ready\\n')"
      const pane = yield* open([process.execPath, "-e", script])
      const heard = join(directory, "heard")
      yield* lineIn(heard)
      yield* pane.keys("C-c")
      yield* waitUntil(Effect.sync(() => textOf(heard).includes("SIGINT")))
      yield* pane.keys("C-z")
      // Behind those: signals of the shim come in the order in which it has them.
      yield* signal(pane.pid, "SIGUSR1")
      yield* waitUntil(Effect.sync(() => textOf(heard).includes("SIGUSR1")))
      expect(textOf(heard)).toBe("ready\nSIGINT\nSIGUSR1\n")
      expect(textOf(`/proc/${pane.pid}/status`)).toMatch(/^State:\s+[SR]/m)
      expect(textOf(`/proc/${pane.child}/status`)).toMatch(/^State:\s+[SR]/m)
    })
  )

  it.scopedLive("an interactive shell has the terminal, and its jobs stop and go on", () =>
    Effect.gen(function* () {
      const { open } = yield* server
      const pane = yield* open(["bash", "--norc", "-i"], { env: { PS1: "> " } })
      const shows = (text: RegExp) =>
        waitUntil(
          Effect.map(pane.screen, (screen) => text.test(screen)),
          String(text)
        )
      yield* shows(/^>/m)
      yield* pane.keys("sleep 1000", "Enter")
      yield* shows(/sleep 1000/)
      yield* waitUntil(Effect.sync(() => textOf(`/proc/${pane.child}/task/${pane.child}/children`).trim() !== ""))
      yield* pane.keys("C-z")
      yield* shows(/Stopped +sleep 1000/)
      yield* pane.keys("fg", "Enter")
      yield* shows(/^sleep 1000$/m)
      yield* pane.keys("C-c")
      yield* pane.keys("exit 7", "Enter")
      expect(yield* pane.end).toBe("7/")
    })
  )
})

there("a stop", () => {
  it.scopedLive("ends all that lives in the terminal by the plan, and is seen before the pane dies", () =>
    Effect.gen(function* () {
      const { directory, open } = yield* server
      const script =
        "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > grandchild; while :; do sleep 1; done' & wait; while :; do sleep 1; done"
      const pane = yield* open(["sh", "-c", script])
      const grandchild = Number(yield* lineIn(join(directory, "grandchild")))
      // It ends by the second, however long a busy machine takes for that.
      const steps = [
        { signal: "SIGTERM", wait: 200 },
        { signal: "SIGUSR1", wait: 15_000 }
      ]
      const [first, second] = yield* Effect.all(
        [pane.ask({ op: "stop", steps, reason: "test" }), pane.ask({ op: "stop", steps, reason: "test" })],
        { concurrency: 2 }
      )
      const stopped = { _tag: "Stopped", status: { signal: "SIGUSR1" } }
      // One of them keeps the record.
      const answers = [first.answer, second.answer]
      expect(answers).toContainEqual({ ...stopped, step: "SIGUSR1" })
      expect(answers).toContainEqual(stopped)
      expect([lives(pane.child), lives(grandchild)]).toEqual([false, false])
      expect(yield* pane.isDead).toBe(false)
      const again = yield* pane.ask({ op: "stop", steps, reason: "test" })
      expect(again.answer).toEqual(stopped)
      yield* Effect.all([first.leave, second.leave, again.leave])
      expect(yield* pane.end).toBe("/10")
    })
  )

  it.scopedLive("kills whoever hears none of the steps, also when it is stopped", () =>
    Effect.gen(function* () {
      const { open } = yield* server
      const pane = yield* open(["sh", "-c", "trap '' TERM; kill -STOP $$; while :; do sleep 1; done"])
      yield* waitUntil(Effect.sync(() => /^State:\s+T/m.test(textOf(`/proc/${pane.child}/status`))))
      const { answer, leave } = yield* pane.ask({
        op: "stop",
        steps: [{ signal: "SIGTERM", wait: 50 }],
        reason: "test"
      })
      expect(answer).toEqual({ _tag: "Stopped", status: { signal: "SIGKILL" }, step: "SIGKILL" })
      yield* leave
      expect(yield* pane.end).toBe("/9")
    })
  )

  it.scopedLive("has no step when the program had ended", () =>
    Effect.gen(function* () {
      const { directory, prepare } = yield* server
      const { pid, release, socket } = yield* prepare
      // As long as nobody has asked how the start went, the end waits.
      yield* release(["sh", "-c", "echo started > started; exit 4"])
      // There is no child before that either.
      yield* lineIn(join(directory, "started"))
      yield* waitUntil(
        Effect.sync(() => textOf(`/proc/${pid}/task/${pid}/children`) === ""),
        "the program ends"
      )
      const { answer, leave } = yield* ask(socket, {
        op: "stop",
        steps: [{ signal: "SIGTERM", wait: 100 }],
        reason: "test"
      })
      expect(answer).toEqual({ _tag: "Stopped", status: { code: 4 }, step: undefined })
      yield* leave
    })
  )

  it.scopedLive("is not what a garbage request asks for", () =>
    Effect.gen(function* () {
      const { open } = yield* server
      const pane = yield* open(["cat"])
      const garbage = [
        "",
        "null",
        "{",
        "[]",
        '{"op":"end"}',
        '{"op":"stop"}',
        '{"op":"stop","steps":[null]}',
        '{"op":"stop","steps":[{"signal":"SIGNO","wait":1}]}',
        "x".repeat(70_000)
      ]
      for (const line of garbage) expect((yield* ask(pane.socket, line)).answer).toMatchObject({ _tag: "Refused" })
      expect(lives(pane.child)).toBe(true)
      expect((yield* pane.ask({ op: "started" })).answer).toEqual({ _tag: "Started", pid: pane.child })
    })
  )
})

const recordsIn = (directory: string, identity: string): ShimRecords => ({
  file: join(directory, "journal/exits.log"),
  before: `ev=session-exit identity=${identity}`,
  after: "host=here",
  serverBefore: "ev=server-exit identity=tmux",
  serverAfter: "host=here",
  serverOnce: join(directory, "once/server"),
  commands: join(directory, "commands"),
  end: join(directory, `${identity}.end`)
})

const host = Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer)

const readJournal = (directory: string) =>
  ExitJournal.reader(join(directory, "journal")).pipe(
    Effect.flatMap((journal) => Stream.runCollect(journal.records())),
    Effect.map((records) => [...records]),
    Effect.provide(host)
  )

/** `endsBy`: the step that ends it, for which there is so much time that it does so on a busy machine, too. */
const openRecorded = (
  { directory, open }: PaneServer,
  identity: string,
  script: string,
  endsBy: "SIGHUP" | "SIGTERM" | "SIGKILL"
): Effect.Effect<ShimPane> => {
  const stop = (["SIGHUP", "SIGTERM"] as const).map((signal) => ({ signal, wait: signal === endsBy ? 15_000 : 200 }))
  return open(["sh", "-c", script], { records: recordsIn(directory, identity), stop })
}

const stubborn = "trap '' HUP TERM; echo > $0-ready; while :; do sleep 1; done"

there("when the terminal goes", () => {
  it.scopedLive("with a server that is killed, each program is stopped by plan, and what ended is on record once", () =>
    Effect.gen(function* () {
      const all = yield* server
      const { directory } = all
      const lines = Array.from({ length: 12 }, (_, n) => `send-keys -t %${n} "x=${n}"`)
      writeFileSync(join(directory, "commands"), `${lines.join("\n")}\n`)
      const hup = yield* openRecorded(
        all,
        "hup",
        "sleep 1000 & echo $! > grandchild; while :; do sleep 1; done",
        "SIGHUP"
      )
      const term = yield* openRecorded(all, "term", "trap '' HUP; echo > term; while :; do sleep 1; done", "SIGTERM")
      const kill = yield* openRecorded(all, "kill", stubborn.replaceAll("$0-ready", "kill"), "SIGKILL")
      const grandchild = Number(yield* lineIn(join(directory, "grandchild")))
      yield* waitUntil(Effect.sync(() => ["term", "kill"].every((name) => existsSync(join(directory, name)))))
      yield* signal(all.pid, "SIGKILL")
      const panes = [hup, term, kill]
      yield* gone(grandchild, ...panes.flatMap(({ child, pid }) => [child, pid]))
      expect(panes.map(({ socket }) => existsSync(socket))).toEqual([false, false, false])

      const file = join(directory, "journal/exits.log")
      const written = textOf(file).trimEnd().split("\n")
      expect(written).toHaveLength(4)
      const time = String.raw`ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`
      const id = "id=[0-9A-HJKMNP-TV-Z]{26}"
      const commands = lines.slice(2).join("; ").replaceAll('"', '\\"')
      expect(written[0]).toMatch(
        new RegExp(
          `^${time} ev=server-exit identity=tmux dead_status= dead_signal= ${id} pid=${all.pid} start_token=${all.startToken} host=here ` +
            String.raw`uptime_ms=\d+ cause=server-vanished memory_bytes=\d+ commands="`
        )
      )
      expect(written[0]?.endsWith(` commands="${commands}"`)).toBe(true)
      for (const [identity, name] of [
        ["hup", "SIGHUP"],
        ["term", "SIGTERM"],
        ["kill", "SIGKILL"]
      ]) {
        const line = written.find((line) => line.includes(` identity=${identity} `))
        expect(line).toMatch(
          new RegExp(
            `^${time} ev=session-exit identity=${identity} dead_status= dead_signal=${name} ${id} host=here ` +
              String.raw`ended_by=supervisor stop_step=${name} reason=server-vanished uptime_ms=\d+$`
          )
        )
      }
      expect([statSync(file).mode & 0o777, statSync(join(directory, "journal")).mode & 0o777]).toEqual([0o600, 0o700])
      const records = yield* readJournal(directory)
      expect(records.map(({ ev }) => ev).toSorted()).toEqual([
        "server-exit",
        "session-exit",
        "session-exit",
        "session-exit"
      ])
      expect(records.find(({ identity }) => identity === "hup")).toMatchObject({
        endedBy: "supervisor",
        stopStep: "SIGHUP",
        deadSignal: "SIGHUP",
        reason: "server-vanished"
      })
      expect(records.find(({ ev }) => ev === "server-exit")).toMatchObject({ pid: all.pid, startToken: all.startToken })
    })
  )

  it.scopedLive("with a program that ends by itself for it, that is what is on record", () =>
    Effect.gen(function* () {
      const all = yield* server
      const pane = yield* all.open(["sh", "-c", "read line; exit 5"], {
        records: recordsIn(all.directory, "reads"),
        stop: [{ signal: "SIGCONT", wait: 15_000 }]
      })
      yield* signal(all.pid, "SIGKILL")
      yield* gone(pane.pid, pane.child)
      // Which of the two is on record first is not promised.
      const records = yield* readJournal(all.directory)
      expect(records.map(({ ev }) => ev).toSorted()).toEqual(["server-exit", "session-exit"])
      expect(records.find(({ ev }) => ev === "session-exit")).toMatchObject({
        deadStatus: 5,
        reason: "server-vanished"
      })
    })
  )

  it.scopedLive("by a person's hand, that is one record, of the session alone", () =>
    Effect.gen(function* () {
      const all = yield* server
      const pane = yield* openRecorded(all, "closed", "trap '' HUP; echo > ready; while :; do sleep 1; done", "SIGTERM")
      yield* waitUntil(Effect.sync(() => existsSync(join(all.directory, "ready"))))
      yield* all.tmux("kill-session", "-t", pane.session)
      yield* gone(pane.pid, pane.child)
      const records = yield* readJournal(all.directory)
      expect(records).toHaveLength(1)
      expect(records[0]).toMatchObject({
        ev: "session-exit",
        identity: "closed",
        deadSignal: "SIGTERM",
        endedBy: "outside",
        stopStep: "SIGTERM",
        reason: "terminal-closed"
      })
    })
  )

  it.scopedLive.each([
    ["the asker keeps the record", true],
    ["and an asker that could not record it, it is its owner's all the same", false]
  ] as const)("during a stop that was asked for, %s", ([_, records]) =>
    Effect.gen(function* () {
      const all = yield* server
      const pane = yield* openRecorded(all, "asked", stubborn.replaceAll("$0-ready", "ready"), "SIGKILL")
      yield* waitUntil(Effect.sync(() => existsSync(join(all.directory, "ready"))))
      const asked = yield* Effect.fork(
        pane.ask({ op: "stop", steps: [{ signal: "SIGTERM", wait: 700 }], reason: "test" })
      )
      yield* signal(all.pid, "SIGKILL")
      const { answer, leave } = yield* asked
      expect(answer).toEqual({ _tag: "Stopped", status: { signal: "SIGKILL" }, step: "SIGKILL" })
      if (records) writeFileSync(recordsIn(all.directory, "asked").end, "")
      yield* leave
      yield* gone(pane.pid)
      const own = { ev: "session-exit", endedBy: "owner", stopStep: "SIGKILL", deadSignal: "SIGKILL" }
      const found = yield* readJournal(all.directory)
      expect(found.filter(({ ev }) => ev === "server-exit")).toHaveLength(1)
      expect(found.filter(({ ev }) => ev !== "server-exit")).toMatchObject(records ? [] : [own])
    })
  )
})

there("a stop whose asker has gone", () => {
  it.scopedLive("is that of its owner, with the reason", () =>
    Effect.gen(function* () {
      const all = yield* server
      const at = (name: string) => join(all.directory, name)
      const script =
        "trap 'echo > asked; while [ ! -f go ]; do sleep 0.02; done; exit 4' TERM; echo > up; while :; do sleep 0.1; done"
      const pane = yield* openRecorded(all, "left", script, "SIGTERM")
      yield* waitUntil(Effect.sync(() => existsSync(at("up"))))
      const asker = connect(pane.socket)
      asker
        .on("error", () => {})
        .write(`${JSON.stringify({ op: "stop", steps: [{ signal: "SIGTERM", wait: 20_000 }], reason: "tired" })}\n`)
      yield* waitUntil(Effect.sync(() => existsSync(at("asked"))))
      asker.destroy()
      writeFileSync(at("go"), "")
      yield* gone(pane.pid)
      expect(yield* readJournal(all.directory)).toMatchObject([
        { ev: "session-exit", endedBy: "owner", deadStatus: 4, stopStep: "SIGTERM", reason: "tired" }
      ])
    })
  )
})

there("the hook of a pane", () => {
  it.scopedLive("runs at every death, one at a time", () =>
    Effect.gen(function* () {
      const all = yield* server
      const log = join(all.directory, "hooks")
      const expected: Array<string> = []
      for (let index = 0; index < 30; index++) {
        const { child } = yield* openHooked(all, log, index)
        yield* signal(child, "SIGTERM")
        expected.push(`${index} 15\n`)
        yield* waitUntil(
          Effect.sync(() => textOf(log) === expected.join("")),
          `the hook of pane ${index}`
        )
      }
    })
  )

  it.scopedLive("runs at every one of many deaths at once", () =>
    Effect.gen(function* () {
      const all = yield* server
      const log = join(all.directory, "hooks")
      const panes = yield* Effect.forEach(
        Array.from({ length: 30 }, (_, index) => index),
        (index) => openHooked(all, log, index),
        { concurrency: 4 }
      )
      for (const { child } of panes) process.kill(child, "SIGKILL")
      const expected = panes.map((_, index) => `${index} 9`).toSorted()
      yield* waitUntil(
        // tmux 3.3 loses signals of deaths at once; the next death, here of `true`, has it look at all its children.
        Effect.map(all.tmux("run-shell", "-b", "true"), () => textOf(log).trim().split("\n").length === panes.length),
        "all hooks"
      )
      expect(textOf(log).trim().split("\n").toSorted()).toEqual(expected)
    })
  )
})
