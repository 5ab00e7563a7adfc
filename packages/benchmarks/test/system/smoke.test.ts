import { execFile } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, expect, it } from "vitest"
import { rows } from "../../src/rows.js"

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "tether-benchmarks-test-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const mark = `BENCHMARK_TEST=${process.pid}\0`
// Not in one synchronous call: vitest wants to hear from a test at least once a minute.
const bench = (...args: ReadonlyArray<string>) =>
  new Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }>((resolve) => {
    const env = { ...process.env, BENCHMARK_TEST: String(process.pid) }
    const child = execFile(process.execPath, [main, ...args], { encoding: "utf8", env }, (_, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr })
    )
  })

it("measures every peer of every row and writes the results", async () => {
  const out = join(folder, "quick.json")
  const { status, stderr, stdout } = await bench("--quick", "--out", out)
  expect(stderr.split("\n").filter((line) => !/^$|: round 1 of 1$/.test(line))).toEqual([])
  expect(status).toBe(0)

  const written = JSON.parse(readFileSync(out, "utf8"))
  expect(written).toMatchObject({ quick: true, runs: 1, machine: { node: process.version } })
  expect(written.rows.map((row: { name: string }) => row.name)).toEqual(rows.map((row) => row.name))
  for (const [index, row] of rows.entries()) {
    const result = written.rows[index]
    const absent: ReadonlyArray<string> = result.absent.map((peer: { name: string }) => peer.name)
    const isPresent = (name: string) => !absent.includes(name)
    expect(absent.filter((name) => name !== "spawn:tetherCgroup")).toEqual([])
    expect(result.peers.map((peer: { name: string }) => peer.name)).toEqual(Object.keys(row.peers).filter(isPresent))
    for (const peer of result.peers) {
      expect(peer.samples).toHaveLength(1)
      expect(peer.medianWallMillis).toBeGreaterThan(0)
      expect(peer.medianCpuMillis).toBeGreaterThan(0)
      expect(Number.isFinite(peer.medianMemory)).toBe(row.memory !== undefined || row.watched === true)
      expect(Number.isFinite(peer.medianDelay)).toBe(row.watched === true)
      expect(stdout).toContain(peer.title)
    }
    const compared = row.comparisons.filter(({ against, peer }) => isPresent(peer) && isPresent(against))
    expect(result.comparisons).toHaveLength(compared.length)
    expect(result.limits).toHaveLength(row.limits?.length ?? 0)
    for (const comparison of result.comparisons) {
      expect(comparison.ratio).toBeGreaterThan(0)
      expect(typeof comparison.met).toBe(comparison.target === undefined ? "object" : "boolean")
    }
  }
})

it("leaves nothing behind", () => {
  const environments = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "latin1")
      } catch {
        // It has ended meanwhile.
        return ""
      }
    })
  expect(environments.filter((text) => text.includes(mark))).toEqual([])
})

it("refuses what it does not know", async () => {
  for (const args of [["--only", "nothing"], ["--runs", "0"], ["--fast"]]) {
    const { status, stderr } = await bench(...args)
    expect(status).toBe(2)
    expect(stderr).toContain("pnpm bench [options]")
  }
})
