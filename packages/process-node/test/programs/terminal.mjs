// Has children on the terminal that is its stdin, stdout and stderr. Its argument names what it does; "ends" is one end
// of a child after the other. It prints whether the modes of the terminal are the `same` as at its start, or `changed`.
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as NodeTether from "@tether/process-node/NodeTether"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const folder = mkdtempSync(join(tmpdir(), "tether-modes-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))

const modes = () => execFileSync("/usr/bin/env", ["PATH=/usr/bin:/bin", "stty", "-g"], { stdio: [0, "pipe", 2] })
const before = String(modes())
const told = (name) => Effect.sync(() => console.log(`${name}: ${String(modes()) === before ? "same" : "changed"}`))

const sh = (script) => Command.make("sh", "-c", script)
const raw = "PATH=/usr/bin:/bin stty raw -echo"
const inherited = { stdin: "inherit", check: false }
const isUp = (child) => Stream.runHead(Stream.filter(child.stdout, (line) => line.text === "up"))
const lives = sh(`${raw}; echo up; exec sleep 60`)

const file = join(folder, "armed")
const leavesOne = sh(`
  (trap '${raw}; exit' TERM; : > ${file}; while :; do sleep 0.02; done) &
  until [ -e ${file} ]; do sleep 0.02; done`)

const ends = {
  killed: Supervise.run(sh(`${raw}; kill -9 $$`), inherited),
  "exited with 0": Supervise.run(sh(raw), inherited),
  "stderr alone": Supervise.run(sh(`${raw} <&2; kill -9 $$`), { stderr: "inherit", check: false }),
  uncontained: Supervise.run(sh(`${raw}; kill -9 $$`), { ...inherited, containment: "none" }),
  stopped: Supervise.use(lives, inherited, (child) => Effect.zipRight(isUp(child), child.stop())),
  "scope closed": Supervise.use(lives, inherited, isUp),
  "timed out": Effect.ignore(Effect.timeout(Supervise.run(lives, inherited), "300 millis")),
  interrupted: Supervise.use(lives, inherited, (child) => Effect.raceFirst(isUp(child), child.report)),
  pipeline: Supervise.run(Command.pipeTo(sh(`${raw}; kill -9 $$`), Command.make("cat")), inherited),
  "not started": Effect.ignore(Supervise.run(Command.make("/no/such/program"), inherited)),
  // It changes the modes when it is stopped, after the end of the leader.
  "left over": Supervise.run(leavesOne, { ...inherited, stdout: "null", stderr: "null" })
}

const programs = {
  ends: Effect.forEach(Object.entries(ends), ([name, end]) => Effect.zipRight(end, told(name))),
  together: Supervise.use(sh("echo up; exec sleep 60"), inherited, (other) =>
    Effect.gen(function* () {
      yield* isUp(other)
      yield* ends.killed
      yield* told("while another has it")
    })
  ).pipe(Effect.zipRight(told("after the last"))),
  prompt: Effect.gen(function* () {
    const child = yield* Supervise.start(sh("read -r line"), inherited)
    process.stdin.setRawMode(true)
    yield* child.signal("SIGKILL")
    yield* child.gone
    console.log(`own raw mode: ${process.stdin.isRaw && String(modes()) !== before}`)
    process.stdin.setRawMode(false)
    yield* told("given back")
  }).pipe(Effect.scoped),
  keys: Effect.gen(function* () {
    yield* ends.killed
    console.log("go on")
    yield* Effect.never
  }),
  exit: Supervise.use(lives, inherited, (child) => Effect.map(isUp(child), () => process.exit(3))),
  killed: Effect.zipRight(ends.killed, told("killed"))
}

NodeTether.runMain(Effect.provide(programs[process.argv[2]], NodeChildSpawner.layer))
