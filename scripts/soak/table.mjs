import { relative } from "node:path"
import { root } from "../lib/run.mjs"

/** The finished runs, one a line; those that failed with the file of their output. */
export const resultTable = (runs) => {
  const rows = [
    ["run", "kind", "result", "time", ""],
    ...runs.map((run, index) => [
      String(index + 1),
      run.kind,
      resultOf(run),
      `${run.seconds.toFixed(0)} s`,
      run.code === 0 ? "" : relative(root, run.output)
    ])
  ]
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("  ")
      .trimEnd()
  )
  const failed = runs.filter((run) => run.code !== 0).length
  return [...lines, `${runs.length - failed} of ${runs.length} runs passed.`].join("\n")
}

const resultOf = ({ code, failures, loadProblem }) => {
  const result = code === 0 ? "passed" : `failed (${failures})`
  return loadProblem === undefined ? result : `${result}, load incomplete`
}
