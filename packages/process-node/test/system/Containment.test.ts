/**
 * What is left when a scope has closed: nothing, in the group and outside of it, as far as the level reaches.
 */
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as ProcStat from "@tether/host/ProcStat"
import type { ChildOptions } from "@tether/process/ChildOptions"
import type { Containment } from "@tether/process/ExitReport"
import type { SpawnError } from "@tether/process/SpawnError"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { spawn, spawnSync } from "node:child_process"
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { findCgroups } from "../../src/internal/cgroup.js"
import { recordDirectories } from "../../src/internal/hostRecord.js"
import * as NodeChildSpawner from "../../src/NodeChildSpawner.js"
import { commandOf, environs, everyone, keeper, kill, program } from "../support/hosts.js"
import { captureLogs, quiet } from "../support/logs.js"
import { isAlive, marked, untilAsleep, waitUntil } from "../support/os.js"
import { ran } from "../support/ran.js"
import { withRuntimeDirectory } from "../support/runtime.js"

let count = 0
const newMark = () => `containment-${process.pid}-${Date.now()}-${count++}`
const sh = (script: string) => Command.make("sh", "-c", script)
const stop = StopPlan.make(StopPlan.signal("SIGTERM", "300 millis"))

const run = (command: Command.Command, options?: ChildOptions) =>
  Supervise.run(command, options).pipe(Effect.provide(NodeChildSpawner.layer), Effect.provide(quiet))

/** Starts a child, waits until so many processes carry the mark, and closes the scope. */
const whileItLives = <A>(
  command: Command.Command,
  mark: string,
  processes: number,
  options: ChildOptions,
  f: Effect.Effect<A> = Effect.never as Effect.Effect<A>
) =>
  Supervise.use(command, { stop, ...options, env: { TEST_MARK: mark, ...options.env } }, () =>
    Effect.zipRight(
      waitUntil(`${processes} processes are there`, () => marked(mark).length >= processes),
      f
    )
  ).pipe(Effect.provide(NodeChildSpawner.layer), Effect.provide(quiet))

const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "")

const ending = (pids: ReadonlyArray<number>) =>
  Effect.addFinalizer(() => Effect.sync(() => pids.forEach((pid) => kill(pid))))

/**
 * A sleep with nothing but this in its environment. Its session has no leader any more: a process that leads one would
 * be named by hosts of other tests, too.
 */
const aloneInSession = (token: string, closed = "") =>
  `(env -i KEPT=${token} setsid sh -c 'sleep 300 & exit' ${closed} &); ` +
  // All that came before the sleep has ended.
  `until p=$(grep -ls ${token} /proc/[0-9]*/environ); [ "$(cat "\${p%environ}comm" 2>/dev/null)" = sleep ]; do :; done`

describe("the close of a scope ends", () => {
  const trees: Record<string, [script: string, processes: number]> = {
    "a setsid sleep": ["setsid sleep 300 & wait", 2],
    "a double fork with closed descriptors": [
      "(setsid sh -c 'sleep 300 & exec sleep 300' <&- >&- 2>&- &); sleep 300",
      4
    ],
    "an escapee that ignores TERM": ["setsid sh -c \"trap '' TERM; sleep 300; sleep 300\" & wait", 3],
    "an escapee that is stopped by SIGSTOP": ["setsid sh -c 'kill -STOP $$; sleep 300' & wait", 2],
    "a chain in which each process forks a successor and exits": [
      "i=0; next() { i=$((i+1)); [ $i -gt 4000 ] || (sleep 0.005; next) & }; next; sleep 300",
      2
    ],
    "a chain of sessions": [
      'n=\'[ $1 -gt 400 ] || setsid sh -c "$0" "$0" $(($1 + 1)) & sleep 0.02\'; sh -c "$n" "$n" 1; sleep 300',
      2
    ],
    "a group of its own within the session": ["set -m; sleep 300 & wait", 2]
  }

  it.live.each(Object.keys(trees))("%s", (name) =>
    Effect.gen(function* () {
      const mark = newMark()
      const [script, processes] = trees[name] as [string, number]
      yield* whileItLives(sh(script), mark, processes, {}, Effect.void)
      expect(marked(mark).map(commandOf)).toEqual([])
    })
  )

  it.live("a fork tree of 31 processes, in 20 scopes at once", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const script =
        "for i in 1 2 3 4 5; do setsid sh -c 'for j in 1 2 3 4 5; do setsid sleep 300 & done; wait' & done; wait"
      yield* Effect.forEach(
        Array.from({ length: 20 }, (_, index) => index),
        (index) =>
          Effect.map(whileItLives(sh(script), `${mark}-${index}`, 31, {}, Effect.void), () => {
            expect(marked(`${mark}-${index}`).map(commandOf)).toEqual([])
          }),
        { concurrency: "unbounded" }
      )
    })
  )

  it.live.each<[string, string]>([
    ["the leader", "env -i KEPT=1 setsid sleep 300 & wait"],
    ["another member of the group", "sh -c 'env -i KEPT=1 setsid sleep 300 & wait'; true"],
    ["an escapee", "setsid sh -c 'env -i KEPT=1 setsid sleep 300 & wait' & wait"]
  ])("an escapee that has cleared its environment, while its parent shows it: %s", ([, script]) =>
    Effect.gen(function* () {
      const before = environs("KEPT=1").length
      const mark = newMark()
      yield* whileItLives(
        sh(script),
        mark,
        1,
        {},
        waitUntil("the escapee is there", () => environs("KEPT=1").length > before)
      )
      yield* waitUntil("the escapee is gone", () => environs("KEPT=1").length === before)
    })
  )

  it.live("an escapee that has cleared its environment, while it holds a pipe of ours", () =>
    Effect.gen(function* () {
      const token = newMark()
      // Its parent is gone when the child ends; the pipe that it was born with is all that is left to tell. The child
      // lives until its start is over: which pipe it has can be looked at no longer than that.
      const script = `${aloneInSession(token)}; read -r _ || exit 0`
      const options = { drainGrace: "200 millis", expect: [0], stdin: "pipe" } as const
      const report = yield* Supervise.use(sh(script), options, (child) =>
        Effect.zipRight(child.stdin.close, child.gone)
      ).pipe(Effect.provide(NodeChildSpawner.layer), Effect.provide(quiet))
      expect(report.leftovers.map((each) => each.command)).toEqual(["sleep 300"])
      expect(environs(token)).toEqual([])
    })
  )

  it.live("an escapee that has overwritten its environment with a title, while its parent shows it", () =>
    Effect.gen(function* () {
      if (spawnSync("perl", ["-e", "1"]).status !== 0) return yield* Effect.log("not tested here: there is no perl")
      const mark = newMark()
      const titled = () => everyone().filter((pid) => commandOf(pid).startsWith(mark))
      const script = `setsid perl -e '$0 = "${mark}" . " " x 8000; sleep 300' & wait`
      yield* whileItLives(
        sh(script),
        "unused",
        0,
        {},
        waitUntil("the title is there", () => titled().length === 1)
      )
      expect(titled()).toEqual([])
    })
  )

  it.live("everything in a pid namespace whose first process it started", () =>
    Effect.gen(function* () {
      const inside = ["--pid", "--fork", "--kill-child"]
      if (spawnSync("unshare", [...inside, "true"]).status !== 0) {
        return yield* Effect.log("not tested here: unshare is not permitted")
      }
      const token = newMark()
      const script = `(env -i KEPT=${token} setsid sleep 300 <&- >&- 2>&- &); sleep 300`
      yield* whileItLives(
        Command.make("unshare", ...inside, "sh", "-c", script),
        "unused",
        0,
        {},
        waitUntil("the escapee is there", () => environs(`KEPT=${token}`).length === 1)
      )
      yield* waitUntil("the escapee is gone", () => environs(`KEPT=${token}`).length === 0)
    })
  )

  it.live(
    "not an escapee that has cleared its environment, closed its descriptors and lost its parent: the report and a " +
      "warning name it, without a signal; a pane of tmux is not named",
    () =>
      Effect.gen(function* () {
        const folder = mkdtempSync(join(tmpdir(), "tether-daemons-"))
        yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true })))
        // In a pid namespace of its own: other hosts of this machine would name these daemons as well.
        const inside = ["--pid", "--fork", "--kill-child", "--mount-proc"]
        const isPermitted = spawnSync("unshare", [...inside, "true"]).status === 0
        const host = [process.execPath, program("daemons.mjs"), folder]
        // The shell is the first process there: it takes over the daemons.
        const shell = ["sh", "-c", `"$@"; exit $?`, "sh"]
        const [binary = "", ...args] = [...(isPermitted ? ["unshare", ...inside, ...shell] : []), ...host]
        // Its reaper ends with the namespace, and may leave the record of the host.
        const said = yield* Effect.promise(() => withRuntimeDirectory((env) => ran(binary, args, { env })))
        const { daemons, living, report, warnings } = JSON.parse(said.stdout)
        expect(report.containment).toBe("tree")
        expect(living).toEqual([daemons.plain, daemons.pane])
        const named = report.leftovers.filter(({ pid }: { pid: number }) => isPermitted || living.includes(pid))
        expect(named).toMatchObject([{ pid: daemons.plain, command: "sleep", isCertain: false }])
        expect(warnings.join("\n")).toMatch(
          new RegExp(`may have left .*${daemons.plain} \\(sleep\\).* it was not signalled`)
        )
      }).pipe(Effect.scoped)
  )

  it.live.each<[string, string]>([
    ["an escapee", 'TETHER_TREE="$TETHER_TREE/1-1-0-0-a.r" setsid sleep 300 <&- >&- 2>&- & wait'],
    ["a member of the group", 'TETHER_TREE="$TETHER_TREE/1-1-0-0-a.r" sleep 300 & wait'],
    [
      "an escapee with the name of a host that lives",
      'p=${TETHER_TREE##*/}; TETHER_TREE="$TETHER_TREE/${p%.*}.r" setsid sleep 300 <&- >&- 2>&- & wait'
    ]
  ])("what calls itself a reaper, and is none: %s", ([, script]) =>
    Effect.gen(function* () {
      const mark = newMark()
      yield* whileItLives(sh(script), mark, 2, {}, Effect.void)
      expect(marked(mark)).toEqual([])
    })
  )
})

describe("a reaper that a host has on record", () => {
  it.scopedLive("is left to its work, and so are the tools that it runs", () =>
    Effect.gen(function* () {
      const folder = mkdtempSync(join(tmpdir(), "tether-tools-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true })))
      const file = (name: string) => join(folder, name)
      const reaper = [
        `echo $$ > ${file("pid")}`,
        `until [ -e ${file("recorded")} ]; do sleep 0.01; done`,
        `: > ${file("working")}`,
        "sleep 1",
        `echo $? > ${file("result")}`
      ].join("; ")
      const script = `p=\${TETHER_TREE##*/}; TETHER_TREE="$TETHER_TREE/\${p%.*}.r" setsid sh -c '${reaper}' <&- >&- 2>&- & wait`
      yield* whileItLives(
        sh(script),
        newMark(),
        2,
        {},
        Effect.gen(function* () {
          yield* waitUntil("it says its pid", () => /\d\n/.test(textOf(file("pid"))))
          const pid = Number(textOf(file("pid")))
          const record = recordDirectories()
            .flatMap((directory) => readdirSync(directory).map((name) => join(directory, name)))
            .find((path) => basename(path).startsWith(`${process.pid}-`))
          appendFileSync(record ?? "", `reaper ${pid} ${ProcStat.parse(textOf(`/proc/${pid}/stat`))?.startTicks}\n`)
          writeFileSync(file("recorded"), "")
          yield* waitUntil("it works", () => existsSync(file("working")))
        })
      )
      expect(textOf(file("result"))).toBe("0\n")
    })
  )
})

describe("after a clean leader exit", () => {
  const leaves = `setsid sleep 300 >/dev/null 2>&1 & ${untilAsleep()}; sleep 61 >/dev/null 2>&1 & ${untilAsleep()}`

  it.live("what is left in the group and outside of it is ended, and named", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const logs = captureLogs()
      const report = yield* Supervise.run(sh(leaves), { env: { TEST_MARK: mark } }).pipe(
        Effect.provide(NodeChildSpawner.layer),
        Effect.provide(logs.layer)
      )
      expect(report.leftovers.map((each) => each.command).sort()).toEqual(["sleep 300", "sleep 61"])
      expect(marked(mark)).toEqual([])
      expect(logs.entries.some((entry) => entry.message.includes("left processes alive"))).toBe(true)
    })
  )

  it.live("an escapee with threads is one leftover", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const report = yield* run(
        sh(`setsid ${process.execPath} -e 'setTimeout(() => {}, 60000)' >/dev/null 2>&1 & sleep 0.3`),
        { env: { TEST_MARK: mark }, stop }
      )
      expect(report.leftovers.length).toBe(1)
      expect(marked(mark)).toEqual([])
    })
  )

  it.scopedLive(`leftovers: "leave" lets it be, and names it`, () =>
    Effect.gen(function* () {
      const mark = newMark()
      const report = yield* run(sh(leaves), { env: { TEST_MARK: mark }, leftovers: "leave" })
      const left = marked(mark)
      yield* ending(left)
      expect(report.leftovers.map((each) => each.pid).sort()).toEqual([...left].sort())
      expect(left.length).toBe(2)
    })
  )

  it.live(`leftovers: "leave" is for accepted ends: what a failure leaves is ended`, () =>
    Effect.gen(function* () {
      const mark = newMark()
      yield* Effect.exit(run(sh(`${leaves}; exit 3`), { env: { TEST_MARK: mark }, leftovers: "leave", stop }))
      expect(marked(mark)).toEqual([])
    })
  )

  it.live(`leftovers: "leave" is for ends: a stop ends all`, () =>
    Effect.gen(function* () {
      const mark = newMark()
      yield* whileItLives(sh("setsid sleep 300 & wait"), mark, 2, { leftovers: "leave" }, Effect.void)
      expect(marked(mark)).toEqual([])
    })
  )
})

describe("levels", () => {
  const obtained = (containment?: Containment) =>
    Effect.map(run(Command.make("true"), { containment }), (report) => report.containment)

  it.live("the default is tree, and the level that is asked for is the one obtained", () =>
    Effect.gen(function* () {
      expect(yield* obtained()).toBe("tree")
      expect(yield* obtained("none")).toBe("none")
      expect(yield* obtained("group")).toBe("group")
      expect(yield* obtained("tree")).toBe("tree")
    })
  )

  it.live("tree extends our own cookie, and none takes it away", () =>
    Effect.gen(function* () {
      const treeIn = (containment: Containment) =>
        Effect.gen(function* () {
          const lines: Array<string> = []
          yield* run(sh('echo "${TETHER_TREE-nothing}"'), {
            containment,
            onLines: { stdout: (more) => void lines.push(...more) }
          })
          return lines.join("\n")
        })
      const outer = process.env["TETHER_TREE"]
      process.env["TETHER_TREE"] = "/1-2-0-0-outer.7"
      try {
        expect(yield* treeIn("tree")).toMatch(
          new RegExp(`^/1-2-0-0-outer\\.7/${process.pid}-\\d+-[0-9a-f]{32}-\\d+-\\w+\\.\\d+$`)
        )
        expect(yield* treeIn("none")).toBe("nothing")
      } finally {
        if (outer === undefined) delete process.env["TETHER_TREE"]
        else process.env["TETHER_TREE"] = outer
      }
    })
  )

  it.scopedLive("none stops the leader, and nothing else", () =>
    Effect.gen(function* () {
      const mark = newMark()
      yield* whileItLives(
        sh("sleep 300 & wait"),
        mark,
        2,
        { containment: "none", stdout: "null", stderr: "null" },
        waitUntil("it sleeps", () => marked(mark).map(commandOf).includes("sleep 300"))
      )
      const left = marked(mark)
      yield* ending(left)
      expect(left.map(commandOf)).toEqual(["sleep 300"])
    })
  )

  it.scopedLive("group ends the group, and an escapee lives on", () =>
    Effect.gen(function* () {
      const mark = newMark()
      yield* whileItLives(
        sh("setsid sleep 300 & sleep 61"),
        mark,
        3,
        { containment: "group", stdout: "null", stderr: "null" },
        waitUntil("it has escaped", () => marked(mark).map(commandOf).includes("sleep 300"))
      )
      const left = marked(mark)
      yield* ending(left)
      expect(left.map(commandOf)).toEqual(["sleep 300"])
    })
  )

  it.live("what makes no sense is refused before anything runs", () =>
    Effect.gen(function* () {
      const error: SpawnError = yield* Effect.flip(
        Effect.mapError(
          run(sh("exit 0"), { containment: "everything" as Containment, leftovers: "some" as "end" }),
          (error) => error as SpawnError
        )
      )
      expect(error.reason).toBe("InvalidArgument")
      expect(error.problems).toEqual([
        `containment must be one of none, group, tree, cgroup, got "everything"`,
        `leftovers is "end" or "leave", and not "some"`
      ])
    })
  )
})

const cgroups = findCgroups("test")
if (cgroups._tag === "Unavailable") console.log(`level cgroup is not tested here: ${cgroups.reason}`)

describe.skipIf(cgroups._tag === "Unavailable")("level cgroup", () => {
  const leftCgroups = () =>
    cgroups._tag === "Available" ? readdirSync(cgroups.parent).filter((name) => name.startsWith("tether-")) : []
  // Out of reach of everything else: no environment, no parent, no descriptor of ours.
  const hidden = (token: string) => aloneInSession(token, "<&- >&- 2>&-")

  it.live("reaches an escapee that nothing else reaches, and leaves no cgroup behind", () =>
    Effect.gen(function* () {
      const token = newMark()
      const before = leftCgroups()
      const report = yield* run(sh(hidden(token)), { containment: "cgroup" })
      expect(report.containment).toBe("cgroup")
      expect(report.leftovers.map((each) => each.command)).toEqual(["sleep 300"])
      expect(environs(token)).toEqual([])
      expect(leftCgroups()).toEqual(before)
    })
  )

  it.live("hands on arguments, output, exit code and signal as they are", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const report = yield* run(Command.make("printf", "%s|", "a b", "$HOME", "'", ""), {
        containment: "cgroup",
        onLines: { stdout: (more) => void lines.push(...more) }
      })
      expect(lines).toEqual(["a b|$HOME|'||"])
      expect(report.leftovers).toEqual([])
      expect((yield* run(sh("exit 7"), { containment: "cgroup", check: false })).status).toEqual({
        _tag: "Exited",
        code: 7
      })
      expect((yield* run(sh("kill -SEGV $$"), { containment: "cgroup", check: false })).status).toEqual({
        _tag: "Signaled",
        signal: "SIGSEGV"
      })
    })
  )

  it.live("finds by its cookie who was moved out of the cgroup", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const parent = cgroups._tag === "Available" ? cgroups.parent : ""
      const script = `setsid sh -c 'echo $$ > ${parent}/cgroup.procs; exec sleep 300' & wait`
      yield* whileItLives(sh(script), mark, 2, { containment: "cgroup" }, Effect.void)
      expect(marked(mark).map(commandOf)).toEqual([])
    })
  )

  it.live("is refused for another user, before anything runs", () =>
    Effect.gen(function* () {
      const asNobody = Object.assign(Command.make("true"), { uid: Option.some(65534), gid: Option.some(65534) })
      const error = yield* Effect.flip(run(asNobody, { containment: "cgroup" }))
      expect(error).toMatchObject({ _tag: "SpawnError", reason: "Unsupported" })
    })
  )

  it.live("tells why a program does not start", () =>
    Effect.gen(function* () {
      const reasonOf = (program: string, options?: ChildOptions) =>
        run(Command.make(program), { containment: "cgroup", ...options }).pipe(
          Effect.flip,
          Effect.map((error) => (error._tag === "SpawnError" ? error.reason : error._tag))
        )
      const before = leftCgroups()
      expect(yield* reasonOf("no-such-program")).toBe("NotFound")
      expect(yield* reasonOf("/no/such/program")).toBe("NotFound")
      expect(yield* reasonOf("/etc/passwd")).toBe("PermissionDenied")
      expect(yield* reasonOf("true", { cwd: "/no/such/directory" })).toBe("BadWorkingDirectory")
      expect(leftCgroups()).toEqual(before)
    })
  )

  it.scopedLive("ends all of it when the host is killed", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const token = newMark()
      const host = yield* keeper(mark, [{ sh: `${hidden(token)}; sleep 300`, options: { containment: "cgroup" } }])
      yield* waitUntil("the escapee is there", () => environs(`KEPT=${token}`).length === 1)
      kill(host.pid)
      yield* waitUntil("all are gone", () => marked(mark).length === 0 && environs(token).length === 0)
      yield* waitUntil("no cgroup is left", () => !leftCgroups().some((name) => name.startsWith(`tether-${host.pid}-`)))
    })
  )
})

describe("a level that cannot be had", () => {
  it.scopedLive("is refused as Unsupported, before anything runs", () =>
    Effect.gen(function* () {
      // A pid namespace whose /proc is that of another: nobody's environment can be told there.
      const namespace = ["--pid", "--fork"]
      if (spawnSync("unshare", [...namespace, "true"]).status !== 0) {
        return yield* Effect.log("not tested here: unshare is not permitted")
      }
      const host = yield* Effect.promise(() =>
        withRuntimeDirectory((env) => ran("unshare", [...namespace, process.execPath, program("refused.mjs")], { env }))
      )
      const told = ["tree: Unsupported", "cgroup: Unsupported", "group: group", "default: group"]
      const lines = host.stdout.split("\n").filter((line) => /^(tree|cgroup|group|default): /.test(line))
      expect(lines).toEqual(told)
    })
  )
})

describe("what cannot be ended", () => {
  const isRoot = process.geteuid?.() === 0
  it.scopedLive("is named in SurvivorsError: pid, start time and command, within a bound", () =>
    Effect.gen(function* () {
      if (!isRoot)
        return yield* Effect.log("not tested here: only root can make a program that another user may not end")
      const directory = mkdtempSync("/var/tmp/tether-suid-")
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(directory, { recursive: true })))
      chmodSync(directory, 0o755)
      const setuid = join(directory, "setpriv")
      copyFileSync("/usr/bin/setpriv", setuid)
      chmodSync(setuid, 0o4755)
      const mark = newMark()
      const before = Date.now()
      const nobody = { uid: 65534, gid: 65534, env: { ...process.env, TEST_MARK: mark } }
      const host = yield* Effect.promise(() => ran(process.execPath, [program("survivors.mjs"), setuid], nobody))
      const survivors = environs("UNKILLABLE=1").filter((pid) => commandOf(pid) === "sleep 300")
      yield* ending(survivors)
      expect(survivors).toHaveLength(1)
      const told = JSON.parse(host.stdout) as ReadonlyArray<{ pid: number; command: string; startedAt: number }>
      expect(told.map(({ command, pid }) => ({ command, pid }))).toEqual(
        survivors.map((pid) => ({ command: "sleep 300", pid }))
      )
      // The boot time is told in seconds.
      expect(told[0]?.startedAt).toBeGreaterThan(before - 2000)
      expect(told[0]?.startedAt).toBeLessThan(Date.now() + 2000)
    })
  )
})

describe("a process that was not ours", () => {
  it.scopedLive("is not touched, whatever its environment says", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const other = `/${process.pid}-1-0-0-other.1`
      const stranger = spawn("sleep", ["300"], { env: { TETHER_TREE: other, TEST_MARK: mark }, stdio: "ignore" })
      yield* ending([stranger.pid as number])
      yield* run(sh("setsid sleep 300 >/dev/null 2>&1 & exit 0"), { stop })
      expect(isAlive(stranger.pid as number)).toBe(true)
    })
  )
})
