/**
 * The hooks as agents call them: the built program, in a state directory of its own.
 */
import { spawnSync } from "node:child_process"
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { createRequire } from "node:module"
import { createServer, type Server, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, describe, expect, it, onTestFinished } from "vitest"
import { bin, startProgram, until } from "../support/tether.js"

const root = mkdtempSync(join(tmpdir(), "tether-capture-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const recorded = (name: string) =>
  join(import.meta.dirname, "../../../vitest/fixtures/agents", `${name}.transcript.jsonl`)

let count = 0
const stateDirectory = (): string => join(root, `state-${++count}`)

interface Run {
  readonly state?: string
  readonly socket?: string
  /** In its environment, by which it can be found. */
  readonly marker?: string
}

const tether = (args: ReadonlyArray<string>, { marker = "", socket, state = stateDirectory() }: Run = {}) => {
  const env = {
    TETHER_TEST_MARKER: marker,
    TETHER_STATE_DIR: state,
    TETHER_DAEMON_SOCKET: socket ?? join(state, "no.sock")
  }
  const started = startProgram(process.execPath, [bin, ...args], { env })
  return { ...started, state, folder: join(state, "deferred-captures") }
}

/** Runs it to its end, and answers with its line. */
const capture = async (args: ReadonlyArray<string>, run?: Run) => {
  const { ended, folder, state } = tether(args, run)
  const { code, stderr, stdout } = await ended
  expect(stdout.split("\n")).toHaveLength(2)
  return { code, stderr, line: JSON.parse(stdout) as Readonly<Record<string, unknown>>, folder, state }
}

const hook = (args: ReadonlyArray<string>, run?: Run) => capture(["capture-transcript", "--no-spawn", ...args], run)

const linesOf = (path: unknown) =>
  readFileSync(String(path), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)

const deferralsIn = (folder: string) => readdirSync(folder).filter((name) => name.endsWith(".jsonl"))

describe("tether capture-transcript --no-spawn", () => {
  it("defers a transcript of three turns: a header and three events, in a private file", async () => {
    const before = Date.now()
    const { code, folder, line } = await hook(["--session-id", "s-1", recorded("claude-tool-turn")])
    expect(code).toBe(0)
    expect(line).toMatchObject({ status: "deferred", events: 3 })
    const path = String(line["path"])
    expect(path.startsWith(`${folder}/`)).toBe(true)
    const [, seconds] = /^s-1-(\d+)-[0-9A-Z]{26}\.jsonl$/.exec(basename(path)) ?? []
    expect(Number(seconds)).toBeGreaterThanOrEqual(Math.floor(before / 1000))
    const [header, ...events] = linesOf(path)
    expect(Object.keys(header ?? {})).toEqual(["version", "session_id", "deferred_at", "cwd"])
    expect(header).toMatchObject({ version: 1, session_id: "s-1", cwd: process.cwd() })
    expect(String(header?.["deferred_at"])).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    expect(events.map(({ cue, role, tier }) => [cue, tier, role])).toEqual([
      ["session s-1 turn 1", "episodic", "user"],
      ["session s-1 turn 2", "episodic", "assistant"],
      ["session s-1 turn 3", "episodic", "assistant"]
    ])
    expect(events[0]).toMatchObject({ text: "read notes.txt", ts: "2026-11-20T16:25:16.016Z" })
    expect(readFileSync(path, "utf8")).toContain("naïve")
    expect((statSync(path).mode & 0o777).toString(8)).toBe("600")
    expect((statSync(folder).mode & 0o777).toString(8)).toBe("700")
    expect(readdirSync(folder)).toEqual([basename(path)])
  })

  it("defers a header alone where there is no transcript", async () => {
    const { code, line } = await hook(["--session-id", "s", join(root, "none.jsonl")])
    expect(code).toBe(0)
    expect(linesOf(line["path"])).toMatchObject([{ version: 1, session_id: "s" }])
  })

  it("gives the same turn the same key, whenever it is captured", async () => {
    const first = linesOf((await hook(["--session-id", "s", recorded("claude-tool-turn")])).line["path"])
    const second = linesOf(
      (await hook(["--session-id", "s", "--max-turns", "1", recorded("claude-tool-turn")])).line["path"]
    )
    expect(second.slice(1)).toEqual(first.slice(-1))
    const other = linesOf((await hook(["--session-id", "t", recorded("claude-tool-turn")])).line["path"])
    expect(new Set([...first, ...other].map(({ key }) => key)).size).toBe(7)
  })

  it.each([
    ["../../etc/passwd", /^_\._\.\._etc_passwd-\d+-/],
    ["a b\n\x1b[31m", /^a_b__\[31m-|^a_b___31m-/],
    ["x".repeat(500), /^x{100}-\d+-/],
    [".hidden", /^_hidden-/]
  ])("stays in its directory, whatever the session is called: %j", async (session, pattern) => {
    const { folder, line } = await hook(["--session-id", session, recorded("claude-text-turn")])
    expect(readdirSync(folder)).toEqual([expect.stringMatching(pattern)])
    expect(linesOf(line["path"])[0]).toMatchObject({ session_id: session })
  })

  it("starts no process: one execve, and neither fork nor clone", async () => {
    if (spawnSync("strace", ["-V"]).error !== undefined)
      return console.warn("skipped: no process is started, as strace sees it, because there is no strace")
    const trace = join(root, "trace")
    const state = stateDirectory()
    const args = ["-f", "-e", "trace=execve,clone,clone3,fork,vfork", "-o", trace]
    const words = [process.execPath, bin, "capture-transcript", "--no-spawn", recorded("claude-tool-turn")]
    const traced = await startProgram("strace", [...args, ...words], { env: { TETHER_STATE_DIR: state } }).ended
    expect(traced.code).toBe(0)
    const calls = readFileSync(trace, "utf8")
      .split("\n")
      .filter((line) => /^\d+ +(execve|clone3?|fork|vfork)\(/.test(line))
    expect(calls.filter((line) => line.includes("execve("))).toHaveLength(1)
    // Threads of its own are none.
    expect(calls.filter((line) => !line.includes("execve(") && !line.includes("CLONE_THREAD"))).toEqual([])
  })

  it("waits for no disk that hangs: the file is there and the line is written long before it answers", async () => {
    if (spawnSync("strace", ["-V"]).error !== undefined)
      return console.warn("skipped: a disk that hangs, because there is no strace to delay it")
    // Ten minutes: whatever waits for it waits for longer than the test does.
    const args = ["-f", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:delay_enter=600000000"]
    const words = [process.execPath, bin, "capture-transcript", "--no-spawn", recorded("claude-tool-turn")]
    const hook = startProgram("strace", [...args, ...words], { env: { TETHER_STATE_DIR: stateDirectory() } })
    await until("its line is written", () => hook.stdout().includes("\n"))
    const line = JSON.parse(hook.stdout()) as Readonly<Record<string, unknown>>
    expect(line).toMatchObject({ status: "deferred", events: 3 })
    expect(linesOf(line["path"])).toHaveLength(4)
  })

  it("contains nothing that could start one", () => {
    const meta = readFileSync(join(import.meta.dirname, "../../../spool/dist/hook.meta.json"), "utf8")
    expect(meta).toContain("node:fs")
    for (const name of ["child_process", "cluster", "worker_threads"]) expect(meta).not.toContain(name)
  })

  it("runs without what V8 has compiled of it, where that is not what it was", async () => {
    const copy = join(root, "copy")
    mkdirSync(copy)
    for (const name of ["hook.cjs", "bundle.cjs", "hook.bundle.cjs"])
      copyFileSync(join(import.meta.dirname, "../../../spool/dist", name), join(copy, name))
    const cache = readFileSync(join(import.meta.dirname, "../../../spool/dist/hook.bundle.cjs.cache"))
    for (let part = 0; part < 8; part++) {
      const damaged = Buffer.from(cache)
      for (let at = Math.floor((cache.length * (part + 0.5)) / 8); at % 512 !== 0; at++)
        damaged[at] = ~(damaged[at] ?? 0)
      writeFileSync(join(copy, "hook.bundle.cjs.cache"), damaged)
      const words = JSON.stringify(["capture-transcript", "--no-spawn", recorded("claude-text-turn")])
      const { code, stdout } = await startProgram(
        process.execPath,
        ["-e", `require(${JSON.stringify(join(copy, "hook.cjs"))}).main(${words})`],
        { env: { TETHER_STATE_DIR: stateDirectory() } }
      ).ended
      expect({ code, ...(JSON.parse(stdout || "{}") as object) }).toMatchObject({ status: "deferred", events: 2 })
    }
  })

  it("leaves nothing running, also half a second later", async () => {
    const marker = `hook-${process.pid}-${Date.now()}`
    const state = stateDirectory()
    await tether(["capture-transcript", "--no-spawn", recorded("claude-tool-turn")], { state, marker }).ended
    const marked = () =>
      readdirSync("/proc").filter((pid) => {
        try {
          return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "utf8").includes(marker)
        } catch {
          return false
        }
      })
    expect(marked()).toEqual([])
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(marked()).toEqual([])
  })

  it("says a failure on both outlets, and exits with 0, or with 1 where it must be told", async () => {
    const state = stateDirectory()
    mkdirSync(state)
    writeFileSync(join(state, "deferred-captures"), "a file where the directory should be")
    for (const [words, code] of [
      [[], 0],
      [["--strict"], 1]
    ] as const) {
      const failed = await hook([...words, "--session-id", "s", recorded("claude-text-turn")], { state })
      expect(failed.code).toBe(code)
      expect(failed.line).toEqual({ status: "failed", reason: expect.stringContaining("it is no directory") })
      expect(failed.stderr).toMatch(/^tether: nothing was captured: .*\n$/)
    }
    const misused = await hook(["--max-turns", "many", "--policy", "maybe"])
    expect(misused.code).toBe(0)
    expect(misused.line["reason"]).toMatch(/transcript is missing.*--max-turns.*--policy/)
    const mistyped = await hook(["--hok"])
    expect(mistyped.line["reason"]).toBe('there is no option "--hok" (did you mean "--hook"?)')
  })

  it("writes through no link that somebody has planted", async () => {
    const state = stateDirectory()
    const elsewhere = join(root, `elsewhere-${count}`)
    mkdirSync(elsewhere)
    mkdirSync(state, { mode: 0o700 })
    symlinkSync(elsewhere, join(state, "deferred-captures"))
    const { line } = await hook(["--session-id", "s", recorded("claude-text-turn")], { state })
    expect(line["reason"]).toContain("it is a symbolic link")
    expect(readdirSync(elsewhere)).toEqual([])
  })

  it("defers into directories and files of the right modes, whatever the umask is", async () => {
    for (const umask of ["777", "277", "000"]) {
      const state = stateDirectory()
      const words = ["capture-transcript", "--no-spawn", "--session-id", "s", recorded("claude-text-turn")]
      const script = ["-c", `umask ${umask}; exec "$@"`, "sh", process.execPath, bin, ...words]
      const { stdout } = await startProgram("sh", script, { env: { TETHER_STATE_DIR: state } }).ended
      const { path } = JSON.parse(stdout) as { readonly path: string }
      const modes = [state, join(state, "deferred-captures"), path].map((each) => statSync(each).mode & 0o777)
      expect(modes).toEqual([0o700, 0o700, 0o600])
    }
  })

  it("captures a session whose directory has been removed", async () => {
    const gone = join(root, `gone-${++count}`)
    mkdirSync(gone)
    const words = ["capture-transcript", "--no-spawn", "--session-id", "s", recorded("claude-text-turn")]
      .map((word) => `'${word}'`)
      .join(" ")
    const { stdout } = await startProgram(
      "sh",
      ["-c", `cd '${gone}' && rmdir '${gone}' && exec '${process.execPath}' '${bin}' ${words}`],
      { env: { TETHER_STATE_DIR: stateDirectory() } }
    ).ended
    const line = JSON.parse(stdout) as Readonly<Record<string, unknown>>
    expect(line).toMatchObject({ status: "deferred", events: 2 })
    expect(linesOf(line["path"])[0]).toMatchObject({ cwd: gone })
  })

  it("says so where no directory can be made", async () => {
    const env = { TETHER_STATE_DIR: "", XDG_STATE_HOME: "", HOME: "/proc" }
    const { code, stdout } = await startProgram(
      process.execPath,
      [bin, "capture-transcript", "--no-spawn", recorded("claude-text-turn")],
      { env }
    ).ended
    expect(JSON.parse(stdout)).toEqual({
      status: "failed",
      reason: expect.stringContaining("cannot make the directory")
    })
    expect(code).toBe(0)
  })

  it("calls a session by the name of its file, also where that is an ending alone", async () => {
    for (const [name, session] of [
      [".jsonl", ".jsonl"],
      ["a.b.jsonl", "a.b"]
    ] as const) {
      const transcript = join(root, name)
      writeFileSync(transcript, "")
      expect(linesOf((await hook([transcript])).line["path"])[0]).toMatchObject({ session_id: session })
    }
  })

  it("defers nothing into a directory that takes no files, and says so", async () => {
    if (process.getuid?.() === 0) return console.warn("skipped: a read-only directory, because root may write into any")
    const state = stateDirectory()
    mkdirSync(join(state, "deferred-captures"), { recursive: true, mode: 0o700 })
    chmodSync(join(state, "deferred-captures"), 0o500)
    expect((await hook(["--session-id", "s", recorded("claude-text-turn")], { state })).line).toMatchObject({
      status: "failed"
    })
  })
})

describe("--hook", () => {
  const told = async (
    input: object | string,
    words: ReadonlyArray<string> = ["capture-transcript", "--no-spawn", "--hook"]
  ) => {
    const { code, stdout } = await startProgram(process.execPath, [bin, ...words], {
      env: { TETHER_STATE_DIR: stateDirectory() },
      input: typeof input === "string" ? input : JSON.stringify(input)
    }).ended
    expect(code).toBe(0)
    return JSON.parse(stdout) as Readonly<Record<string, unknown>>
  }

  it("takes session, transcript and directory from stdin, as agent programs name them", async () => {
    const input = {
      session_id: "s-9",
      transcript_path: recorded("claude-tool-turn"),
      cwd: "/home/dev/project",
      hook_event_name: "SessionEnd",
      more: { x: 1 }
    }
    const line = await told(input)
    expect(line).toMatchObject({ status: "deferred", events: 3 })
    expect(linesOf(line["path"])[0]).toMatchObject({ session_id: "s-9", cwd: "/home/dev/project" })
    expect(await told(input, ["capture-turn", "--hook"])).toMatchObject({
      status: "deferred",
      events: 3,
      path: expect.stringMatching(/s-9\.live\.jsonl$/)
    })
    expect(await told(input, ["capture-transcript", "--hook"])).toMatchObject({ status: "delivered", inserted: 3 })
  })

  it("takes them from JSON that begins with a byte order mark", async () => {
    const input = `\uFEFF${JSON.stringify({ session_id: "s-9", transcript_path: recorded("claude-tool-turn") })}`
    expect(await told(input)).toMatchObject({ status: "deferred", events: 3 })
  })

  it("captures what was said of a rollout of Codex", async () => {
    const line = await told({ session_id: "s-9", transcript_path: recorded("codex-session") })
    expect(
      linesOf(line["path"])
        .slice(1)
        .map(({ role, text }) => `${role}: ${text}`)
    ).toEqual(["one", "two", "three"].flatMap((each) => [`user: ${each}`, `assistant: Answer to ${each}.`]))
  })

  it("takes the agent's last words from stdin where they are not written yet, and counts what it leaves out", async () => {
    const transcript = join(root, "unfinished.jsonl")
    const said = { type: "user", uuid: "1", message: { role: "user", content: "one" } }
    const unknown = { type: "news", message: { role: "assistant", content: "not said" } }
    writeFileSync(transcript, `${JSON.stringify(said)}\n${JSON.stringify(unknown)}\n`)
    const input = { session_id: "s-9", transcript_path: transcript, last_assistant_message: "two" }
    for (const command of ["capture-transcript", "capture-turn"]) {
      const line = await told(input, [command, ...(command === "capture-turn" ? [] : ["--no-spawn"]), "--hook"])
      expect(line).toMatchObject({ status: "deferred", events: 2, unknown: 1 })
      expect(
        linesOf(line["path"])
          .slice(1)
          .map(({ text }) => text)
      ).toEqual(["one", "two"])
    }
  })

  it.each([
    ["", /no JSON object/],
    ["[1]", /no JSON object/],
    ["{}", /no transcript_path/],
    [`{"transcript_path":7}`, /no transcript_path/],
    [`{"transcript_path":"/tmp/a\\u0000b"}`, /cannot read the transcript/],
    ["x".repeat(1024 * 1024 + 1), /too long/]
  ])("says what is wrong with stdin", async (input, reason) => {
    expect(await told(input)).toEqual({ status: "failed", reason: expect.stringMatching(reason) })
  })

  it("answers when the object is whole, though stdin stays open", async () => {
    const hook = startProgram(process.execPath, [bin, "capture-transcript", "--no-spawn", "--hook"], {
      env: { TETHER_STATE_DIR: stateDirectory() },
      input: { keep: true }
    })
    hook.process.stdin?.write(
      JSON.stringify({ session_id: "a}", transcript_path: recorded("claude-tool-turn") }, undefined, 2)
    )
    expect(JSON.parse((await hook.ended).stdout)).toMatchObject({ status: "deferred", events: 3 })
  })

  it("waits for a stdin that nobody writes to no longer than for anything else", async () => {
    const { ended } = startProgram(
      process.execPath,
      [bin, "capture-transcript", "--no-spawn", "--hook", "--deadline", "300"],
      { input: { keep: true } }
    )
    expect(JSON.parse((await ended).stdout)).toMatchObject({
      status: "failed",
      reason: "it was not done within 300 ms"
    })
  })
})

describe("a daemon", () => {
  /** A server that does this with each connection. */
  const listening = async (onConnection: (socket: Socket) => void): Promise<string> => {
    const path = join(root, `d${++count}.sock`)
    const sockets = new Set<Socket>()
    const server: Server = createServer((socket) => {
      sockets.add(socket.on("error", () => undefined))
      onConnection(socket)
    })
    await new Promise<void>((resolve) => server.listen(path, resolve))
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    return path
  }

  // With a deadline that leaves time to ask it, however long the hook took to start.
  const words = ["--session-id", "s", "--deadline", "30000", recorded("claude-tool-turn")]

  /** Tries again where the machine was so busy that no answer came in the 600 ms that a hook waits. */
  const answeredHook = async (onConnection: (socket: Socket) => void) => {
    for (let tries = 20; ; tries--) {
      const result = await hook(words, { socket: await listening(onConnection) })
      const isLate = String(result.line["because"]).startsWith("no answer within")
      if (!isLate || tries === 0) return result
    }
  }

  it("that answers is given the header and the events, and nothing is deferred", async () => {
    let received = ""
    const { folder, line } = await answeredHook((connection) => {
      received = ""
      connection.setEncoding("utf8").on("data", (text: string) => {
        received += text
        if (received.split("\n").length === 5)
          connection.write(`{"v":1,"ok":true,"inserted":2,"reinforced":1,"skipped":0,"failed":0}\n`)
      })
    })
    expect(line).toEqual({ status: "delivered", events: 3, inserted: 2, reinforced: 1, skipped: 0, failed: 0 })
    expect(existsSync(folder)).toBe(false)
    const [request, ...events] = received
      .trimEnd()
      .split("\n")
      .map((text) => JSON.parse(text) as Readonly<Record<string, unknown>>)
    expect(request).toMatchObject({ v: 1, op: "put", records: 3, header: { version: 1, session_id: "s" } })
    expect(events.map(({ role }) => role)).toEqual(["user", "assistant", "assistant"])
  })

  it("of another user is given nothing: that is deferred, and said on stderr", async (context) => {
    if (process.geteuid?.() !== 0) {
      console.log("skipped: a socket of another user, because only root can make one")
      return context.skip()
    }
    let received = ""
    const socket = await listening((connection) =>
      connection.setEncoding("utf8").on("data", (text: string) => {
        received += text
      })
    )
    chownSync(socket, 65_534, 65_534)
    const { code, folder, line, stderr } = await hook(words, { socket })
    const whose = "it belongs to user 65534, must belong to the current user or root"
    expect(code).toBe(0)
    expect(line).toMatchObject({ status: "deferred", events: 3, because: `no daemon listens: ${whose}` })
    expect(stderr).toBe(`tether: ignoring socket ${socket}: ${whose}\n`)
    expect(deferralsIn(folder)).toHaveLength(1)
    expect(received).toBe("")
    expect((await hook(["--policy", "live-or-fail", ...words], { socket })).line).toMatchObject({ status: "failed" })
  })

  const nonsense: ReadonlyArray<readonly [string, (socket: Socket) => void, RegExp]> = [
    ["goes at once", (socket) => socket.destroy(), /ECONNRESET|EPIPE|closed/],
    ["closes", (socket) => socket.end(), /ECONNRESET|EPIPE|closed/],
    ["speaks nonsense", (socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"), /no answer/],
    ["never ends its line", (socket) => socket.write("x".repeat(100_000)), /too long/],
    ["refuses", (socket) => socket.write(`{"v":1,"ok":false,"error":"not now"}\n`), /not now/],
    ["says yes and no more", (socket) => socket.write(`{"v":1,"ok":true}\n`), /tells of 0 records, and got 3/],
    [
      "counts below zero",
      (socket) => socket.write(`{"v":1,"ok":true,"inserted":-1,"reinforced":4,"skipped":0,"failed":0}\n`),
      /no answer/
    ],
    [
      "counts in fractions",
      (socket) => socket.write(`{"v":1,"ok":true,"inserted":1.5,"reinforced":1.5,"skipped":0,"failed":0}\n`),
      /no answer/
    ],
    [
      "has taken only some",
      (socket) => socket.write(`{"v":1,"ok":true,"inserted":2,"failed":1}\n`),
      /1 records were not taken/
    ]
  ]
  const isDeferred = ({ code, line }: Awaited<ReturnType<typeof hook>>, because: RegExp) => {
    expect(code).toBe(0)
    expect(line).toMatchObject({ status: "deferred", events: 3, because: expect.stringMatching(because) })
    expect(linesOf(line["path"])).toHaveLength(4)
  }
  it.each(nonsense)("that %s has all of it deferred", async (_, act, because) =>
    isDeferred(await answeredHook(act), because)
  )
  it("that hangs has all of it deferred", async () =>
    isDeferred(await hook(words, { socket: await listening(() => undefined) }), /no answer within/))

  it("that hangs costs ten hooks at once nothing that they were given", async () => {
    const socket = await listening(() => undefined)
    const state = stateDirectory()
    const ten = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        hook(["--session-id", `s${index}`, recorded("claude-tool-turn")], { socket, state })
      )
    )
    expect(ten.filter(({ line }) => line["status"] !== "deferred")).toEqual([])
    expect(deferralsIn(join(state, "deferred-captures"))).toHaveLength(10)
  })

  it("is not asked where all is to be deferred, and nothing is deferred where it must answer", async () => {
    let asked = 0
    const socket = await listening((connection) => {
      asked++
      connection.destroy()
    })
    expect((await hook(["--policy", "always-defer", ...words], { socket })).line["status"]).toBe("deferred")
    expect(asked).toBe(0)
    const { folder, line } = await hook(["--policy", "live-or-fail", ...words], { socket })
    expect(line["status"]).toBe("failed")
    expect(asked).toBe(1)
    expect(existsSync(folder)).toBe(false)
  })
})

describe("tether capture-turn", () => {
  it("keeps what is new after each turn, and the end of the session gives it to whoever drains", async () => {
    const state = stateDirectory()
    const transcript = join(root, "growing.jsonl")
    const lines = readFileSync(recorded("claude-tool-turn"), "utf8").trimEnd().split("\n")
    const turn = () => capture(["capture-turn", "--session-id", "s", transcript], { state })
    writeFileSync(transcript, `${lines.slice(0, 3).join("\n")}\n`)
    const { folder, line } = await turn()
    expect(line).toMatchObject({ status: "deferred", events: 1 })
    expect((await turn()).line).toMatchObject({ events: 0 })
    writeFileSync(transcript, `${lines.join("\n")}\n`)
    expect((await turn()).line).toMatchObject({ events: 2 })
    const kept = linesOf(join(folder, "s.live.jsonl"))
    expect(kept.map(({ text }) => text)).toEqual([
      undefined,
      "read notes.txt",
      "I will read the file.",
      expect.stringContaining("It says")
    ])
    // Shorter than it was: it is read from its beginning, and the keys are the same.
    writeFileSync(transcript, `${lines.slice(0, 3).join("\n")}\n`)
    expect((await turn()).line).toMatchObject({ events: 1 })
    expect(linesOf(join(folder, "s.live.jsonl"))[4]?.["key"]).toBe(kept[1]?.["key"])

    const whole = await hook(["--session-id", "s", transcript], { state })
    const names = deferralsIn(folder)
    expect(names).toEqual([expect.stringMatching(/^s-\d+-/), expect.stringMatching(/^s\.live-\d+\.jsonl$/)])
    expect(linesOf(whole.line["path"])[1]?.["key"]).toBe(kept[1]?.["key"])
    // How far it was is of no use any more.
    expect(readdirSync(folder)).toEqual(names)
  })
})

describe("a live file", () => {
  const turnOf = (text: string) => `${JSON.stringify({ type: "user", message: { content: text } })}\n`
  const transcriptOf = (...texts: ReadonlyArray<string>) => {
    const path = join(root, `transcript-${++count}.jsonl`)
    writeFileSync(path, texts.map(turnOf).join(""))
    return path
  }
  const turn = (state: string, session: string, transcript: string) =>
    capture(["capture-turn", "--session-id", session, transcript], { state })
  const textsIn = (folder: string) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".live.jsonl"))
      .map((name) => linesOf(join(folder, name)).map(({ session_id, text }) => session_id ?? text))

  it("is one for each session, however alike their names are", async () => {
    const state = stateDirectory()
    for (const session of ["feature/\u00e9", "feature/\u00fc", "feature_\u00fc", "feature__"])
      await turn(state, session, transcriptOf(`in ${session}`, "two"))
    const all = textsIn(join(state, "deferred-captures"))
    expect(all).toHaveLength(4)
    for (const [session, first] of all) expect(first).toBe(`in ${session}`)
  })

  it("begins anew with another transcript, also with a longer one", async () => {
    const state = stateDirectory()
    const path = transcriptOf("old 1", "old 2")
    await turn(state, "s", path)
    writeFileSync(path, ["new 1", "new 2", "new 3"].map(turnOf).join(""))
    expect((await turn(state, "s", path)).line).toMatchObject({ events: 3 })
    expect(textsIn(join(state, "deferred-captures"))).toEqual([["s", "old 1", "old 2", "new 1", "new 2", "new 3"]])
  })

  it("goes on behind half a line, and with a mark that makes no sense", async () => {
    const state = stateDirectory()
    const path = transcriptOf("one")
    const { folder } = await turn(state, "s", path)
    const live = join(folder, "s.live.jsonl")
    writeFileSync(live, `${readFileSync(live, "utf8")}{"text":"torn`)
    writeFileSync(path, `${turnOf("one")}${turnOf("two")}`)
    await turn(state, "s", path)
    expect(readFileSync(live, "utf8").split("\n")[3]).toContain(`"text":"two"`)
    writeFileSync(join(folder, "s.live.mark"), "-5 3 00")
    expect((await turn(state, "s", path)).line).toMatchObject({ events: 2 })
  })

  it("has one header, however many begin it at once", async () => {
    const state = stateDirectory()
    const path = transcriptOf("one", "two")
    const { folder } = (await Promise.all(Array.from({ length: 5 }, () => turn(state, "s", path))))[0] ?? { folder: "" }
    const lines = linesOf(join(folder, "s.live.jsonl"))
    expect(lines.map((line, index) => "version" in line === (index === 0))).not.toContain(false)
  })
})

describe("tether capture-transcript", () => {
  it("hands the transcript over now: counts on stdout, and nothing is deferred", async () => {
    const state = stateDirectory()
    const run = () => capture(["capture-transcript", "--session-id", "s", recorded("claude-tool-turn")], { state })
    const delivered = { status: "delivered", events: 3, inserted: 0, reinforced: 0, skipped: 0, failed: 0 }
    expect((await run()).line).toEqual({ ...delivered, inserted: 3 })
    const { code, folder, line } = await run()
    expect(code).toBe(0)
    expect(line).toEqual({ ...delivered, reinforced: 3 })
    const missing = await capture(["capture-transcript", join(root, "none.jsonl")], { state })
    expect(missing.code).toBe(0)
    expect(missing.line).toEqual({ ...delivered, events: 0, missing: true })
    expect(missing.stderr).toBe("tether: nothing was captured: there is no such transcript\n")
    for (const words of [[], ["--no-spawn"]]) {
      const strict = await capture(["capture-transcript", ...words, "--strict", join(root, "none.jsonl")])
      expect([strict.code, strict.line["missing"]]).toEqual([1, true])
    }
    expect(existsSync(folder)).toBe(false)
  })

  it("hands it to the handler that is configured", async () => {
    const handler = join(root, "handler.mjs")
    writeFileSync(
      handler,
      `import { appendFileSync } from "node:fs"
import * as Effect from "${pathToFileURL(createRequire(import.meta.url).resolve("effect/Effect")).href.replace("/cjs/", "/esm/")}"
export const handler = ({ record }) => Effect.sync(() => {
  appendFileSync("${root}/handled", record.text + "\\n")
  return { _tag: "Done", isKnown: false }
})
`
    )
    const env = { TETHER_STATE_DIR: stateDirectory(), TETHER_CAPTURE_HANDLER: handler }
    const { stdout } = await startProgram(process.execPath, [bin, "capture-transcript", recorded("claude-text-turn")], {
      env
    }).ended
    expect(JSON.parse(stdout)).toMatchObject({ status: "delivered", events: 2, inserted: 2 })
    expect(readFileSync(join(root, "handled"), "utf8")).toBe("say hi\nHello from mock\n")
  })

  it("shows in its help what --no-spawn does", async () => {
    const { code, stdout } = await tether(["capture-transcript", "--help"]).ended
    expect(code).toBe(0)
    expect(stdout).toMatch(/--no-spawn +\S/)
  })
})
