import { spawnSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import { stubborn, stubbornFlood } from "../support/stubborn.js"
import { bin, program, hasProc, isAlive, type Started, start, startProgram, stateOf, until } from "../support/tether.js"

const sh = (script: string, ...options: Array<string>) =>
  start(["run", "--label", "x", ...options, "--", "sh", "-c", script])
const says = (started: Started, text: string) => until(text, () => started.stdout().includes(text))

describe("a signal is passed on, and the outcome is the child's", () => {
  it.each<[signal: NodeJS.Signals, code: number]>([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129]
  ])("%s ends a child that does not care: %i", async (signal, code) => {
    const started = sh("echo ready; exec sleep 300")
    await says(started, "ready")
    started.process.kill(signal)
    expect(await started.ended).toMatchObject({ code, stderr: "" })
  })

  it.each<[signal: NodeJS.Signals, name: string]>([
    ["SIGINT", "INT"],
    ["SIGTERM", "TERM"],
    ["SIGHUP", "HUP"]
  ])("%s is heard by a child that does, and its last words arrive", async (signal, name) => {
    const started = sh(
      `trap 'echo bye; exit 5' ${name}; echo ready; while :; do sleep 0.02; done`,
      "--kill-after",
      "10m"
    )
    await says(started, "ready")
    started.process.kill(signal)
    expect(await started.ended).toMatchObject({ code: 5, stdout: "[x:out] ready\n[x:out] bye\n" })
  })

  it.each<[name: string]>([["QUIT"], ["USR1"], ["USR2"], ["ALRM"], ["WINCH"]])(
    "SIG%s is heard by a child, and does nothing to the wrapper",
    async (name) => {
      const started = sh(`trap 'echo got ${name}; exit 6' ${name}; echo ready; while :; do sleep 0.02; done`)
      await says(started, "ready")
      started.process.kill(`SIG${name}` as NodeJS.Signals)
      expect(await started.ended).toEqual({
        code: 6,
        stdout: `[x:out] ready\n[x:out] got ${name}\n`,
        stderr: expect.not.stringMatching(/debugger/i)
      })
    }
  )

  it("SIGUSR1 is not the end of a child that goes on", async () => {
    const started = sh(`trap 'echo one' USR1; echo ready; while :; do sleep 0.02; done`, "--kill-after", "100ms")
    await says(started, "ready")
    started.process.kill("SIGUSR1")
    await says(started, "one")
    started.process.kill("SIGTERM")
    expect((await started.ended).code).toBe(143)
  })

  it("reaches the whole group", async () => {
    const started = sh("sleep 300 & echo pid=$!; wait")
    const pid = Number(await until("the pid", () => /pid=(\d+)/.exec(started.stdout())?.[1]))
    started.process.kill("SIGTERM")
    expect((await started.ended).code).toBe(143)
    expect(isAlive(pid)).toBe(false)
  })
})

describe("a child that does not go", () => {
  it("is killed after --kill-after", async () => {
    const started = sh("trap '' TERM; echo ready; while :; do sleep 0.02; done", "--kill-after", "300ms")
    await says(started, "ready")
    const begin = performance.now()
    started.process.kill("SIGTERM")
    const { code, stderr } = await started.ended
    expect(code).toBe(137)
    expect(stderr).toMatch(/^tether: warn: "x" \(pid \d+\) was still alive 300 ms after it was asked to stop .*\n$/)
    expect(stderr).toContain("If it needs longer, give it longer: --kill-after.")
    expect(performance.now() - begin).toBeGreaterThanOrEqual(300)
  })

  it("is killed by a second SIGINT", async () => {
    const started = await stubborn()
    started.process.kill("SIGINT")
    expect((await started.ended).code).toBe(137)
  })

  it("is not waited for by a reader that takes nothing", async () => {
    const started = start(["run", "--kill-after", "300ms", "--", "yes"], { ownStdout: true })
    await until("a full pipe", () => (started.process.stdout?.readableLength ?? 0) > 0)
    started.process.kill("SIGTERM")
    expect((await started.ended).code).toBe(143)
  })

  it("is not waited for by a reader that takes nothing, least of all after a second SIGINT", async () => {
    const started = await stubbornFlood()
    started.process.kill("SIGINT")
    expect((await started.ended).code).toBe(137)
  })
})

const missing =
  process.platform !== "linux" || !hasProc
    ? "it needs /proc"
    : spawnSync("script", ["--version"]).error !== undefined
      ? "there is no script from util-linux"
      : undefined
if (missing !== undefined) console.warn(`skipped: Ctrl-C through a terminal, because ${missing}`)

describe.skipIf(missing !== undefined)("through a real terminal", () => {
  /** A shell on a new terminal, which tells the terminal's settings before and after, and survives Ctrl-C itself. */
  const onTerminal = (command: string, env: Record<string, string> = {}) =>
    startProgram("script", ["-qfec", `trap : INT; stty -g; ${command}; echo "code $?"; stty -g`, "/dev/null"], {
      env: { SHELL: "/bin/sh", TERM: "xterm", ...env },
      input: { keep: true }
    })
  const run = (words: string) => `'${process.execPath}' '${bin}' run --label x ${words}`
  const settings = (text: string) => text.match(/^(?:[0-9a-f]+:)+[0-9a-f]+/gm)
  const counter = `-- '${process.execPath}' '${program("counts-sigint.mjs")}'`

  it("one Ctrl-C is one SIGINT for a child in its own session, the second ends it", async () => {
    const started = onTerminal(run(`--kill-after 1h ${counter}`))
    const [, pid, session] = await until("ready", () => /ready (\d+) session (\d+)/.exec(started.stdout()) ?? undefined)
    expect(session).toBe(pid)
    started.process.stdin?.write("\x03")
    await says(started, "sigint 1")
    started.process.stdin?.write("\x03")
    await until("the end", () => /code 137/.test(started.stdout()))
    const { stdout } = await started.ended
    expect(stdout.match(/sigint \d+/g)).toEqual(["sigint 1"])
    expect(isAlive(Number(pid))).toBe(false)
    const [before, after] = settings(stdout) ?? []
    expect(before).toBeDefined()
    expect(after).toBe(before)
  })

  it("Ctrl-Z stops the child and the wrapper, and fg continues both", async () => {
    const command = run(`-- sh -c 'echo pid=$$; while :; do sleep 0.05; echo on; done'`)
    // With job control, as in a shell that a person types into: what is typed next is read by it.
    const started = onTerminal(`set -m; ${command}; echo "stopped $?"; read -r _; echo again; fg`, { NO_COLOR: "1" })
    const pid = Number(await until("the pid", () => /pid=(\d+)/.exec(started.stdout())?.[1]))
    started.process.stdin?.write("\x1a")
    await until("the shell to have its terminal back", () => /stopped \d+/.test(started.stdout()))
    // The kernel has the signal; a child that waits for a processor is shown as running until it gets one.
    await until("the child to be stopped", () => stateOf(pid) === "T")
    started.process.stdin?.write("\n")
    await until("the child to go on", () => /again[^]*\[x:out\] on/.test(started.stdout()))
    expect(isAlive(pid)).toBe(true)
    started.process.stdin?.write("\x03")
    await started.ended
    expect(isAlive(pid)).toBe(false)
  })

  it("Ctrl-Z stops nothing for good where no shell could continue it", async () => {
    const started = onTerminal(run(`-- sh -c 'echo pid=$$; while :; do sleep 0.05; echo on; done'`), { NO_COLOR: "1" })
    await until("the pid", () => /pid=(\d+)/.exec(started.stdout())?.[1])
    started.process.stdin?.write("\x1a")
    await until("Ctrl-Z", () => started.stdout().includes("^Z"))
    const seen = started.stdout().length
    await until("it to go on", () => started.stdout().slice(seen).includes("[x:out] on"))
    started.process.stdin?.write("\x03")
    await started.ended
  })

  it("Ctrl-C ends a child that does not care, and the terminal stays as it was", async () => {
    const started = onTerminal(run("-- sh -c 'echo ready; exec sleep 300'"))
    await says(started, "ready")
    started.process.stdin?.write("\x03")
    const { stdout } = await started.ended
    expect(stdout).toContain("code 130")
    const [before, after] = settings(stdout) ?? []
    expect(after).toBe(before)
  })

  it("a child that leaves it raw and is killed gives it back", async () => {
    const { stdout } = await onTerminal(run("--stdin -- sh -c 'stty raw -echo; kill -9 $$'")).ended
    expect(stdout).toContain("code 137")
    const [before, after] = settings(stdout) ?? []
    expect(before).toBeDefined()
    expect(after).toBe(before)
  })

  it("prefixes are dim there, and plain with NO_COLOR", async () => {
    const coloured = await onTerminal(run("-- echo hello")).ended
    expect(coloured.stdout).toContain("\x1b[2m[x:out] \x1b[22mhello\r\n")
    const plain = await onTerminal(run("-- echo hello"), { NO_COLOR: "1" }).ended
    expect(plain.stdout).toContain("[x:out] hello\r\n")
    expect(plain.stdout).not.toContain("\x1b")
  })
})
