/**
 * Results for people.
 */
import { type ComparisonResult, type LimitResult, memoryOf, type PeerResult, type RowResult } from "./measure.js"
import type { Target } from "./Row.js"
import { spread } from "./statistics.js"

/** Extremes further apart than this, in medians, say that something else was running. */
const wide = 0.3

export const formatRow = (row: RowResult): string => {
  const shown = shownOf(row)
  const peers = columns([
    ["", ...shown.map(({ title }) => title(row))],
    ...row.peers.map((peer) => [peer.title, ...shown.map(({ cell }) => cell(peer))])
  ])
  const comparisons = columns([
    ["", "ratio", "from", "to", "target", ""],
    ...row.comparisons.map((comparison) => comparisonCells(comparison, row))
  ])
  const limits = columns([["", "", "target", ""], ...row.limits.map((limit) => limitCells(limit, row))])
  const parts = [
    peers,
    row.comparisons.length === 0 ? [] : comparisons,
    row.limits.length === 0 ? [] : limits,
    notes(row)
  ].filter((part) => part.length > 0)
  return [
    `${row.name}: ${row.title}`,
    ...parts.flatMap((part, index) => (index === 0 ? part : ["", ...part])),
    ""
  ].join("\n")
}

const notes = (row: RowResult): ReadonlyArray<string> => {
  const isOfTime = !row.each && row.memory === undefined
  const restless = row.peers.filter((peer) => isOfTime && spread(walls(peer)) > wide).map((peer) => peer.title)
  return [
    ...(restless.length === 0 ? [] : [`  Wide spread, run it again on a quieter machine: ${restless.join("; ")}.`]),
    ...row.absent.map(({ reason, title }) => `  Not here: ${title}: ${reason}.`)
  ]
}

interface Column {
  readonly title: (row: RowResult) => string
  readonly cell: (peer: PeerResult) => string
}

const named = (title: string, cell: Column["cell"]): Column => ({ title: () => title, cell })

const wall = (peer: PeerResult): string => millis(peer.medianWallMillis)
const time: ReadonlyArray<Column> = [
  named("median", wall),
  named("from", (peer) => millis(Math.min(...walls(peer)))),
  named("to", (peer) => millis(Math.max(...walls(peer))))
]
/** Where some were left alive, the time was over before they were. */
const unlessLeft = ({ cell, title }: Column): Column => ({
  title,
  cell: (peer) => `${peer.left > 0 ? "over " : ""}${cell(peer)}`
})
const cpu = named("CPU", (peer) => millis(peer.medianCpuMillis))
const first = named("first pass", (peer) => millis(peer.medianFirstMillis))
const left = named("left alive", (peer) => many(peer.left))

const measureOf = { growth: "MiB", heap: "KiB" } as const

/** What is measured in the first place, where it is not time. */
const memory = (kind: keyof typeof measureOf): ReadonlyArray<Column> => {
  const size = (value: number) => `${value.toFixed(1)} ${measureOf[kind]}`
  return [
    named(kind, (peer) => size(peer.medianMemory ?? Number.NaN)),
    named("from", (peer) => size(Math.min(...memoryOf(peer.samples)))),
    named("to", (peer) => size(Math.max(...memoryOf(peer.samples))))
  ]
}

/** What is measured beside the time. */
const watched: ReadonlyArray<Column> = [
  named("growth", (peer) => `${(peer.medianMemory ?? Number.NaN).toFixed(1)} ${measureOf.growth}`),
  named("loop late (p99)", (peer) => millis(peer.medianDelay ?? Number.NaN))
]

/** What a row has to say depends on what it counts. */
const shownOf = (row: RowResult): ReadonlyArray<Column> => {
  switch (row.unit) {
    case "byte":
      if (row.memory !== undefined)
        return [...memory(row.memory), named("time", wall), cpu, named("MiB", (peer) => many(mebibytes(peer.units)))]
      return [...time, cpu, first, named("MiB/s", (peer) => many(mebibytes(peer.perSecond)))]
    case "sleeper":
      return [...memory("heap"), named("started in", wall), named("children", (peer) => many(peer.units)), left]
    case "line":
    case "spawn":
    case "record":
      return [
        ...time,
        cpu,
        first,
        named(`${row.unit}s/s`, (peer) => many(Math.round(peer.perSecond))),
        ...(row.watched ? watched : [])
      ]
    case "process":
      return [
        ...time.map(unlessLeft),
        named("kills", (peer) => many(peer.samples.length)),
        named("of", (peer) => many(peer.units)),
        left
      ]
    case "child":
      return [...time, named("children", (peer) => many(peer.units)), left]
    case "close":
    case "program":
      return [...time, first, named(`${row.unit}s`, (peer) => many(peer.units)), named(`a ${row.unit}`, eachMillis)]
  }
}

const eachMillis = (peer: PeerResult): string => `${(peer.medianWallMillis / peer.units).toFixed(2)} ms`

const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20)

const many = (value: number): string => value.toLocaleString("en")

const walls = (peer: PeerResult): ReadonlyArray<number> => peer.samples.map((sample) => sample.wallMillis)

const comparisonCells = (comparison: ComparisonResult, row: RowResult): ReadonlyArray<string> => {
  return [
    `${titleOf(comparison.peer, row)} / ${titleOf(comparison.against, row)}, ${comparison.of}`,
    comparison.ratio.toFixed(2),
    Math.min(...comparison.ratios).toFixed(2),
    Math.max(...comparison.ratios).toFixed(2),
    comparison.target === undefined ? "" : formatTarget(comparison.target),
    comparison.met === null ? "" : comparison.met ? "met" : "NOT MET"
  ]
}

const limitCells = ({ met, of, peer, target, value }: LimitResult, row: RowResult): ReadonlyArray<string> => [
  `${titleOf(peer, row)}, ${limitName(of, row)}`,
  of === "left" ? many(value) : value.toFixed(value < 10 ? 1 : 0),
  formatTarget(target),
  met ? "met" : "NOT MET"
]

const limitName = (of: LimitResult["of"], { memory: kind = "growth" }: RowResult): string => {
  if (of === "left") return "left alive"
  return of === "memory" ? `worst ${kind}, in ${measureOf[kind]}` : `${of}, in ms`
}

const titleOf = (name: string, row: RowResult): string => row.peers.find((peer) => peer.name === name)?.title ?? name

const formatTarget = (target: Target): string => {
  if ("atLeast" in target) return `at least ${target.atLeast}`
  return "atMost" in target ? `at most ${target.atMost}` : `below ${target.below}`
}

const millis = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`

/** The first column to the left, the others to the right. */
const columns = (table: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)))
  return table.map((cells) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .replace(/^/, "  ")
      .trimEnd()
  )
}
