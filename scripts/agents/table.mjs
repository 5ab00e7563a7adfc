import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../lib/run.mjs"

const file = join(root, "docs/agents.md")
const begin = "<!-- test:agents, begin -->"
const end = "<!-- test:agents, end -->"

/** The cases as a table, a column an agent. */
export const table = ({ agents, network, rows }) => {
  const names = Object.keys(agents)
  const cases = [...new Set(rows.map(({ name }) => name))]
  const cell = (name, agent) => {
    const row = rows.find((each) => each.name === name && each.agent === agent)
    if (row === undefined) return ""
    if (row.skipped !== undefined) return `skipped: ${row.skipped}`
    const words = `${row.end}, ${(row.millis / 1000).toFixed(1)} s`.replaceAll("|", "\\|")
    return row.problems.length === 0 ? words : `**not as it must be**: ${words}`
  }
  const versions = names.map((name) => `${name} ${agents[name].version}`)
  return [
    `On ${new Date().toISOString().slice(0, 10)}, ${process.platform} ${process.arch}, Node ${process.versions.node}, in ${network}:`,
    "",
    `| | ${versions.join(" | ")} |`,
    `| --- |${" --- |".repeat(names.length)}`,
    ...cases.map((name) => `| ${name} | ${names.map((agent) => cell(name, agent)).join(" | ")} |`)
  ].join("\n")
}

/** Puts it between the two marks of docs/agents.md. */
export const writeDocs = (text) => {
  const old = readFileSync(file, "utf8")
  const [before, rest] = old.split(begin)
  const after = rest?.split(end)[1]
  if (after === undefined) throw new Error(`docs/agents.md has no ${begin} and ${end}`)
  writeFileSync(file, `${before}${begin}\n${text}\n${end}${after}`)
}
