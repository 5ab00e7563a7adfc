/**
 * How each child ended, as a table. Six columns of plain words need no table library: `padEnd` aligns them.
 */
import type { ExitReport } from "@tether/process/ExitReport"
import * as ExitStatus from "@tether/process/ExitStatus"
import * as Duration from "effect/Duration"

const heads = ["child", "how it ended", "by", "after", "lines", "bytes"]

const cells = (report: ExitReport): ReadonlyArray<string> => [
  report.label,
  ExitStatus.format(report.status),
  report.endedBy,
  `${(Duration.toMillis(report.duration) / 1000).toFixed(1)} s`,
  `${report.stdout.lines} out, ${report.stderr.lines} err`,
  `${report.stdout.bytes} out, ${report.stderr.bytes} err`
]

export const summary = (reports: ReadonlyArray<ExitReport>): string => {
  const rows = [heads, ...reports.map(cells)]
  const widths = heads.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: ReadonlyArray<string>) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("   ")
      .trimEnd()
  const [head = "", ...body] = rows.map(line)
  return [head, "─".repeat(head.length), ...body].join("\n")
}
