/**
 * Rows in columns, as wide as what stands in them; the last one takes what is left of a terminal.
 */
import Table from "cli-table3"

type Row = ReadonlyArray<string>

export interface Style {
  /** The width of the terminal. Undefined where there is none: then nothing is cut. */
  readonly width: number | undefined
  /** What becomes of a last column that is too wide. */
  readonly overflow: "cut" | "wrap"
}

export const table = (head: Row, rows: ReadonlyArray<Row>, { overflow, width }: Style): ReadonlyArray<string> => {
  const made = new Table({
    head: [...head],
    colWidths: widthsOf([head, ...rows], width),
    wordWrap: overflow === "wrap",
    chars: noBorders,
    style: { "padding-left": 0, "padding-right": gap, head: [], border: [], compact: true }
  })
  made.push(...rows.map((row) => [...row]))
  return made.toString().split("\n").map((line) => line.trimEnd())
}

const gap = 2

/** Only the last column may hold more than plain letters, and only it is given a width. */
const widthsOf = (rows: ReadonlyArray<Row>, width: number | undefined): Array<number | null> => {
  const columns = rows[0]?.length ?? 0
  const widths: Array<number | null> = Array.from({ length: columns }, () => null)
  if (width === undefined) return widths
  const others = widths.slice(1).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)) + gap)
  // The gap behind the last one is cut off again.
  widths[columns - 1] = Math.max(least, width - others.reduce((sum, each) => sum + each, 0)) + gap
  return widths
}

/** However narrow the terminal is, something is to be seen of the last column. */
const least = 10

const noBorders = Object.fromEntries(
  (["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right", "left", "left-mid",
    "mid", "mid-mid", "right", "right-mid", "middle"] as const).map((name) => [name, ""])
)
