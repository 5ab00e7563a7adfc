/**
 * Rows to results: rounds in which the peers take turns, one sample each, so that whatever the machine does beside
 * meets all of them.
 */
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bytesPerLine, writeLines, writeTranscript, writeZeros } from "./data.js"
import { packageFile } from "./packageFile.js"
import type { Comparison, Entry, Limit, Pass, Row, Seen, Target, Work } from "./Row.js"
import { median } from "./statistics.js"

export interface Size extends Omit<Work, "folder" | "file" | "zeros" | "transcript"> {
  /** Instead of the row's own, for a run that is to be quick. */
  readonly passes?: number
}

export const fullSize: Size = {
  lines: 2_000_000,
  bytes: 2 ** 30,
  slowLines: 18_000,
  spawns: 300,
  processes: 50,
  children: 200,
  sleepers: 1000,
  closes: 100,
  records: 5000,
  foreign: 500,
  age: 1200,
  programs: 20,
  transcriptBytes: 10_000_000
}
export const quickSize: Size = {
  lines: 2_000,
  bytes: 2 ** 21,
  slowLines: 50,
  spawns: 3,
  processes: 10,
  children: 4,
  sleepers: 5,
  closes: 3,
  records: 50,
  foreign: 10,
  age: 50,
  programs: 1,
  transcriptBytes: 20_000,
  passes: 1
}

export interface Sample {
  /** The median of the second half of the passes: what a program sees that has been running for a while. */
  readonly wallMillis: number
  readonly cpuMillis: number
  /** The first pass, which also pays for compiling: what a program sees that does it once. */
  readonly firstMillis: number
  /** The most processes that a pass left alive. */
  readonly left: number
  /** In the row's measure, if it has one: the median of the second half of the passes. */
  readonly memory?: number
  /** How late the event loop was, if that was looked at: the median of the second half of the passes. */
  readonly delay?: number
  readonly passes: ReadonlyArray<Omit<Pass, "seen">>
}

export interface PeerResult {
  readonly name: string
  readonly title: string
  /** How much of what the row counts one pass did. */
  readonly units: number
  readonly medianWallMillis: number
  readonly medianCpuMillis: number
  readonly medianFirstMillis: number
  readonly perSecond: number
  readonly left: number
  readonly medianMemory?: number
  readonly medianDelay?: number
  readonly samples: ReadonlyArray<Sample>
}

export interface ComparisonResult extends Comparison {
  /** Of the medians. */
  readonly ratio: number
  /** The ratios within one round each: how sure the first one is. */
  readonly ratios: ReadonlyArray<number>
  readonly met: boolean | null
}

export interface LimitResult extends Limit {
  readonly value: number
  readonly met: boolean
}

/** A peer whose work cannot be done on this machine. */
interface Absent {
  readonly name: string
  readonly title: string
  readonly reason: string
}

export interface RowResult {
  readonly name: string
  readonly title: string
  readonly unit: Row["unit"]
  readonly units: number
  readonly memory: Row["memory"]
  readonly watched: boolean
  readonly each: boolean
  readonly peers: ReadonlyArray<PeerResult>
  readonly absent: ReadonlyArray<Absent>
  readonly comparisons: ReadonlyArray<ComparisonResult>
  readonly limits: ReadonlyArray<LimitResult>
}

const sampleProgram = packageFile("dist/sample.bundle.mjs")
/** A sample that takes longer than this, in milliseconds, is ended by SIGTERM, and the run with it. */
const sampleBound = 300_000

export const measure = (rows: ReadonlyArray<Row>, runs: number, size: Size): ReadonlyArray<RowResult> => {
  if (!existsSync(sampleProgram)) throw new Error("the benchmarks are not built: run the build first")
  const folder = mkdtempSync(join(tmpdir(), "tether-benchmarks-"))
  // Samples get a Ctrl-C too, and fail by it; this process lives on to remove the file.
  const ignore = () => undefined
  process.on("SIGINT", ignore)
  try {
    const { passes, ...sizes } = size
    const work: Work = {
      folder,
      file: join(folder, "lines.txt"),
      zeros: join(folder, "zeros"),
      transcript: join(folder, "transcript.jsonl"),
      ...sizes
    }
    if (rows.some((row) => row.unit === "line")) writeLines(work)
    if (rows.some((row) => row.unit === "byte")) writeZeros(work)
    if (rows.some((row) => row.unit === "program")) writeTranscript(work)
    return rows.map((row) => measureRow(row, runs, work, passes))
  } finally {
    process.off("SIGINT", ignore)
    rmSync(folder, { recursive: true, force: true })
  }
}

const unitsOf: Readonly<Record<Row["unit"], (work: Work) => number>> = {
  line: (work) => work.lines,
  byte: (work) => work.bytes,
  spawn: (work) => work.spawns,
  process: (work) => work.processes,
  child: (work) => work.children,
  sleeper: (work) => work.sleepers,
  close: (work) => work.closes,
  record: (work) => work.records,
  program: (work) => work.programs
}

const hasSeenAll = (unit: Row["unit"], seen: Seen, units: number): boolean => {
  if (unit === "line") return seen.lines === units && seen.characters === units * (bytesPerLine - 1)
  return units === (unit === "byte" ? seen.bytes : seen.spawns)
}

/** A peer in its row: what it is to do, and what it has done so far. */
interface Turn extends Required<Pick<Entry, "title" | "passes">> {
  readonly name: string
  readonly work: Work
  readonly units: number
  readonly samples: Array<Sample>
  absence?: string
}

const turnOf = (name: string, row: Row, work: Work, quickPasses: number | undefined): Turn => {
  const given = row.peers[name]
  const entry: Entry = typeof given === "object" ? given : { title: given ?? name }
  const passes = entry.passes ?? row.passes
  const ownWork = { ...work, foreign: entry.beside === true ? work.foreign : 0, ...entry.work?.(work) }
  return {
    name,
    title: entry.title,
    passes: Math.min(passes, quickPasses ?? passes),
    work: ownWork,
    units: unitsOf[row.unit](ownWork),
    samples: []
  }
}

const measureRow = (row: Row, runs: number, work: Work, quickPasses: number | undefined): RowResult => {
  const turns = Object.keys(row.peers).map((name) => turnOf(name, row, work, quickPasses))
  for (let round = 1; round <= runs; round++) {
    console.error(`${row.name}: round ${round} of ${runs}`)
    const present = turns.filter((turn) => turn.absence === undefined)
    // Where the figures mean nothing, they need not be kept apart.
    for (const together of quickPasses === undefined ? present.map((turn) => [turn]) : [present])
      takeTurns(together, row)
  }
  const isPresent = (name: string) => turns.some((turn) => turn.name === name && turn.absence === undefined)
  const peers = turns.filter(({ name }) => isPresent(name)).map(peerResult)
  return {
    name: row.name,
    title: row.title(work),
    unit: row.unit,
    units: unitsOf[row.unit](work),
    memory: row.memory,
    watched: row.watched === true,
    each: row.each === true,
    peers,
    absent: turns.flatMap(({ absence, name, title }) =>
      absence === undefined ? [] : [{ name, title, reason: absence }]
    ),
    comparisons: row.comparisons
      .filter(({ against, peer }) => isPresent(peer) && isPresent(against))
      .map((comparison) => compare(comparison, peers)),
    limits: (row.limits ?? []).filter(({ peer }) => isPresent(peer)).map((limit) => measureLimit(limit, peers))
  }
}

const takeTurns = (turns: ReadonlyArray<Turn>, row: Row): void => {
  for (const [index, passes] of takePasses(turns).entries()) {
    const turn = turns[index] as Turn
    if ("unavailable" in passes) turn.absence = passes.unavailable
    else {
      for (const { seen } of passes) {
        if (!hasSeenAll(row.unit, seen, turn.units))
          throw new Error(`${turn.name} did not see all of its work: ${JSON.stringify(seen)}`)
      }
      turn.samples.push(...(row.each === true ? passes.map((pass) => sampleOf([pass])) : [sampleOf(passes)]))
    }
  }
}

/** Of each, or why there are none. */
const takePasses = (
  turns: ReadonlyArray<Turn>
): ReadonlyArray<ReadonlyArray<Pass> | { readonly unavailable: string }> => {
  const asked = turns.map(({ name, passes, work }) => ({ name, passes, work }))
  const { error, signal, status, stdout } = spawnSync(process.execPath, [sampleProgram, JSON.stringify(asked)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    timeout: sampleBound
  })
  if (error !== undefined) throw error
  if (status !== 0)
    throw new Error(
      `the sample of ${turns.map(({ name }) => name).join(", ")} ended with ${signal ?? `code ${status}`}`
    )
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")
}

const sampleOf = (measured: ReadonlyArray<Pass>): Sample => {
  const warm = measured.slice(Math.floor(measured.length / 2))
  const memory = warm.flatMap(({ seen }) => seen.memory ?? [])
  const delay = warm.flatMap(({ seen }) => seen.delay ?? [])
  return {
    wallMillis: median(warm.map((pass) => pass.wallMillis)),
    cpuMillis: median(warm.map((pass) => pass.cpuMillis)),
    firstMillis: measured[0]?.wallMillis ?? Number.NaN,
    left: Math.max(...measured.map(({ seen }) => seen.left ?? 0)),
    ...(memory.length > 0 && { memory: median(memory) }),
    ...(delay.length > 0 && { delay: median(delay) }),
    passes: measured.map(({ cpuMillis, wallMillis }) => ({ wallMillis, cpuMillis }))
  }
}

const peerResult = ({ name, samples, title, units }: Turn): PeerResult => {
  const medianWallMillis = median(samples.map((sample) => sample.wallMillis))
  const memory = memoryOf(samples)
  const delay = samples.flatMap((sample) => sample.delay ?? [])
  return {
    name,
    title,
    units,
    medianWallMillis,
    medianCpuMillis: median(samples.map((sample) => sample.cpuMillis)),
    medianFirstMillis: median(samples.map((sample) => sample.firstMillis)),
    perSecond: (units / medianWallMillis) * 1000,
    left: Math.max(...samples.map((sample) => sample.left)),
    ...(memory.length > 0 && { medianMemory: median(memory) }),
    ...(delay.length > 0 && { medianDelay: median(delay) }),
    samples
  }
}

export const memoryOf = (samples: ReadonlyArray<Sample>): ReadonlyArray<number> =>
  samples.flatMap((sample) => sample.memory ?? [])

const find = (name: string, peers: ReadonlyArray<PeerResult>): PeerResult => {
  const found = peers.find((peer) => peer.name === name)
  if (found === undefined) throw new Error(`${name} is compared and not measured`)
  return found
}

const compare = (comparison: Comparison, peers: ReadonlyArray<PeerResult>): ComparisonResult => {
  const peer = find(comparison.peer, peers)
  const against = find(comparison.against, peers)
  const ratioOf = (ours: number, theirs: number) => (comparison.of === "time" ? ours / theirs : theirs / ours)
  const ratio = ratioOf(peer.medianWallMillis, against.medianWallMillis)
  return {
    ...comparison,
    ratio,
    ratios: peer.samples.map((sample, round) =>
      ratioOf(sample.wallMillis, against.samples[round]?.wallMillis ?? Number.NaN)
    ),
    met: comparison.target === undefined ? null : isMet(ratio, comparison.target)
  }
}

const measureLimit = (limit: Limit, peers: ReadonlyArray<PeerResult>): LimitResult => {
  const { left, medianWallMillis, samples } = find(limit.peer, peers)
  const worst = Math.max(...samples.map((sample) => sample.wallMillis))
  const value = { left, median: medianWallMillis, worst, memory: Math.max(...memoryOf(samples)) }[limit.of]
  return { ...limit, value, met: isMet(value, limit.target) }
}

const isMet = (value: number, target: Target): boolean => {
  if ("atLeast" in target) return value >= target.atLeast
  return "atMost" in target ? value <= target.atMost : value < target.below
}
