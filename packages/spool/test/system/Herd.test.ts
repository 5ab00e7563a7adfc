/**
 * Many hooks at once, as when a machine with many sessions is shut down.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"

const root = mkdtempSync(join(tmpdir(), "tether-herd-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const program = `require(${JSON.stringify(join(import.meta.dirname, "../../dist/hook.cjs"))}).main(process.argv.slice(1))`

const transcript = join(import.meta.dirname, "../../../vitest/fixtures/agents/claude-tool-turn.transcript.jsonl")

/** Runs a hook to its end, and answers with its line. Fifty on two cores may take longer than a hook is given. */
const hook = (state: string, session: string) =>
  new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
    const words = ["capture-transcript", "--no-spawn", "--deadline", "60000", "--session-id", session, transcript]
    const child = spawn(process.execPath, ["-e", program, ...words], {
      env: { ...process.env, TETHER_STATE_DIR: state },
      stdio: ["ignore", "pipe", "inherit"]
    })
    let stdout = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text
    })
    child.on("error", reject)
    child.on("close", (code) => resolve({ code, ...(JSON.parse(stdout) as object) }))
  })

describe("hooks at once", () => {
  it.each([
    ["fifty, each of a session of its own", 50, (index: number) => `s${index}`],
    ["twenty of one session in a second", 20, () => "s"]
  ])("lose nothing: %s", async (name, count, sessionOf) => {
    const state = join(root, name.slice(0, 5))
    const all = await Promise.all(Array.from({ length: count }, (_, index) => hook(state, sessionOf(index))))
    expect(all.filter(({ code, status }) => code !== 0 || status !== "deferred")).toEqual([])
    expect(new Set(all.map(({ path }) => path)).size).toBe(count)
    expect(readdirSync(join(state, "deferred-captures"))).toHaveLength(count)
  })
})
