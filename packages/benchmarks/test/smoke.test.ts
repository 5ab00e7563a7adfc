import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, expect, it } from "vitest"
import { rows } from "../src/rows.js"

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "tether-benchmarks-test-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const bench = (...args: ReadonlyArray<string>) => spawnSync(process.execPath, [main, ...args], { encoding: "utf8" })

it("measures every peer of every row and writes the results", { timeout: 120_000 }, () => {
  const out = join(folder, "quick.json")
  const { status, stderr, stdout } = bench("--quick", "--out", out)
  expect(stderr.split("\n").filter((line) => !/^$|: round 1 of 1$/.test(line))).toEqual([])
  expect(status).toBe(0)

  const written = JSON.parse(readFileSync(out, "utf8"))
  expect(written).toMatchObject({ quick: true, runs: 1, machine: { node: process.version } })
  expect(written.rows.map((row: { name: string }) => row.name)).toEqual(rows.map((row) => row.name))
  for (const [index, row] of rows.entries()) {
    const result = written.rows[index]
    expect(result.peers.map((peer: { name: string }) => peer.name)).toEqual(Object.keys(row.peers))
    for (const peer of result.peers) {
      expect(peer.samples).toHaveLength(1)
      expect(peer.medianWallMillis).toBeGreaterThan(0)
      expect(peer.medianCpuMillis).toBeGreaterThan(0)
      expect(stdout).toContain(peer.title)
    }
    expect(result.comparisons).toHaveLength(row.comparisons.length)
    for (const comparison of result.comparisons) {
      expect(comparison.ratio).toBeGreaterThan(0)
      expect(typeof comparison.met).toBe(comparison.target === undefined ? "object" : "boolean")
    }
  }
})

it("refuses what it does not know", () => {
  for (const args of [["--only", "nothing"], ["--runs", "0"], ["--fast"]]) {
    const { status, stderr } = bench(...args)
    expect(status).toBe(2)
    expect(stderr).toContain("pnpm bench [options]")
  }
})
