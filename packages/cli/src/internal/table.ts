/**
 * Rows in columns, as wide as what stands in them; the last one takes what is left of a terminal.
 */
import * as TerminalText from "@tether/host/TerminalText"
import Table from "cli-table3"
import stringWidth from "string-width"

type Row = ReadonlyArray<string>

export interface Style {
  /** The width of the terminal. Undefined where there is none: then no column is cut to fit. */
  readonly width: number | undefined
  /** What becomes of a last column that is too wide. */
  readonly overflow: "cut" | "wrap"
}

export const table = (head: Row, rows: ReadonlyArray<Row>, style: Style): ReadonlyArray<string> =>
  growing(head, style)(rows)

/** A table to which rows are added later: its head comes with the first ones, and no column becomes narrower. */
export const growing = (head: Row, style: Style): ((rows: ReadonlyArray<Row>) => ReadonlyArray<string>) => {
  let widths = head.map(() => 0)
  let isBegun = false
  return (rows) => {
    const all = (isBegun ? rows : [head, ...rows]).map((row) => row.map(cut))
    isBegun = true
    widths = widths.map((width, column) => Math.max(width, ...all.map((row) => stringWidth(row[column] ?? ""))))
    return lines(all, fitted(widths, style), style)
  }
}

/**
 * The longest cell, in UTF-16 units. To measure text takes more than linear time: one word of 160 kB, from a journal or
 * from the arguments of a process, took a minute.
 */
const longest = 4000

/** The beginning of a cell that is too long. It may end in a colour, or between the halves of a character. */
const cut = (cell: string): string =>
  cell.length <= longest
    ? cell
    : `${TerminalText.sanitize(cell.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, ""), { colour: true })}…`

const lines = (rows: ReadonlyArray<Row>, widths: ReadonlyArray<number>, { overflow }: Style): ReadonlyArray<string> => {
  const made = new Table({
    colWidths: widths.map((width) => width + gap),
    wordWrap: overflow === "wrap",
    chars: noBorders,
    style: { "padding-left": 0, "padding-right": gap, head: [], border: [], compact: true }
  })
  made.push(...rows.map((row) => [...row]))
  return made
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
}

const gap = 2

/** The last column has what the others leave of a terminal. The gap behind it is cut off again. */
const fitted = (widths: ReadonlyArray<number>, { width }: Style): ReadonlyArray<number> => {
  if (width === undefined) return widths
  const others = widths.slice(0, -1)
  return [...others, Math.max(least, width - others.reduce((sum, each) => sum + each + gap, 0))]
}

/** However narrow the terminal is, something is to be seen of the last column. */
const least = 10

const noBorders = Object.fromEntries(
  (
    [
      "top",
      "top-mid",
      "top-left",
      "top-right",
      "bottom",
      "bottom-mid",
      "bottom-left",
      "bottom-right",
      "left",
      "left-mid",
      "mid",
      "mid-mid",
      "right",
      "right-mid",
      "middle"
    ] as const
  ).map((name) => [name, ""])
)
