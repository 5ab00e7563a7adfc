import { readFileSync } from "node:fs"
import { join } from "node:path"
import { filesBelow } from "../lib/files.mjs"
import { root } from "../lib/run.mjs"

export const markdownFiles = () => filesBelow("").filter((file) => file.endsWith(".md"))

export const linesOf = (file) => readFileSync(join(root, file), "utf8").split("\n")

/** The fenced blocks among some lines: language, the words after it, the index of the first line inside, the lines. */
export const fences = (lines) => {
  const found = []
  let open
  for (const [index, line] of lines.entries()) {
    const mark = /^\s*(`{3,}|~{3,})\s*(\S*)\s*(.*)$/.exec(line)
    if (open === undefined && mark) {
      open = { ticks: mark[1], language: mark[2], info: mark[3].trim(), first: index + 1, lines: [] }
    } else if (open !== undefined && mark?.[1].startsWith(open.ticks) && mark[2] === "") {
      found.push(open)
      open = undefined
    } else open?.lines.push(line)
  }
  return found
}

/** The lines with those inside fences made empty. */
export const prose = (lines) => {
  const left = [...lines]
  for (const fence of fences(lines)) left.fill("", fence.first, fence.first + fence.lines.length)
  return left
}
