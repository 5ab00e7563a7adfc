/**
 * Rows to results: rounds in which the peers take turns, one sample each, so that whatever the machine does beside
 * meets all of them.
 */
import { spawnSync } from "node:child_process"
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Comparison, Pass, Row, Work } from "./Row.js"
import { median } from "./statistics.js"

export interface Size {
  readonly lines: number
  readonly spawns: number
  /** Instead of the row's own, for a run that is to be quick. */
  readonly passes?: number
}

export const fullSize: Size = { lines: 2_000_000, spawns: 300 }
export const quickSize: Size = { lines: 2_000, spawns: 3, passes: 2 }

export interface Sample {
  /** The median of the second half of the passes: what a program sees that has been running for a while. */
  readonly wallMillis: number
  readonly cpuMillis: number
  /** The first pass, which also pays for compiling: what a program sees that does it once. */
  readonly firstMillis: number
  readonly passes: ReadonlyArray<Omit<Pass, "seen">>
}

export interface PeerResult {
  readonly name: string
  readonly title: string
  readonly medianWallMillis: number
  readonly medianCpuMillis: number
  readonly medianFirstMillis: number
  readonly perSecond: number
  readonly samples: ReadonlyArray<Sample>
}

export interface ComparisonResult extends Comparison {
  /** Of the medians. */
  readonly ratio: number
  /** The ratios within one round each: how sure the first one is. */
  readonly ratios: ReadonlyArray<number>
  readonly met: boolean | null
}

export interface RowResult {
  readonly name: string
  readonly title: string
  readonly unit: Row["unit"]
  readonly units: number
  readonly peers: ReadonlyArray<PeerResult>
  readonly comparisons: ReadonlyArray<ComparisonResult>
}

const sampleProgram = fileURLToPath(new URL("../dist/sample.js", import.meta.url))
const bytesPerLine = 85

export const measure = (rows: ReadonlyArray<Row>, runs: number, size: Size): ReadonlyArray<RowResult> => {
  if (!existsSync(sampleProgram)) throw new Error("the benchmarks are not built: run the build first")
  const folder = mkdtempSync(join(tmpdir(), "tether-benchmarks-"))
  // Samples get a Ctrl-C too, and fail by it; this process lives on to remove the file.
  const ignore = () => undefined
  process.on("SIGINT", ignore)
  try {
    const work: Work = { file: join(folder, "lines.txt"), lines: size.lines, spawns: size.spawns }
    if (rows.some((row) => row.unit === "line")) writeLines(work)
    return rows.map((row) => measureRow(row, runs, work, size.passes ?? row.passes))
  } finally {
    process.off("SIGINT", ignore)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A file and `cat`, because a producer that computes its lines would be slower than their readers. */
const writeLines = ({ file, lines }: Work): void => {
  const descriptor = openSync(file, "w")
  let block = ""
  for (let i = 0; i < lines; i++) {
    const text = `${String(i).padStart(8, "0")} 2026-01-01T00:00:00.000Z INFO GET /orders/${i % 1000} answered 200 in ${i % 97} ms`
    block += `${text.padEnd(bytesPerLine - 1, ".")}\n`
    if (block.length > 1 << 20 || i === lines - 1) {
      writeSync(descriptor, block)
      block = ""
    }
  }
  closeSync(descriptor)
}

const measureRow = (row: Row, runs: number, work: Work, passes: number): RowResult => {
  const names = Object.keys(row.peers)
  const samples = new Map<string, Array<Sample>>(names.map((name) => [name, []]))
  for (let round = 1; round <= runs; round++) {
    console.error(`${row.name}: round ${round} of ${runs}`)
    for (const name of names) samples.get(name)?.push(takeSample(name, row, work, passes))
  }
  const units = row.unit === "line" ? work.lines : work.spawns
  const peers = names.map((name) => peerResult(name, row.peers[name] ?? name, units, samples.get(name) ?? []))
  return {
    name: row.name,
    title: row.title,
    unit: row.unit,
    units,
    peers,
    comparisons: row.comparisons.map((comparison) => compare(comparison, peers))
  }
}

const takeSample = (name: string, row: Row, work: Work, passes: number): Sample => {
  const { error, signal, status, stdout } = spawnSync(
    process.execPath,
    [sampleProgram, name, String(passes), JSON.stringify(work)],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }
  )
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`the sample of ${name} ended with ${signal ?? `code ${status}`}`)
  const measured = JSON.parse(stdout) as ReadonlyArray<Pass>
  for (const { seen } of measured) {
    const right = row.unit === "line"
      ? seen.lines === work.lines && seen.characters === work.lines * (bytesPerLine - 1)
      : seen.spawns === work.spawns
    if (!right) throw new Error(`${name} did not see all of its work: ${JSON.stringify(seen)}`)
  }
  const warm = measured.slice(Math.floor(measured.length / 2))
  return {
    wallMillis: median(warm.map((pass) => pass.wallMillis)),
    cpuMillis: median(warm.map((pass) => pass.cpuMillis)),
    firstMillis: measured[0]?.wallMillis ?? Number.NaN,
    passes: measured.map(({ cpuMillis, wallMillis }) => ({ wallMillis, cpuMillis }))
  }
}

const peerResult = (name: string, title: string, units: number, samples: ReadonlyArray<Sample>): PeerResult => {
  const medianWallMillis = median(samples.map((sample) => sample.wallMillis))
  return {
    name,
    title,
    medianWallMillis,
    medianCpuMillis: median(samples.map((sample) => sample.cpuMillis)),
    medianFirstMillis: median(samples.map((sample) => sample.firstMillis)),
    perSecond: units / medianWallMillis * 1000,
    samples
  }
}

const compare = (comparison: Comparison, peers: ReadonlyArray<PeerResult>): ComparisonResult => {
  const find = (name: string): PeerResult => {
    const found = peers.find((peer) => peer.name === name)
    if (found === undefined) throw new Error(`${name} is compared and not measured`)
    return found
  }
  const peer = find(comparison.peer)
  const against = find(comparison.against)
  const ratioOf = (ours: number, theirs: number) => comparison.of === "time" ? ours / theirs : theirs / ours
  const ratio = ratioOf(peer.medianWallMillis, against.medianWallMillis)
  return {
    ...comparison,
    ratio,
    ratios: peer.samples.map((sample, round) =>
      ratioOf(sample.wallMillis, against.samples[round]?.wallMillis ?? Number.NaN)),
    met: comparison.target === undefined ? null : isMet(ratio, comparison.target)
  }
}

const isMet = (ratio: number, target: NonNullable<Comparison["target"]>): boolean => {
  if ("atLeast" in target) return ratio >= target.atLeast
  return "atMost" in target ? ratio <= target.atMost : ratio < target.below
}
