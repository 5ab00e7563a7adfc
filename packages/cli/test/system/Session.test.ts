import { execFileSync, spawnSync } from "node:child_process"
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it, onTestFinished, vi } from "vitest"
import { PlainText } from "../../src/internal/plainText.js"
import { tetherHere } from "../support/here.js"
import { openTerminal, type Terminal } from "../support/terminal.js"
import { bin, isAlive, start, startProgram, tether, until } from "../support/tether.js"

const root = mkdtempSync(join(tmpdir(), "tether-session-"))
process.env["TETHER_RUNTIME_DIR"] = join(root, "run")
process.env["TETHER_STATE_DIR"] = join(root, "state")
delete process.env["TMUX"]
const logDir = join(root, "state/sessions")
const socketOf = (server: string) => join(root, "run/tmux", server)
const inTmux = (...words: ReadonlyArray<string>) =>
  execFileSync("tmux", ["-S", socketOf("default"), ...words], { encoding: "utf8" }).trim()

const isRoot = process.geteuid?.() === 0
if (!isRoot) console.log("skipped: logs of other users, because only root can make them")

afterAll(() => {
  for (const server of ["default", "doomed", "locked"]) spawnSync("tmux", ["-S", socketOf(server), "kill-server"])
  rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
})

const session = (...words: ReadonlyArray<string>) => tetherHere(["session", ...words])
const launch = async (name: string, script: string, ...options: ReadonlyArray<string>) => {
  const ended = await session("launch", ...options, name, "--", "sh", "-c", script)
  if (ended.code !== 0) throw new Error(`${name}: ${ended.stderr}`)
  onTestFinished(async () => void (await session("stop", "--grace", "0s", name)))
  return ended
}
const log = (name: string): string =>
  existsSync(join(logDir, `${name}.log`)) ? readFileSync(join(logDir, `${name}.log`), "utf8") : ""
const written = (name: string, text: string) =>
  until(`${JSON.stringify(text)} in the log of ${name}`, () => log(name).includes(text))

interface Listed {
  readonly identity: string
  readonly state: string
  readonly id: string
  readonly pid: number
  readonly shimPid: number
  readonly attached: number
}
const listed = async (...options: ReadonlyArray<string>): Promise<ReadonlyArray<Listed>> =>
  (JSON.parse((await session("ls", "--json", ...options)).stdout) as { readonly sessions: ReadonlyArray<Listed> })
    .sessions
const one = async (name: string) => (await listed()).find(({ identity }) => identity === name)

/**
 * Leaves a session by its keys, which are typed again until they count: tmux takes keys for a paste, and not for its
 * own, where they come within a millisecond of other activity, as on a busy machine.
 */
const detached = async (pty: Terminal) => {
  const typed = setInterval(() => pty.type("\u0002d"), 2000)
  pty.type("\u0002d")
  return await pty.ended.finally(() => clearInterval(typed))
}

/** The command lines of the processes that have it open. */
const holdersOf = (file: string): ReadonlyArray<string> =>
  readdirSync("/proc").flatMap((pid) => {
    try {
      const links = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
      return links.includes(file) ? [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")] : []
    } catch {
      // No process, or one that has ended meanwhile.
      return []
    }
  })

/** Until the end of the test, no program is found. */
const withoutTmux = () => {
  vi.stubEnv("PATH", root)
  onTestFinished(() => void vi.unstubAllEnvs())
}

describe("words", () => {
  it.each([
    [
      "launch",
      [
        "--log-dir DIR",
        "--exit-log-dir DIR",
        "--no-exit-log",
        "--cwd DIR",
        "--env NAME=VALUE",
        "--cols N",
        "--rows N",
        "--attach",
        "--server NAME"
      ]
    ],
    ["ls", ["--json", "--server NAME"]],
    ["attach", ["--server NAME"]],
    ["send", ["--keys", "--no-submit"]],
    ["logs", ["-f, --follow", "-n, --lines N", "--plain", "--raw", "--path", "--log-dir DIR"]],
    ["stop", ["--grace DURATION", "--reason WORD"]]
  ])("session %s --help shows its own options", async (command, options) => {
    const { code, stderr, stdout } = await tether(["session", command, "--help"])
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    expect(stdout).toContain(`Usage: tether session ${command} [options]`)
    for (const option of options) expect(stdout).toContain(`  ${option}`)
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(140)
  })

  it("session --help shows what it knows", async () => {
    const { stdout } = await tether(["session", "--help"])
    for (const part of ["launch", "ls", "attach", "send", "logs", "stop"])
      expect(stdout).toMatch(new RegExp(`^  session ${part} +[A-Z]`, "m"))
    expect((await tether(["--help"])).stdout).toContain("tether session launch|ls|attach|send|logs|stop [options]")
  })

  it.each<[words: Array<string>, reason: string]>([
    [[], "tether session knows launch, ls, attach, send, logs, stop"],
    [["frob"], 'there is no action "frob": tether session knows launch, ls'],
    [["lanch"], 'there is no action "lanch" (did you mean "launch"?)'],
    [["--json"], "'--json' is no option here"],
    [["launch"], "Missing argument <NAME>"],
    [["launch", "web"], "Missing argument <COMMAND>"],
    [["launch", "web", "ls"], "'ls' is not known here"],
    [["launch", "--", "ls"], "the session needs a name, which stands before --"],
    [["launch", "--env", "secret", "web", "--", "ls"], "--env takes NAME=VALUE, and was given something without"],
    [["launch", "--env==x", "web", "--", "ls"], "--env takes NAME=VALUE, and was given something without"],
    [["launch", "--cols", "wide", "web", "--", "ls"], "--cols takes a whole number, and not 'wide'"],
    [["launch", "--no-exit-log", "--exit-log-dir", "x", "web", "--", "ls"], "and --no-exit-log that it is not"],
    [
      ["launch", "--attach", "web", "--", "ls"],
      "--attach shows the session in this terminal, and stdin or stdout is none"
    ],
    [["launch", "--log-dir", "", "web", "--", "ls"], "--log-dir needs a name"],
    [["attach", "web"], "attach shows the session in this terminal, and stdin or stdout is none"],
    [["send", "--keys", "web"], "--keys needs keys"],
    [["send", "--keys", "--no-submit", "web", "C-c"], "--no-submit is for a text"],
    [["logs", "-n"], "--lines needs a value: --lines N"],
    [["logs", "-n", "-3", "web"], "--lines takes a whole number, and not '-3'"],
    [["stop", "--grace", "soon", "web"], "--grace takes a duration"],
    [["stop", "--reason", "", "web"], "--reason needs a name"],
    [["ls", "--server"], "--server needs a value: --server NAME"],
    [["ls", "--server", "a/b"], '--server takes letters, digits, "_" and "-", and not \'a/b\'']
  ])("session %j is refused, with its usage", async (words, reason) => {
    const { code, stderr, stdout } = await session(...words)
    expect(stderr).toContain(reason)
    expect(stderr).toContain("usage: tether session ")
    expect(stdout).toBe("")
    expect(code).toBe(2)
  })
})

describe("tether session launch", () => {
  it("starts a program that goes on, and says in one line what it is called and where its output goes", async () => {
    const { stdout } = await launch(
      "web 1.2:3",
      `echo "$HELLO in $PWD"; stty size; exec sleep 300`,
      "--env",
      "HELLO=a=b",
      "--env=OTHER=1",
      "--cwd",
      root,
      "--cols",
      "90",
      "--rows",
      "30"
    )
    const found = await one("web 1.2:3")
    expect(stdout).toBe(`web 1.2:3\t${found?.id}\t${logDir}/web 1.2:3.log\n`)
    await written("web 1.2:3", `a=b in ${root}\r\n30 90\r\n`)
    expect(found?.state).toBe("alive")
  })

  it.each<[words: Array<string>, code: number, says: string]>([
    [["nothing", "--", "no-such-program"], 127, "was found on the PATH"],
    [["a/b", "--", "true"], 2, "identity has a slash"],
    [["small", "--cols", "0", "--", "true"], 2, "cols is a whole number of at least 1"],
    [["nowhere", "--log-dir", "/dev/null/none", "--", "true"], 1, "/dev/null/none"]
  ])("%j ends with %i", async (words, code, says) => {
    const ended = await session("launch", ...words)
    expect(ended.stderr).toContain(says)
    expect(ended).toMatchObject({ code, stdout: "" })
  })

  it("why tells of a program that does not exist that it was not launched", async () => {
    const state = join(root, "state-of-none")
    vi.stubEnv("TETHER_STATE_DIR", state)
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(await session("launch", "never", "--", "no-such-program")).toMatchObject({ code: 127 })
    const { stdout } = await tetherHere(["why", "never"])
    expect(stdout).toMatch(/^"never" could not be launched at .*ago\.\nIts program does not exist/)
    expect(stdout).not.toContain("exited with")
  })

  it("126 for a program that may not be executed, and 1 for a name that is taken", async () => {
    const file = join(root, "no-program")
    writeFileSync(file, "")
    chmodSync(file, 0o600)
    expect(await session("launch", "may-not", "--", file)).toMatchObject({ code: 126, stdout: "" })
    await launch("twice", "exec sleep 300")
    const again = await session("launch", "twice", "--", "true")
    expect(again).toMatchObject({
      code: 1,
      stdout: "",
      stderr: `tether: session "twice" runs already: stop it first, or take another name\n`
    })
  })

  it("takes its own directories, and records nothing where it is told so", async () => {
    const [logs, exits] = [join(root, "own/logs"), join(root, "own/exits")]
    await launch("own", "echo here; read -r go; exit 3", "--log-dir", logs, "--exit-log-dir", exits)
    const following = start(["session", "logs", "-f", "own"])
    await until("its output", () => following.stdout() === "here\r\n")
    expect(await session("send", "--keys", "own", "Enter")).toMatchObject({ code: 0 })
    expect((await following.ended).stderr).toBe(`tether: "own" exited with code 3\n`)
    expect((await tetherHere(["why", "own", "--directory", exits])).stdout).toContain(`"own" exited with code 3`)
    expect((await session("logs", "own", "--log-dir", logs)).stdout).toBe("here\r\n\r\n")
    await launch("unseen", "exec sleep 300", "--no-exit-log")
    expect((await session("stop", "unseen")).stdout).toBe(`"unseen" was ended by SIGHUP\n`)
    expect(await tetherHere(["why", "unseen"])).toMatchObject({ code: 1 })
  })

  it("keeps no file open that the launching script has, such as its lock", async () => {
    const lock = openSync(join(root, "lock"), "w")
    const stdio = Array.from({ length: 201 }, (_, fd) => (fd === 200 ? lock : ("ignore" as const)))
    const words = ["session", "launch", "--server", "locked", "holder", "--", "sleep", "300"]
    expect(spawnSync(process.execPath, [bin, ...words], { stdio }).status).toBe(0)
    closeSync(lock)
    expect(holdersOf(join(root, "lock"))).toEqual([])
    expect(await session("stop", "--server", "locked", "--grace", "0s", "holder")).toMatchObject({ code: 0 })
  })

  it("says what to install where there is no tmux", async () => {
    withoutTmux()
    const { code, stderr } = await session("launch", "web", "--", "true")
    expect(code).toBe(1)
    expect(stderr).toContain("there is no tmux")
    expect(stderr).toContain("Install tmux 3.2 or newer (apt-get install tmux, brew install tmux)")
  })
})

describe("tether session ls", () => {
  it("shows the oldest first, and nothing where there is none", async () => {
    const none = await session("ls", "--server", "nobody")
    expect(none).toEqual({ code: 0, stdout: "", stderr: "tether: there is no session\n" })
    expect(await session("ls", "--json", "--server", "nobody")).toMatchObject({ code: 0, stdout: `{"sessions":[]}\n` })
    await launch("first", "exec sleep 300")
    await launch("second", "exec sleep 301")
    const { stdout } = await session("ls")
    expect(stdout).toMatch(/^NAME +STATE +PID +SHIM +AGE +ATTACHED +COMMAND\n/)
    expect(stdout).toMatch(
      /^first +alive +\d+ +\d+ +\d+s +0 +sh -c 'exec sleep 300'\nsecond +alive +\d+ +\d+ +\d+s +0 +sh -c 'exec sleep 301'$/m
    )
  })

  it("shows the pid of the program, and its shim's beside it", async () => {
    await launch("pids", "echo pid=$$; exec sleep 300")
    await written("pids", "pid=")
    const { pid, shimPid } = (await one("pids")) ?? { pid: 0, shimPid: 0 }
    expect(log("pids")).toContain(`pid=${pid}\r\n`)
    expect(readFileSync(`/proc/${pid}/stat`, "utf8")).toMatch(new RegExp(`^${pid} \\(sleep\\) \\S ${shimPid} `))
    expect((await session("ls")).stdout).toMatch(new RegExp(`^pids +alive +${pid} +${shimPid} `, "m"))
  })

  it("--all shows also what has ended, and how", async () => {
    await launch("living", "exec sleep 300")
    await launch("failed", "exit 3")
    await launch("unseen-end", "echo up; exec sleep 300", "--no-exit-log")
    await launch("elsewhere", "exec sleep 300", "--server", "doomed")
    await until("the end", async () => (await tetherHere(["why", "failed"])).stdout.includes("exited with code 3"))
    await session("stop", "--grace", "0s", "unseen-end")
    await until("both have gone", async () => !(await listed()).some(({ identity }) => /failed|unseen/.test(identity)))

    const { stdout } = await session("ls", "--all")
    expect(stdout).toMatch(/^NAME +STATE +PID +SHIM +AGE +ATTACHED +COMMAND +END$/m)
    expect(stdout).toMatch(/^failed +ended +- +- +- +- +sh -c 'exit 3' +exited with code 3, \d+s ago$/m)
    expect(stdout).toMatch(/^unseen-end +unknown +- .* no record, only a log$/m)
    expect(stdout).toMatch(/^living +alive +\d+ /m)
    // It lives, on another server.
    expect(stdout).not.toContain("elsewhere")
    expect((await session("ls")).stdout).not.toContain("failed")
    const all = await listed("--all")
    expect(all.find(({ identity }) => identity === "failed")).toMatchObject({
      state: "ended",
      deadStatus: 3,
      endedBy: "child",
      logFile: join(logDir, "failed.log")
    })
    await session("stop", "--server", "doomed", "--grace", "0s", "elsewhere")
  })
})

describe("tether session send", () => {
  const reader = `while read -r line; do echo "got <$line>"; done`

  it("submits words, or what comes on stdin, without its last newline", async () => {
    await launch("reader", reader)
    expect(await session("send", "reader", "hello", "there")).toEqual({ code: 0, stdout: "", stderr: "" })
    await written("reader", "got <hello there>")
    const piped = [
      [["send", "reader"], "from a pipe\n"],
      [["send", "reader", "-"], "by its name"]
    ] as const
    // Two at once wait for each other.
    await Promise.all(
      piped.map(async ([words, input]) =>
        expect(await tether(["session", ...words], { input })).toEqual({ code: 0, stdout: "", stderr: "" })
      )
    )
    await written("reader", "got <from a pipe>")
    await written("reader", "got <by its name>")
    expect(await session("send", "reader", "--", "--keys", "-")).toMatchObject({ code: 0 })
    await written("reader", "got <--keys ->")
    expect(await session("send", "--no-submit", "reader", "not yet")).toMatchObject({ code: 0 })
    expect(log("reader")).not.toContain("got <not yet>")
    expect(await session("send", "--keys", "reader", "Space", "x", "Enter")).toMatchObject({ code: 0 })
    await written("reader", "got <not yet x>")
  })

  it("refuses a key that tmux does not know, whose letters it would type", async () => {
    await launch("typo", "cat")
    expect(await session("send", "--keys", "typo", "C-x", "Entr")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`tmux has no key "Entr" (did you mean "Enter"?)`)
    })
  })

  it("presses keys", async () => {
    await launch("keys", `trap 'echo interrupted' INT; echo up; while true; do sleep 300 & wait; done`)
    await written("keys", "up")
    expect(await session("send", "--keys", "keys", "C-c")).toEqual({ code: 0, stdout: "", stderr: "" })
    await written("keys", "interrupted")
  })

  it("says what was not delivered, and never shows it", async () => {
    await launch("deaf", "stty -echo; echo up; exec sleep 300")
    await written("deaf", "up")
    const failed = await session("send", "deaf", "a-secret")
    expect(failed).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^tether: 8 bytes were not delivered to session "deaf": .*did not appear/)
    })
    expect(failed.stderr).not.toContain("a-secret")
    expect(readFileSync(join(logDir, "delivery.log"), "utf8")).not.toContain("a-secret")
    const latin = await tether(["session", "send", "deaf"], { input: new Uint8Array([0x61, 0xe9]) })
    expect(latin).toMatchObject({ code: 2, stderr: "tether: the text on stdin cannot be taken: it is no UTF-8\n" })
  })
})

describe("an unknown name", () => {
  it("is answered with those that are known", async () => {
    await launch("known", "exec sleep 300")
    for (const words of [
      ["send", "nobody", "hi"],
      ["stop", "nobody"]
    ]) {
      expect(await session(...words)).toMatchObject({
        code: 1,
        stdout: "",
        stderr: expect.stringMatching(/^tether: there is no session "nobody"; there is: .*"known"/)
      })
    }
    expect(await session("logs", "nobody")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/there is no log of a session "nobody" in .*; there is one of: .*"known"/)
    })
    expect(await session("stop", "nobody", "--server", "nobody")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("there is none at all")
    })
    writeFileSync(join(logDir, "exits.log"), "")
    for (const path of ["../journal/exits", "delivery", "exits", ""])
      expect(await session("logs", path)).toMatchObject({ code: 1, stdout: "" })
  })
})

describe("Ctrl-C", () => {
  it("in a launch ends it before its program starts", async () => {
    const at = (name: string) => join(root, `slow-tmux-${name}`)
    mkdirSync(at("bin"))
    const script = `case " $* " in *" pane-died "*) : > "${at("reached")}"; while [ ! -e "${at("go")}" ]; do sleep 0.02; done;; esac`
    writeFileSync(join(at("bin"), "tmux"), `#!/bin/sh\n${script}\nPATH=\${PATH#*:}\nexec tmux "$@"\n`, { mode: 0o755 })
    const launching = start(["session", "launch", "unwanted", "--", "touch", at("ran")], {
      env: { PATH: `${at("bin")}:${process.env["PATH"]}` }
    })
    await until("the launch is on its way", () => existsSync(at("reached")))
    launching.process.kill("SIGINT")
    writeFileSync(at("go"), "")
    expect(await launching.ended).toEqual({
      code: 130,
      stdout: "",
      stderr: "tether: interrupted: nothing was launched, or it has been stopped again (SIGINT)\n"
    })
    expect(await one("unwanted")).toBe(undefined)
    expect(existsSync(at("ran"))).toBe(false)
  })

  it("in a delivery leaves nothing of the text, and a line in the log", async () => {
    await launch("mute", "stty -echo; echo up; exec sleep 300")
    await written("mute", "up")
    const run = join(root, "run/tmux")
    const sending = start(["session", "send", "mute", "a-secret"])
    await until("it is being delivered", () => readdirSync(run).some((name) => name.endsWith(".delivery")))
    sending.process.kill("SIGTERM")
    expect(await sending.ended).toMatchObject({
      code: 143,
      stderr: expect.stringContaining("nobody knows whether the text has arrived (SIGTERM)")
    })
    expect(readFileSync(join(logDir, "delivery.log"), "utf8")).toMatch(
      / identity=mute length=8 via=paste landed=false error=Interrupted\n/
    )
    expect(readdirSync(run).filter((name) => name.endsWith(".delivery"))).toEqual([])
    expect(inTmux("list-buffers")).toBe("")
  })
})

describe("tether session logs", () => {
  const directory = join(root, "kept")
  mkdirSync(directory)
  writeFileSync(join(directory, "old.log.2"), "1\r\n2\r\n")
  writeFileSync(join(directory, "old.log.1"), "3\r\n")
  writeFileSync(join(directory, "old.log"), "\u001b[31m4\u001b[0m\r\n 10%\r 100%\r\n\u001b]0;title\u0007five")
  const logs = async (...words: ReadonlyArray<string>) =>
    (await session("logs", "old", "--log-dir", directory, ...words)).stdout

  it("is one stream of all that is kept, also of a session that has ended", async () => {
    expect(await logs()).toBe("1\r\n2\r\n3\r\n\u001b[31m4\u001b[0m\r\n 10%\r 100%\r\n\u001b]0;title\u0007five")
    expect(await logs("--path")).toBe(`${directory}/old.log\n`)
    expect(await logs("--follow", "-n", "0")).toBe("")
  })

  it("is text with --plain", async () => {
    expect(await logs("--plain")).toBe("1\n2\n3\n4\n 10%\n 100%\nfive")
  })

  it.each([
    [
      "lines",
      "\u001b[1mbold\u001b[0m é 漢\r\n\u001b]8;;http://x\u0007link\u001b]8;;\u0007\r\n".repeat(200),
      "bold é 漢\nlink\n".repeat(200)
    ],
    ["a screen without a newline", "\u001b[3;7H\u001b[38;5;123mé\u001b[0m".repeat(2000), "é".repeat(2000)]
  ])("--plain is the same in whatever pieces it comes: %s", (_, given, expected) => {
    const bytes = new TextEncoder().encode(given)
    for (const size of [5, 4096, bytes.length]) {
      const text = new PlainText({})
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        text.push(bytes.subarray(index * size, (index + 1) * size))
      )
      expect(pieces.join("") + text.end() === expected).toBe(true)
    }
  })

  it.each([
    [0, ""],
    [1, "five"],
    [3, "4\n 10%\n 100%\nfive"],
    [4, "3\n4\n 10%\n 100%\nfive"],
    [5, "2\n3\n4\n 10%\n 100%\nfive"],
    [99, "1\n2\n3\n4\n 10%\n 100%\nfive"]
  ])("has the last %i lines", async (count, text) => {
    expect(await logs("--plain", "-n", String(count))).toBe(text)
  })

  it("shows bytes as they are, text or not", async () => {
    const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => (index * 7) % 256)
    writeFileSync(join(directory, "bytes.log"), bytes)
    const { stdout } = spawnSync(
      process.execPath,
      [join(import.meta.dirname, "../../dist/bin.cjs"), "session", "logs", "bytes", "--log-dir", directory],
      { maxBuffer: 1e7 }
    )
    expect(Buffer.compare(stdout, bytes)).toBe(0)
  })

  it("passes over pipes, which would be waited for", async () => {
    const own = mkdtempSync(join(root, "pipes-"))
    for (const name of ["half.log.1", "whole.log", "whole.log.1"]) execFileSync("mkfifo", [join(own, name)])
    writeFileSync(join(own, "half.log"), "text\n")
    expect(await session("logs", "half", "--log-dir", own)).toMatchObject({ code: 0, stdout: "text\n" })
    expect(await session("logs", "half", "-n", "1", "--log-dir", own)).toMatchObject({ code: 0, stdout: "text\n" })
    expect(await session("logs", "whole", "--log-dir", own)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no log of a session "whole"')
    })
  })

  it.skipIf(!isRoot)("shows another user's logs only where their directory is given", async () => {
    const state = mkdtempSync(join(root, "theirs-"))
    mkdirSync(join(state, "sessions"))
    writeFileSync(join(state, "sessions/old.log"), "theirs\n")
    for (const path of [state, join(state, "sessions"), join(state, "sessions/old.log")])
      chownSync(path, 12_345, 12_345)
    expect((await session("logs", "old", "--log-dir", join(state, "sessions"))).stdout).toBe("theirs\n")
    vi.stubEnv("TETHER_STATE_DIR", state)
    onTestFinished(() => void vi.unstubAllEnvs())
    const { code, stderr, stdout } = await session("logs", "old")
    expect([code, stdout]).toEqual([1, ""])
    expect(stderr).toContain("belongs to user 12345")
  })

  it("does not need tmux", async () => {
    withoutTmux()
    expect(await logs("-n", "1", "--plain")).toBe("five")
    expect(await session("logs", "-f", "-n", "1", "old", "--plain", "--log-dir", directory)).toMatchObject({
      code: 0,
      stdout: "five",
      stderr: expect.stringContaining("it is not followed: there is no tmux")
    })
    expect(await session("logs", "none", "--log-dir", directory)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/there is one of: .*"old"; there is no tmux/)
    })
  })

  it("follows one over rotations until it has ended, and says how, with nothing lost", async () => {
    await launch("long", "echo up; read go; seq 2500000; exit 4")
    const following = start(["session", "logs", "-f", "long"])
    await until("its output", () => following.stdout() === "up\r\n")
    expect(await session("send", "long", "go")).toMatchObject({ code: 0 })
    const { code, stderr, stdout } = await following.ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: `tether: "long" exited with code 4\n` })
    expect(existsSync(join(logDir, "long.log.1"))).toBe(true)
    const lines = stdout.split("\r\n")
    expect(lines.slice(0, 2)).toEqual(["up", "go"])
    expect(lines.slice(2, -1).findIndex((line, index) => line !== String(index + 1))).toBe(-1)
    expect(lines).toHaveLength(2_500_003)
  })

  it("ends with its reader, and with Ctrl-C", async () => {
    await launch("endless", "echo up; exec sleep 300")
    await written("endless", "up")
    const following = start(["session", "logs", "-f", "endless"])
    await until("its output", () => following.stdout() === "up\r\n")
    following.process.kill("SIGINT")
    expect((await following.ended).code).toBe(130)
    const piped = startProgram("sh", [
      "-c",
      `"$0" "$1" session logs -f endless | head -1`,
      process.execPath,
      join(import.meta.dirname, "../../dist/bin.cjs")
    ])
    await until("its line", () => piped.stdout() === "up\r\n")
    expect(await session("send", "--keys", "endless", "x")).toMatchObject({ code: 0 })
    expect(await piped.ended).toMatchObject({ code: 0 })
  })
})

describe("tether session stop", () => {
  it("ends it by plan, says how, and the journal has why", async () => {
    await launch("gentle", `trap 'echo bye; exit 7' HUP; echo up; while true; do sleep 300 & wait; done`)
    await written("gentle", "up")
    expect(await session("stop", "gentle", "--reason", "tired of it")).toEqual({
      code: 0,
      stdout: `"gentle" exited with code 7\n`,
      stderr: ""
    })
    expect((await session("logs", "gentle")).stdout).toBe("up\r\nbye\r\n")
    const { stdout } = await tetherHere(["why", "gentle"])
    expect(stdout).toContain(`"gentle" exited with code 7`)
    expect(stdout).toContain(
      "It was ended on purpose. The reason that was given: tired of it. The stop plan was at SIGHUP."
    )
    expect((await tetherHere(["exits", "--identity", "gentle"])).stdout).toMatch(
      /gentle +exit 7 +owner: SIGHUP, tired of it/
    )
    expect(await session("stop", "gentle")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("one of that name has ended")
    })
  })

  it("kills what does not end within the grace", async () => {
    await launch("stubborn", `trap '' HUP TERM; echo up; while true; do sleep 300; done`)
    await written("stubborn", "up")
    expect(await session("stop", "stubborn", "--grace", "100ms")).toMatchObject({
      code: 0,
      stdout: `"stubborn" was ended by SIGKILL\n`
    })
  })
})

describe("tether session stop", () => {
  it.each([
    ["bash", []],
    ["sh", []],
    ["sh", ["--grace", "10m"]]
  ] as const)(
    "ends an interactive %s by SIGHUP, which ignores SIGTERM, with the options %j",
    async (shell, options) => {
      await tetherHere(["session", "launch", "shell", "--", shell, "-i"])
      expect(await session("stop", "shell", ...options)).toMatchObject({
        code: 0,
        stdout: `"shell" was ended by SIGHUP\n`
      })
    }
  )
})

describe("tether why", () => {
  it("says of one that runs that it has not ended, and of one that died how, right after", async () => {
    await launch("short", "echo up; read go; kill -SEGV $$")
    const running = await tetherHere(["why", "short"])
    expect(running.stdout).toMatch(
      /^"short" \(shim \d+\), started at \S+Z, \d+m?s ago, has not ended\.\n(The last lines of its|Its) log/
    )
    const following = start(["session", "logs", "-f", "short"])
    await until("its output", () => following.stdout().includes("up"))
    await session("send", "--keys", "short", "Enter")
    await following.ended
    const { stdout } = await tetherHere(["why", "short"])
    expect(stdout).toContain(`"short" was ended by SIGSEGV`)
  })

  it("has the path and the last lines of the log, without what only a terminal understands", async () => {
    await launch("talks", `seq 1 20; printf '\\033[31mred\\033[0m \\342\\200\\256x\\n'; exit 4`)
    await until("the end", async () => (await tetherHere(["why", "talks"])).stdout.includes("exited with code 4"))
    const ofLog = async () =>
      /^(?:The last lines of its|Its) log[^]*$/m.exec((await tetherHere(["why", "talks"])).stdout)?.[0]
    await until("the whole log", async () => (await ofLog())?.includes("red"))
    const lines = (await ofLog())?.split("\n") ?? []
    expect(lines[0]).toBe(`The last lines of its log, ${join(logDir, "talks.log")}:`)
    expect(lines.slice(1, 10)).toEqual(Array.from({ length: 9 }, (_, index) => `  ${index + 12}`))
    expect(lines[10]).toMatch(/^  red [^\u202e]*x$/)
    expect(lines[11]).toMatch(/^Evidence: /)
    const json = JSON.parse((await tetherHere(["why", "--json", "talks"])).stdout) as {
      readonly log: { readonly path: string; readonly lines: ReadonlyArray<string> }
    }
    expect(json.log).toMatchObject({ path: join(logDir, "talks.log"), lines: { length: 10 } })
    rmSync(join(logDir, "talks.log"))
    expect(await ofLog()).toMatch(`Its log is ${join(logDir, "talks.log")}.\n`)
  })

  it("reads no file that a journal merely names", async () => {
    const [directory, secret] = [join(root, "forged"), join(root, "secret.log")]
    mkdirSync(directory, { mode: 0o700 })
    writeFileSync(secret, "hunter2\n")
    const line = `ts=2026-01-01T00:00:00.000Z ev=session-exit identity=it dead_status=0 dead_signal= id=01J00000000000000000000000 command=x log=${secret}\n`
    writeFileSync(join(directory, "exits.log"), line, { mode: 0o600 })
    const { stdout } = await tetherHere(["why", "it", "--directory", directory])
    expect(stdout).toContain(`Its log is ${secret}.`)
    expect(stdout).not.toContain("hunter2")
  })

  it("says of a server that was killed, and of what ran there, what became of them", async () => {
    await launch("orphan", "echo up; exec sleep 300", "--server", "doomed")
    await written("orphan", "up")
    const [found] = await listed("--server", "doomed")
    const server = Number(
      execFileSync("tmux", ["-S", socketOf("doomed"), "display-message", "-p", "#{pid}"], { encoding: "utf8" })
    )
    process.kill(server, "SIGKILL")
    await until("the end of the session", () => !isAlive(found?.pid ?? 0))
    const { stdout } = await tetherHere(["why", "orphan"])
    expect(stdout).toContain(`"orphan" was ended by SIGHUP`)
    expect(stdout).toContain(
      "Its terminal's server vanished, and what ran in it was stopped. The stop plan was at SIGHUP."
    )
    const told = (await tetherHere(["why", `tmux:${socketOf("doomed")}`])).stdout
    expect(told).toMatch(
      /^"tmux:\S+doomed" was seen to be gone at \S+Z, \d+m?s ago, after \S+s\.\nIt was the server of terminal sessions, and ended without a word/
    )
    expect(told).toMatch(/It had \d+\.\d MiB of memory when it was last seen\./)
    expect(told).toMatch(/The last commands that it was sent:\n  \d{4}-\S+Z start-server/)
    const table = (await tetherHere(["exits"])).stdout
    expect(table).toMatch(/orphan +SIGHUP +supervisor: SIGHUP, server-vanished/)
    expect(table).toMatch(/tmux:\S+doomed +server-vanished +unknown/)
    expect(await listed("--server", "doomed")).toEqual([])
  })

  it.each([
    [
      { ended_by: "outside", reason: "terminal-closed", stop_step: "SIGHUP", dead_signal: "SIGHUP" },
      "Somebody closed its terminal, and what ran in it was stopped. The stop plan was at SIGHUP."
    ],
    [
      { ended_by: "owner", reason: "idle", stop_step: "SIGTERM", dead_signal: "SIGTERM" },
      "its session had written nothing for too long. The stop plan was at SIGTERM."
    ],
    [
      { ended_by: "owner", reason: "stop", stop_step: "SIGTERM", dead_signal: "SIGTERM" },
      "It was ended on purpose: its session was stopped."
    ],
    [
      { ended_by: "owner", reason: "interrupted", dead_signal: "SIGTERM" },
      "It was ended on purpose: its launch was interrupted."
    ],
    [
      { ended_by: "owner", reason: "not-ready", dead_status: "0" },
      "It was ended on purpose: it was not ready in time."
    ],
    [{ ended_by: "owner", reason: "launch-failed" }, `"web" could not be launched at `],
    [{ ended_by: "owner", reason: "launch-failed" }, "Its program did not start."],
    [
      { ended_by: "owner", reason: "launch-failed", dead_status: "127" },
      "Its program does not exist, or could not be started."
    ],
    [{ ended_by: "owner", reason: "launch-failed", dead_status: "126" }, "Its program may not be executed."],
    [{ ended_by: "outside", dead_signal: "SIGTERM" }, "The signal came from outside"]
  ])("says of %j: %s", async (fields, words) => {
    const folder = mkdtempSync(join(root, "lines-"))
    const record = {
      ts: "2026-01-01T00:00:00.000Z",
      ev: "session-exit",
      identity: "web",
      dead_status: "",
      dead_signal: "",
      id: "01B",
      ...fields
    }
    writeFileSync(
      join(folder, "exits.log"),
      `${Object.entries(record)
        .map(([key, value]) => `${key}=${value}`)
        .join(" ")}\n`
    )
    expect((await tetherHere(["why", "web", "--directory", folder])).stdout).toContain(words)
  })
})

const noTerminal =
  spawnSync("script", ["--version"]).status === 0 ? undefined : "there is no script(1) to make a terminal"
if (noTerminal !== undefined) console.warn(`skipped: tether session attach, because ${noTerminal}`)

describe.skipIf(noTerminal !== undefined)("tether session logs on a terminal", () => {
  it.each([
    ["", "\u001b[31mred\u001b[0m\r\ntwo\r\n"],
    ["--plain", "red\r\ntwo\r\n"],
    ["--raw", "\u001b[31mred\u001b]52;c;aGk=\u0007\r\ntwo\r\n"]
  ])("has what it may obey only with --raw: %j", async (option, shown) => {
    const directory = mkdtempSync(join(root, "shown-"))
    writeFileSync(join(directory, "old.log"), "\u001b[31mred\u001b]52;c;aGk=\u0007\ntwo\n")
    const bin = join(import.meta.dirname, "../../dist/bin.cjs")
    const pty = await openTerminal(`"${process.execPath}" "${bin}" session logs ${option} old --log-dir "${directory}"`)
    expect(await pty.ended).toMatchObject({ code: 0 })
    expect(pty.shown()).toBe(shown)
  })
})

describe.skipIf(noTerminal !== undefined)("tether session attach", () => {
  const bin = join(import.meta.dirname, "../../dist/bin.cjs")
  const attach = (name: string) => openTerminal(`"${process.execPath}" "${bin}" session attach ${name}`)

  it("shows it, tells it of each new size, and gives the terminal back", async () => {
    await launch(
      "shown",
      `trap 'echo "size $(stty size)"' WINCH; echo up; while true; do read -r line && echo "got <$line>"; done`
    )
    // It hears of a size only once it has said how it is told.
    await written("shown", "up")
    const pty = await attach("shown")
    await until("the screen", () => pty.shown().includes("up"))
    await written("shown", "size 23 80")
    expect((await one("shown"))?.attached).toBe(1)
    pty.type("by hand\r")
    await until("the answer", () => pty.shown().includes("got <by hand>"))
    pty.resize(33, 101)
    await until(
      "the new size",
      () => inTmux("display-message", "-p", "-t", "shown", "#{window_width}x#{window_height}") === "101x32"
    )
    await written("shown", "size 32 101")
    expect(await detached(pty)).toMatchObject({ code: 0, isRestored: true })
    expect(pty.shown()).toContain("[detached (from session shown)]")
    expect(await one("shown")).toMatchObject({ state: "alive", attached: 0 })
  })

  it("says how it ended, where it ends while it is shown", async () => {
    await launch("brief", "echo up; read go; exit 5")
    const pty = await attach("brief")
    await until("the screen", () => pty.shown().includes("up"))
    pty.type("\r")
    expect(await pty.ended).toMatchObject({ code: 0, isRestored: true })
    expect(pty.shown()).toContain(`"brief" exited with code 5`)
  })

  it("leaves it when it is told to end, and puts back the terminal of a client that was killed", async () => {
    await launch("left", "echo up; exec sleep 300")
    const first = await attach("left")
    await until("the screen", () => first.shown().includes("up"))
    const client = () => Number(inTmux("list-clients", "-t", "left", "-F", "#{client_pid}"))
    const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${client()}/status`, "utf8"))?.[1])
    process.kill(parent, "SIGTERM")
    expect(await first.ended).toMatchObject({ code: 143, isRestored: true })
    const second = await attach("left")
    await until("the screen", () => second.shown().includes("up"))
    process.kill(client(), "SIGKILL")
    expect(await second.ended).toMatchObject({ code: 1, isRestored: true })
    expect((await one("left"))?.state).toBe("alive")
  })

  it("launch --attach of what ends at once is a launch", async () => {
    const pty = await openTerminal(`"${process.execPath}" "${bin}" session launch --attach instant -- true`)
    expect(await pty.ended).toMatchObject({ code: 0, isRestored: true })
    expect(pty.shown()).toContain(`"instant" exited with code 0`)
  })

  it("launch --attach shows it at once; what has ended, or shows itself, is refused", async () => {
    const pty = await openTerminal(
      `"${process.execPath}" "${bin}" session launch --attach at-once -- sh -c 'echo up; exec sleep 300'`
    )
    onTestFinished(async () => void (await session("stop", "--grace", "0s", "at-once")))
    await until("the screen", () => pty.shown().includes("up"))
    expect(await detached(pty)).toMatchObject({ code: 0, isRestored: true })
    const nobody = await attach("nobody")
    expect(await nobody.ended).toMatchObject({ code: 1, isRestored: true })
    expect(nobody.shown()).toContain(`there is no session "nobody"`)
    await launch("mirror", `"${process.execPath}" "${bin}" session attach mirror; echo "code $?"; exec sleep 300`)
    await written("mirror", "which cannot show itself")
    await written("mirror", "code 2")
  })
})
