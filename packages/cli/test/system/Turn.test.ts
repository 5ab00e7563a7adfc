import * as FakeAgent from "@tether/vitest/FakeAgent"
import * as Script from "@tether/vitest/Script"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { tetherHere } from "../support/here.js"
import { until } from "../support/tether.js"
import { stubbornTurn, turn } from "../support/turns.js"

const sessionId = "11111111-2222-4333-8444-555555555555"
const { init, line, result, text, toolUse } = FakeAgent

describe("tether turn", () => {
  it("shows what the agent says, as it comes, and how to go on", async () => {
    const { code, stderr, stdout } = await turn(["--resume", sessionId, "hello there"]).ended
    expect({ code, stdout }).toEqual({ code: 0, stdout: "You said: hello there\n" })
    // What a session that goes on has cost before is not known.
    expect(stderr).toBe(`tether: completed, 32 tokens, session ${sessionId}\n`)
  })

  it("shows words that do not come in pieces too, tools in a line each, and what is no text as harmless", async () => {
    const failed = line({
      type: "user",
      message: { content: [{ type: "tool_result", tool_use_id: "t", content: "no\nsuch file", is_error: true }] }
    })
    const steps = [
      Script.stdout(toolUse("m", "t", "Read", { path: "a\nb" }), failed, text("n", "one\n\u001b[2Jtwo"), result("two")),
      Script.exit(0)
    ]
    const { code, stderr, stdout } = await turn(["hello"], steps).ended
    expect(code).toBe(0)
    expect(stdout).toBe("one\ntwo\n")
    expect(stderr).toMatch(/^· Read \{"path":"a\\nb"\}\n· failed: no such file\ntether: completed/)
  })

  it.each([[[]], [["--json"]]])("shows a tool whose input is nested too deeply to be written: %j", async (words) => {
    const [before, after] = toolUse("m", "t", "Read", { path: "INPUT" }).split('{"path":"INPUT"}')
    const steps = [
      Script.stdout(before ?? ""),
      Script.repeat(100, Script.stdout('{"a":'.repeat(1000))),
      Script.stdout("1"),
      Script.repeat(100, Script.stdout("}".repeat(1000))),
      Script.stdout(after ?? "", result("done")),
      Script.exit(0)
    ]
    const { code, stderr, stdout } = await turn([...words, "hello"], steps).ended
    expect(code).toBe(0)
    expect(stdout + stderr).toMatch(/Read/)
    expect(stdout + stderr).not.toMatch(/defect/)
  })

  it.each([[[]], [["-"]]])("reads a prompt that is not given from stdin: %j", async (words) => {
    const { code, stdout } = await turn(words, undefined, { input: "say\nhello\n" }).ended
    expect({ code, stdout }).toEqual({ code: 0, stdout: "You said: say\nhello\n" })
  })

  it("refuses a prompt of nothing on stdin", async () => {
    const { code, stderr } = await turn([]).ended
    expect([code, stderr]).toEqual([2, expect.stringContaining("prompt")])
  })

  it("with --json, each event is a line of JSON, the last one how it ended", async () => {
    const { code, stderr, stdout } = await turn(["--json", "--", "--hello"]).ended
    const events = stdout
      .trim()
      .split("\n")
      .map((each) => JSON.parse(each) as { readonly _tag: string })
    expect([code, stderr]).toEqual([0, ""])
    expect(events.at(0)).toMatchObject({ _tag: "SessionBound" })
    expect(events.at(-1)).toMatchObject({ _tag: "Completed", exitCode: 0, result: { text: "You said: --hello" } })
  })

  it.each<[string, ReadonlyArray<Script.Step>, ReadonlyArray<string>, number, RegExp]>([
    [
      "fails",
      [Script.stdout(init(sessionId)), Script.stderr("no key\n"), Script.exit(3)],
      [],
      1,
      /· no key\ntether: failed: exit code 3: no key, session 1111/
    ],
    ["takes too long", [Script.hang], ["--timeout", "300ms"], 124, /tether: failed: it took too long/],
    [
      "ends in an error",
      [Script.stdout(result("too many", "error_max_turns")), Script.exit(1)],
      [],
      1,
      /the agent ended with error_max_turns: too many/
    ]
  ])("a turn that %s has its own exit code", async (_, steps, args, expected, says) => {
    const { code, stderr } = await turn([...args, "hello"], steps).ended
    expect(code).toBe(expected)
    expect(stderr).toMatch(says)
  })

  it("Ctrl-C cancels it, and the agent still has a word", async () => {
    const started = turn(
      ["hello"],
      [
        Script.on("SIGINT", Script.stdout(text("n", "as you like")), Script.exit(0)),
        Script.stdout(text("m", "ready"), init(sessionId), text("o", "")),
        Script.hang
      ]
    )
    await until("ready", () => started.stdout().includes("ready"))
    started.process.kill("SIGINT")
    const { code, stderr, stdout } = await started.ended
    expect([code, stdout]).toEqual([130, "ready\nas you like\n"])
    expect(stderr).toBe(`tether: cancelled, session ${sessionId}\n`)
  })

  it("a second Ctrl-C kills", async () => {
    const started = await stubbornTurn()
    started.process.kill("SIGINT")
    expect((await started.ended).code).toBe(130)
  })

  it("records its end where a journal is kept, and its prompt nowhere", async () => {
    const directory = mkdtempSync(join(tmpdir(), "tether-turn-"))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const { code } = await turn(["--journal", directory, "my secret plan"]).ended
    const journal = readFileSync(join(directory, "exits.log"), "utf8")
    expect(code).toBe(0)
    expect(journal).toMatch(/ev=session-exit identity="claude turn \d+" dead_status=0/)
    expect(journal).not.toContain("secret plan")
  })

  it.each([
    [["--agent", "parrot", "hello"], 2, "--agent takes claude or codex, and not 'parrot'"],
    [["--permission-mode", "yolo", "hello"], 2, "--permission-mode takes auto"],
    [["--timeout", "soon", "hello"], 2, "--timeout takes a duration"],
    [["--binary", "no-such-agent", "hello"], 127, "no program no-such-agent was found on the PATH"],
    [["--cwd", "/does/not/exist", "hello"], 125, "does not exist"]
  ])("says what is wrong with %j", async (args, code, says) => {
    const ended = await tetherHere(["turn", ...args])
    expect(ended.code).toBe(code)
    expect(ended.stderr).toContain(says)
  })
})
