/**
 * Results for people.
 */
import type { ComparisonResult, PeerResult, RowResult } from "./measure.js"
import type { Target } from "./Row.js"
import { spread } from "./statistics.js"

/** Extremes further apart than this, in medians, say that something else was running. */
const wide = 0.3

export const formatRow = (row: RowResult): string => {
  const title = `${row.name}: ${row.units.toLocaleString("en")} ${row.unit}s ${row.title}`
  const peers = columns([
    ["", "median", "from", "to", "CPU", "first pass", `${row.unit}s/s`],
    ...row.peers.map((peer) => peerCells(peer))
  ])
  const comparisons = columns([
    ["", "ratio", "from", "to", "target", ""],
    ...row.comparisons.map((comparison) => comparisonCells(comparison, row))
  ])
  const restless = row.peers.filter((peer) => spread(walls(peer)) > wide).map((peer) => peer.title)
  const warning = restless.length === 0 ? [] : [`  Wide spread, run it again on a quieter machine: ${restless.join("; ")}.`]
  return [title, ...peers, "", ...comparisons, ...warning, ""].join("\n")
}

const walls = (peer: PeerResult): ReadonlyArray<number> => peer.samples.map((sample) => sample.wallMillis)

const peerCells = (peer: PeerResult): ReadonlyArray<string> => [
  peer.title,
  millis(peer.medianWallMillis),
  millis(Math.min(...walls(peer))),
  millis(Math.max(...walls(peer))),
  millis(peer.medianCpuMillis),
  millis(peer.medianFirstMillis),
  Math.round(peer.perSecond).toLocaleString("en")
]

const comparisonCells = (comparison: ComparisonResult, row: RowResult): ReadonlyArray<string> => {
  const titleOf = (name: string) => row.peers.find((peer) => peer.name === name)?.title ?? name
  return [
    `${titleOf(comparison.peer)} / ${titleOf(comparison.against)}, ${comparison.of}`,
    comparison.ratio.toFixed(2),
    Math.min(...comparison.ratios).toFixed(2),
    Math.max(...comparison.ratios).toFixed(2),
    comparison.target === undefined ? "" : formatTarget(comparison.target),
    comparison.met === null ? "" : comparison.met ? "met" : "NOT MET"
  ]
}

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
      .map((cell, column) => column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))
      .join("  ")
      .replace(/^/, "  ")
      .trimEnd())
}
