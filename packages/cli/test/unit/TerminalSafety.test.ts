/**
 * What reaches a terminal of texts from disk, from other processes and from the command line.
 */
import * as Either from "effect/Either"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it, onTestFinished, vi } from "vitest"
import { toJson } from "../../src/internal/json.js"
import { PlainText } from "../../src/internal/plainText.js"
import { evil, harmless, suspect } from "../support/evil.js"

const root = mkdtempSync(join(tmpdir(), "tether-safety-"))
// A command of sessions keeps a file next to the server's socket, also where there is no server.
vi.stubEnv("TETHER_RUNTIME_DIR", join(root, "run"))
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(root, { recursive: true, force: true })
})

let count = 0
const folderOf = (name: string): string => {
  const folder = join(root, `${name}-${++count}`)
  mkdirSync(folder)
  return folder
}

const journalOf = (...records: ReadonlyArray<object>): string => {
  const folder = folderOf("journal")
  writeFileSync(join(folder, "exits.log"), records.map((record) => `${JSON.stringify(record)}\n`).join(""))
  return folder
}

const record = {
  id: "01M8MZB6JGGYEH0W3Z5NEZT3S3",
  ts: 1_795_000_000_000,
  ev: "session-exit",
  identity: evil,
  deadSignal: "SIGTERM",
  endedBy: "owner"
}

const texts = {
  command: evil,
  cwd: evil,
  stopStep: evil,
  reason: evil,
  restart: evil,
  host: evil,
  lastLines: `a\n${evil}\n`
}

const records = [
  { ...record, ...texts, writer: "1:2" },
  { ...record, ...texts, deadSignal: undefined, deadStatus: 1, oom: { certainty: "certain", evidence: evil } },
  { ...record, ...texts, deadSignal: undefined, endedBy: "unknown" },
  {
    ...record,
    ...texts,
    ev: "server-exit",
    deadSignal: undefined,
    cause: evil,
    commands: `2026-01-01T00:00:00Z ${evil}; 2026-01-01T00:00:00Z x`
  },
  { ...record, ...texts, ev: "session-start", id: "01A", deadSignal: undefined, endedBy: undefined, pid: 4_194_300 }
]

describe("a journal that somebody else has written", () => {
  it("is shown by `exits`, with nothing that a terminal obeys", async () => {
    const { code, stdout } = await harmless("exits", "--directory", journalOf(...records))
    expect(code).toBe(0)
    expect(stdout.match(/evil/g)?.length).toBeGreaterThan(4)
  })

  it("is the same in value with `--json`", async () => {
    const { stdout } = await harmless("exits", "--json", "--directory", journalOf(...records))
    const shown = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown)
    expect(shown).toEqual(JSON.parse(JSON.stringify(records.slice(0, 4))))
  })

  it.each(records.map((each, index) => [index, each] as const))("is told by `why`: %i", async (_, each) => {
    const directory = journalOf({ ...each, identity: "web" }, { ...record, identity: evil })
    const { stdout } = await harmless("why", "web", "--directory", directory)
    if (each.ev !== "session-start") expect(stdout).toContain("evil")
    expect(JSON.parse((await harmless("why", "web", "--json", "--directory", directory)).stdout)).toMatchObject(
      each.ev === "session-start" ? { unfinished: [{ start: { command: evil } }] } : { exit: { command: evil } }
    )
    expect((await harmless("why", "nobody", "--directory", directory)).stderr).toContain("evil")
  })

  it("ends no command by times, ids and signals that cannot be: they are skipped and counted", async () => {
    const bad = [
      ...[1e308, -1e308, 8.64e15 + 1, null].map((ts) => ({ ...record, ts })),
      { ...record, id: evil },
      { ...record, deadSignal: `${evil}SIGKILL` },
      { ...record, uptime: 1e308 }
    ]
    const directory = journalOf(
      ...bad,
      { ...record, identity: "web", ts: 8.64e15, uptime: 8.64e15 },
      { ...record, identity: "web", ts: -8.64e15 }
    )
    for (const words of [["exits"], ["exits", "--json"], ["why", "web"]]) {
      const { code, stderr, stdout } = await harmless(...words, "--directory", directory)
      expect(code).toBe(0)
      expect(stdout).toContain("web")
      // `why` looks at lines that may be about it.
      if (words[0] === "exits") expect(stderr).toContain(`${bad.length} lines are not records`)
    }
  })
})

describe("words that make no sense", () => {
  it.each(
    [
      [[evil]],
      [["run", evil]],
      [["run", `--${evil}`, "--", "true"]],
      [["run", "--kill-after", evil, "--", "true"]],
      [["run", "--redact", evil, "--", "true"]],
      [["exits", "--since", evil]],
      [["exits", "--directory", `/no/${evil}`]],
      [["why", evil, "--directory", "/no"]],
      [["spool", evil]],
      [["session", evil]],
      [["session", "ls", "--server", evil]],
      [["reap", "--grace", evil]]
    ].map(([words], index) => [index, words ?? []] as const)
  )("%i are shown as what they are", async (_, words) => {
    const { code, stderr } = await harmless(...words)
    expect(code).toBeGreaterThan(0)
    expect(stderr).toMatch(/^tether: /)
  })
})

describe("a spool with odd names", () => {
  it("is shown by `ls`, `doctor` and `replay`, and JSON has the very names", async () => {
    const state = folderOf("state")
    const spool = join(state, "deferred-captures")
    mkdirSync(join(spool, "dead"), { recursive: true, mode: 0o700 })
    const name = `${evil}.jsonl`
    const header = JSON.stringify({ version: 1, session_id: evil, deferred_at: "2026-01-01T00:00:00.000Z", cwd: evil })
    writeFileSync(join(spool, name), `${header}\n`)
    writeFileSync(join(spool, "dead", name), `${header}\n`)
    const before = process.env["TETHER_STATE_DIR"]
    process.env["TETHER_STATE_DIR"] = state
    try {
      expect((await harmless("spool", "ls")).stdout.match(/evil/g)?.length).toBeGreaterThan(1)
      expect(JSON.parse((await harmless("spool", "ls", "--json")).stdout)).toMatchObject({
        files: [{ file: name, session: evil }],
        dead: [{ file: name }]
      })
      expect((await harmless("spool", "doctor")).stdout).toContain("evil")
      await harmless("spool", "replay", `${evil}x`)
      await harmless("spool", "unlock")
    } finally {
      if (before === undefined) delete process.env["TETHER_STATE_DIR"]
      else process.env["TETHER_STATE_DIR"] = before
    }
  })
})

describe("a value that is nested too deeply", () => {
  const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`

  it("is no session in `spool ls`", async () => {
    const state = folderOf("state")
    const spool = join(state, "deferred-captures")
    mkdirSync(spool, { mode: 0o700 })
    writeFileSync(join(spool, "deep.jsonl"), `{"version":1,"session_id":${deep(200_000)}}\n{}\n`)
    vi.stubEnv("TETHER_STATE_DIR", state)
    onTestFinished(() => void vi.unstubAllEnvs())
    for (const words of [[], ["--json"]]) expect(await harmless("spool", "ls", ...words)).toMatchObject({ code: 0 })
    expect(JSON.parse((await harmless("spool", "ls", "--json")).stdout).files).toEqual([
      { file: "deep.jsonl", records: 0 }
    ])
  })

  it("is written as JSON up to a depth", () => {
    const value = JSON.parse(deep(200_000))
    const text = toJson({ flat: "kept", deep: value, list: [1] })
    expect(JSON.parse(text)).toMatchObject({ flat: "kept", deep: { a: { a: {} } }, list: [1] })
    // Node 26 writes a value of any depth.
    const isTooDeep = Either.isLeft(Either.try(() => JSON.stringify(value)))
    expect(text.includes('"(nested too deeply)"')).toBe(isTooDeep)
  })
})

describe("the log of a session on a terminal", () => {
  const bytes = (text: string) => new TextEncoder().encode(text)

  it("keeps its colours where they are asked for, and nothing else that a terminal obeys", () => {
    const text = new PlainText({ colour: true })
    const shown = text.push(bytes(`\x1b[31mred${evil}\r\nnext\b\n`)) + text.end()
    expect(shown).toBe("\x1b[31mred\x1b[0m\nevil\nnext\n")
  })

  it("has neither with --plain", () => {
    const text = new PlainText({})
    expect(text.push(bytes(`\x1b[31mred${evil}`)) + text.end()).not.toMatch(suspect)
  })
})
