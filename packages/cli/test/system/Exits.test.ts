/**
 * What the commands say of a journal. Each cause is the same in the error, the report, the journal and on the command
 * line.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Command from "@effect/platform/Command"
import * as ExitJournal from "@tether/journal/ExitJournal"
import * as ExitRecord from "@tether/journal/ExitRecord"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as NodeProcessIdentity from "@tether/process-node/NodeProcessIdentity"
import type { Child } from "@tether/process/Child"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { tetherHere } from "../support/here.js"
import { bin, isAlive, start, startProgram, tether, until } from "../support/tether.js"

const root = mkdtempSync(join(tmpdir(), "tether-exits-"))
afterAll(() => rmSync(root, { recursive: true }))

const decode = Schema.decodeUnknownSync(Schema.parseJson(ExitRecord.ExitRecord))
const exitsIn = async (directory: string, ...more: ReadonlyArray<string>) => {
  const { stdout } = await tetherHere(["exits", "--json", "--directory", directory, ...more])
  return stdout
    .trim()
    .split("\n")
    .map((line) => decode(line))
}

/** A cgroup that a child may put itself into, with little memory, or why there is none. */
const makeCgroup = (): { readonly path: string; readonly limit: string } | string => {
  try {
    const own = readFileSync("/proc/self/cgroup", "utf8")
    const first = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m.exec(own)?.[1]
    const second = /^0::(\/.*)$/m.exec(own)?.[1] ?? "/"
    const path = `/sys/fs/cgroup${first === undefined ? second : `/memory${first}`}/tether-exits-${process.pid}`
    const limit = join(path, first === undefined ? "memory.max" : "memory.limit_in_bytes")
    mkdirSync(path)
    if (existsSync(limit)) return { path, limit }
    rmdirSync(path)
    return "its cgroup may not limit memory"
  } catch (error) {
    return String(error)
  }
}

describe("each cause", () => {
  const directory = join(root, "causes")
  const cgroup = makeCgroup()
  if (typeof cgroup === "string")
    console.warn(
      `skipped: the death of a child by a real want of memory, because no cgroup can be made for it: ${cgroup}`
    )
  else {
    writeFileSync(cgroup.limit, "40M")
    afterAll(() =>
      until("the cgroup to be empty", () => {
        try {
          rmdirSync(cgroup.path)
          return true
        } catch {
          return false
        }
      })
    )
  }

  const brief = StopPlan.make(StopPlan.signal("SIGTERM", "200 millis"))
  /** For what SIGTERM ends, however slow the machine is. */
  const long = StopPlan.make(StopPlan.signal("SIGTERM", "10 minutes"))
  const kill = (child: Child) => Effect.sync(() => process.kill(child.pid, "SIGKILL"))
  const nothing = () => Effect.void
  const causes: Record<string, readonly [script: string, happens: (child: Child) => Effect.Effect<unknown, unknown>]> =
    {
      "exit-137": ["echo up; exit 137", nothing],
      "exit-255": ["echo up; exit 255", nothing],
      "kill-9": ["echo up; exec sleep 300", kill],
      segv: ["echo up; kill -SEGV $$", nothing],
      "our-term": ["echo up; exec sleep 300", (child) => child.stop(long)],
      "our-kill": ["trap '' TERM; echo up; while true; do sleep 300; done", (child) => child.stop(brief)],
      scope: ["echo up; exec sleep 300", () => Effect.succeed("close")],
      ...(typeof cgroup === "object" && {
        "no-memory": [
          `echo $$ > ${cgroup.path}/cgroup.procs; echo up; sleep 5; exec node -e 'const kept = []; while (true) kept.push(Buffer.alloc(1e6, 1))'`,
          nothing
        ]
      })
    }

  const told: Record<string, { readonly report: unknown; readonly error: unknown; readonly record: unknown }> = {}
  const what = ({ endedBy, status }: { readonly endedBy: string; readonly status: unknown }) => ({ endedBy, status })

  beforeAll(() =>
    Effect.forEach(
      Object.entries(causes),
      ([label, [script, happens]]) =>
        Effect.gen(function* () {
          const scope = yield* Scope.make()
          const child = yield* Supervise.start(Command.make("sh", "-c", script), { label, stop: long }).pipe(
            Scope.extend(scope)
          )
          yield* Stream.runDrain(Stream.take(child.read({ replay: 1 }), 1))
          if ((yield* happens(child)) === "close") yield* Scope.close(scope, Exit.void)
          const report = yield* child.gone
          const failed = yield* Effect.flip(child.report).pipe(Effect.option)
          yield* Scope.close(scope, Exit.void)
          const error = Option.getOrUndefined(Option.filter(failed, (error) => error._tag === "ProcessFailed"))
          const record = Option.getOrThrow(
            yield* Effect.flatMap(ExitJournal.ExitJournal, (journal) => journal.lastExit(label))
          )
          told[label] = {
            report: { ...what(report), step: report.stopStep },
            error: error === undefined ? undefined : what(error),
            record
          }
        }),
      { concurrency: 4, discard: true }
    ).pipe(
      Effect.provide(
        ExitJournal.layerFile({ directory }).pipe(
          Layer.provide(Layer.provideMerge(NodeProcessIdentity.layer, NodeFileSystem.layer))
        )
      ),
      Effect.provide(NodeChildSpawner.layer),
      Effect.provide(Logger.replace(Logger.defaultLogger, Logger.none)),
      Effect.runPromise
    )
  )

  const exited = (code: number) => ({ _tag: "Exited", code })
  const signaled = (signal: string) => ({ _tag: "Signaled", signal })
  interface Expected {
    readonly endedBy: string
    readonly status: object
    readonly step?: string
    readonly words: string
  }
  const expected: Record<string, Expected> = {
    "exit-137": { endedBy: "child", status: exited(137), words: "It ended by itself" },
    "exit-255": { endedBy: "child", status: exited(255), words: "It ended by itself" },
    "kill-9": { endedBy: "outside", status: signaled("SIGKILL"), words: "The signal came from outside" },
    segv: { endedBy: "outside", status: signaled("SIGSEGV"), words: "is how a program ends that crashes" },
    "our-term": {
      endedBy: "owner",
      status: signaled("SIGTERM"),
      step: "SIGTERM",
      words: "on purpose: the program that had started it"
    },
    "our-kill": {
      endedBy: "owner",
      status: signaled("SIGKILL"),
      step: "SIGKILL",
      words: "The stop plan was at SIGKILL"
    },
    scope: {
      endedBy: "scope",
      status: signaled("SIGTERM"),
      step: "SIGTERM",
      words: "the scope that it lived in was closed"
    },
    "no-memory": {
      endedBy: "outside",
      status: signaled("SIGKILL"),
      words: "It was a want of memory: its cgroup has just counted 1"
    }
  }

  it.each(Object.keys(causes))("is one everywhere: %s", async (label) => {
    const { endedBy, status, step, words } = expected[label] as Expected
    const { error, record, report } = told[label] ?? {}
    expect(report).toEqual({ endedBy, status, step })
    expect(error).toEqual(endedBy === "owner" || endedBy === "scope" ? undefined : { endedBy, status })
    const shown = (await exitsIn(directory, "--identity", label))[0] as ExitRecord.ExitRecord
    expect(shown).toEqual(record)
    expect({ endedBy: shown.endedBy, status: ExitRecord.statusOf(shown), step: shown.stopStep }).toEqual({
      endedBy,
      status,
      step
    })
    const { code, stdout } = await tetherHere(["why", label, "--directory", directory])
    expect(code).toBe(0)
    expect(stdout).toContain(words)
  })
})

describe("tether exits", () => {
  const directory = join(root, "runs")
  const run = (label: string, script: string) =>
    tetherHere(["run", "--journal", directory, "--label", label, "--", "sh", "-c", script])

  beforeAll(async () => {
    await run("one", "echo 'the last word' >&2; exit 3")
    await run("a\x1b[31m b", "exit 0")
  })

  it("is a table of when, who, how, by whom, for how long, and the last line", async () => {
    const { stdout } = await tetherHere(["exits", "--directory", directory])
    const [head, one, two] = stdout.split("\n")
    expect(head).toMatch(/^WHEN +WHO +HOW +BY +UPTIME +LAST LINE$/)
    expect(one).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ +one +exit 3 +child +\d+ms +the last word$/)
    expect(two).toMatch(/ a b +exit 0 +child +\d+ms$/)
  })

  it("is of one, or of those since then", async () => {
    expect((await exitsIn(directory, "--identity", "one")).map(({ deadStatus }) => deadStatus)).toEqual([3])
    expect(await exitsIn(directory, "--since", "1h")).toHaveLength(2)
    expect((await tetherHere(["exits", "--since", "2999-01-01", "--directory", directory])).stderr).toContain(
      "no such end"
    )
    for (const nonsense of ["soon", "5", "0", "foo 1"]) {
      expect(await tetherHere(["exits", "--since", nonsense, "--directory", directory])).toMatchObject({ code: 2 })
    }
  })

  it("goes on with each end as it comes, until it is interrupted or its reader goes", async () => {
    const own = join(root, "followed")
    mkdirSync(own)
    const following = start(["exits", "--follow", "--directory", own])
    for (const label of ["first", "second-and-longer"]) {
      await tether(["run", "--journal", own, "--label", label, "--", "true"])
      await until(label, () => following.stdout().includes(` ${label} `))
    }
    expect(following.stdout().match(/WHEN/g)).toHaveLength(1)
    following.process.kill("SIGINT")
    expect((await following.ended).code).toBe(130)
  })

  it("ends when its reader has gone, as in `| head -1`, though there is nothing to write", async () => {
    const own = join(root, "left")
    await tether(["run", "--journal", own, "--label", "first", "--", "true"])
    const script = `"$0" "$1" exits --follow --directory "$2" | head -1`
    expect(await startProgram("sh", ["-c", script, process.execPath, bin, own]).ended).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^WHEN /)
    })
  })

  it("goes on while a reader that has handed its pipe on has ended", async () => {
    const own = join(root, "handed")
    mkdirSync(own)
    // The second reader has the pipe once the first one, a shell, has gone, and ends with the third line.
    const writer = `sh -c 'echo pid=$$ >&2; exec "$0" "$@"' "$0" "$1" exits --follow --directory "$2"`
    const script = `${writer} | sh -c 'exec 3<&0; sed -u 3q <&3 & exit 0'`
    const following = startProgram("sh", ["-c", script, process.execPath, bin, own])
    const pid = Number(await until("the pid", () => /pid=(\d+)/.exec(following.stderr())?.[1]))
    onTestFinished(() => void (isAlive(pid) && process.kill(pid, "SIGKILL")))
    for (const label of ["one", "two"]) {
      await tether(["run", "--journal", own, "--label", label, "--", "true"])
      await until(label, () => following.stdout().includes(` ${label} `))
    }
    expect((await following.ended).stdout.split("\n")).toHaveLength(4)
  })

  it("says where there is no journal, and changes nothing there", async () => {
    const missing = join(root, "missing")
    expect(await tetherHere(["exits", "--directory", missing])).toMatchObject({ code: 1, stdout: "" })
    expect(existsSync(missing)).toBe(false)
    const { code, stderr } = await tether(["exits"], { env: { TETHER_STATE_DIR: missing } })
    expect(code).toBe(1)
    expect(stderr).toContain(`there is no journal in "${missing}/journal"`)
    expect(existsSync(missing)).toBe(false)
  })

  it("reads whatever formats are there", async () => {
    const mixed = join(root, "mixed")
    mkdirSync(mixed)
    const line = readFileSync(join(directory, "exits.log"), "utf8").split("\n")[1] ?? ""
    const [record] = await exitsIn(directory)
    writeFileSync(join(mixed, "exits.log"), `${line}\n${JSON.stringify(record)}\nnot a record\n`)
    expect(await exitsIn(mixed)).toEqual([record, record])
  })
})

describe("a journal with something very long in it", () => {
  const line = "ts=2026-11-25T03:12:45.120Z ev=session-exit dead_status=2 dead_signal= ended_by=child"
  const records = (...identities: ReadonlyArray<string>) =>
    identities.map((identity, index) => `${line} identity=${identity} id=01M8A0000000000000000000A${index}\n`).join("")

  it("is shown with a cut cell, which --json has whole", async () => {
    const own = mkdtempSync(join(root, "long-"))
    writeFileSync(join(own, "exits.log"), records("x".repeat(500_000), "short"))
    const { code, stdout } = await tetherHere(["exits", "--directory", own])
    expect(code).toBe(0)
    expect(stdout).toMatch(/ x{3999}… /)
    expect(stdout).toContain(" short ")
    expect((await exitsIn(own)).map(({ identity }) => String(identity).length)).toEqual([500_000, 5])
  })

  it("is read, but for a line that is longer than any record, which is counted", async () => {
    const own = mkdtempSync(join(root, "long-"))
    const log = join(own, "exits.log")
    writeFileSync(log, records("before"))
    truncateSync(log, 20 * 1024 * 1024)
    appendFileSync(log, `\n${records("after")}`)
    const { code, stderr, stdout } = await tetherHere(["exits", "--directory", own])
    expect(code).toBe(0)
    expect(stdout).toMatch(/ before [^]* after /)
    expect(stderr).toContain("1 line is not a record")
  })
})

describe("tether why", () => {
  const directory = join(root, "why")
  const lines = (...records: ReadonlyArray<Record<string, string>>) => {
    const folder = mkdtempSync(join(root, "lines-"))
    const text = records.map(
      (record) =>
        `ts=2026-01-01T00:00:00.000Z ${Object.entries(record)
          .map(([key, value]) => `${key}=${value}`)
          .join(" ")}\n`
    )
    writeFileSync(join(folder, "exits.log"), text.join(""))
    return folder
  }
  const why = async (folder: string, identity = "web") =>
    (await tetherHere(["why", identity, "--directory", folder])).stdout

  it("shows the last words of the command", async () => {
    await tether([
      "run",
      "--journal",
      directory,
      "--label",
      "web",
      "--",
      "sh",
      "-c",
      "echo one >&2; echo two >&2; exit 1"
    ])
    const text = await why(directory)
    expect(text).toMatch(/^"web" exited with code 1 at \S+Z, \d+s ago, after \d+ms\.\nIt ended by itself/)
    expect(text).toContain("Its last lines on stderr:\n  one\n  two\n")
    expect(text).toMatch(/Evidence: the record [0-9A-Z]{26} in \S+\/exits\.log\.\n$/)
  })

  it("says of one whose end nobody has seen what is known of it", async () => {
    const start = { ev: "session-start", identity: "web", id: "01A" }
    const gone = { pid: "4194300", start_token: "1", writer: "4194301:1" }
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
    expect(await why(lines({ ...start, ...gone, boot_id: boot }))).toContain(
      "How it ended is not on record: the program that watched it (pid 4194301) has ended, too, without a word of it."
    )
    expect(await why(lines({ ...start, ...gone, boot_id: "other" }))).toContain("the machine has been restarted since")
    const exit = {
      ev: "session-exit",
      identity: "web",
      id: "01B",
      start: "01A",
      dead_status: "",
      dead_signal: "",
      ended_by: "unknown"
    }
    expect(await why(lines({ ...start, ...gone }, { ...exit, reason: "supervisor-died" }))).toContain(
      "the program that watched it has ended, too"
    )
  })

  it("leaves none out that has ended unseen, of several with one name", async () => {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
    const lost = {
      ev: "session-start",
      identity: "web",
      id: "01A",
      pid: "4194300",
      start_token: "1",
      writer: "4194301:1",
      boot_id: boot
    }
    const seen = {
      ev: "session-exit",
      identity: "web",
      id: "01C",
      start: "01B",
      dead_status: "42",
      dead_signal: "",
      ended_by: "child"
    }
    const both = await why(lines(lost, seen))
    expect(both).toContain(`"web" exited with code 42`)
    expect(both).toContain(`"web" (pid 4194300), started at 2026-01-01T00:00:00Z`)
    const found = {
      ev: "session-exit",
      identity: "web",
      id: "01D",
      start: "01A",
      dead_status: "",
      dead_signal: "",
      ended_by: "unknown",
      reason: "supervisor-died"
    }
    const later = await why(lines(lost, seen, found))
    expect(later).toContain(`"web" was found to have ended`)
    expect(later).toContain("The last one that was seen to end exited with code 42")
  })

  it("says of one that has gone, while its watcher lives, that its end is not recorded", async () => {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
    const stat = readFileSync(`/proc/${process.pid}/stat`, "utf8")
    const token = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""
    const start = {
      ev: "session-start",
      identity: "web",
      id: "01A",
      pid: "4194300",
      start_token: "1",
      writer: `${process.pid}:${token}`,
      boot_id: boot
    }
    expect(await why(lines(start))).toContain(
      "is not there any more, and the program that watches it has not recorded how it ended"
    )
  })

  it("says of one that it runs", async () => {
    const own = join(root, "running")
    const running = start(["run", "--journal", own, "--label", "web", "--", "sh", "-c", "echo up; exec sleep 300"])
    await until("its start", () => running.stdout().includes("up"))
    expect(await why(own)).toMatch(/^"web" \(pid \d+\), started at \S+Z, \d+s ago, has not ended\.\n$/)
    running.process.kill("SIGTERM")
    await running.ended
    expect(await why(own)).toContain("It was ended on purpose")
  })

  it("names those of whom there is a record, where there is none of whom is asked for", async () => {
    const { code, stderr } = await tetherHere(["why", "nobody", "--directory", directory])
    expect(code).toBe(1)
    expect(stderr).toContain(`there is one of: "web"`)
  })
})

describe("tether run --journal", () => {
  it("is refused without a name, as an unset variable leaves it", async () => {
    const { code, stderr } = await tether(["run", "--journal", "", "--", "true"])
    expect(code).toBe(2)
    expect(stderr).toContain("--journal needs a name")
    expect(await tetherHere(["exits", "--directory", ""])).toMatchObject({ code: 2 })
  })

  it("runs the command without one where there can be none, and says so", async () => {
    const file = join(root, "file")
    writeFileSync(file, "")
    const { code, stderr } = await tether(["run", "--journal", file, "--", "sh", "-c", "exit 4"])
    expect(code).toBe(4)
    expect(stderr).toContain("runs without an exit journal")
  })

  it("keeps what is secret out of it", async () => {
    const own = join(root, "secret")
    await tether(
      ["run", "--journal", own, "--redact", "TOKEN", "--", "sh", "-c", "echo hunter2 >&2; exit 1; : hunter2"],
      { env: { TOKEN: "hunter2" } }
    )
    expect(readFileSync(join(own, "exits.log"), "utf8")).not.toContain("hunter2")
  })
})

const isRoot = process.geteuid?.() === 0
if (!isRoot) console.log("skipped: journals of other users, because only root can make them")

describe.skipIf(!isRoot)("a journal of another user", () => {
  it("is shown where it is named, and refused where it is in the place of our own", async () => {
    const state = mkdtempSync(join(root, "state-"))
    const directory = join(state, "journal")
    mkdirSync(directory)
    const line =
      "ts=2026-11-25T03:12:45.120Z ev=session-exit identity=theirs dead_status=2 dead_signal= id=01M8A0000000000000000000AA ended_by=child"
    writeFileSync(join(directory, "exits.log"), `${line}\n`)
    for (const path of [directory, join(directory, "exits.log")]) chownSync(path, 12_345, 12_345)
    expect((await exitsIn(directory)).map(({ identity }) => identity)).toEqual(["theirs"])
    expect(readdirSync(directory)).toEqual(["exits.log"])
    const before = process.env["TETHER_STATE_DIR"]
    process.env["TETHER_STATE_DIR"] = state
    try {
      const { code, stderr, stdout } = await tetherHere(["exits"])
      expect([code, stdout]).toEqual([1, ""])
      expect(stderr).toContain("it belongs to user 12345, must belong to the current user or root")
    } finally {
      if (before === undefined) delete process.env["TETHER_STATE_DIR"]
      else process.env["TETHER_STATE_DIR"] = before
    }
  })
})
