import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../lib/run.mjs"

/** Keeps the raw output of a turn and the session that the agent has stored, with neutral paths. */
export const record = (folder, { agent, lines, place, terminal }) => {
  recordLines(folder, `${agent}-tool-turn.stdout`, lines, place)
  recordTranscript(folder, `${agent}-tool-turn`, place, terminal?.sessionId)
}

/** Keeps the transcript of a session. */
export const recordTranscript = (folder, name, place, sessionId) => {
  const stored = transcriptOf(place, sessionId)
  if (stored !== undefined) recordLines(folder, `${name}.transcript`, linesOf(stored), place)
}

export const recordLines = (folder, name, lines, place) => {
  mkdirSync(folder, { recursive: true })
  const neutral = (text) =>
    text
      .replaceAll(place.project, "/home/dev/project")
      .replaceAll(place.home, "/home/dev")
      .replaceAll(root, "/home/dev/tether")
      .replaceAll(/tether-agents-\w{6}/g, "tether-agents")
      .replaceAll(/Linux \d[\w.-]*/g, "Linux")
  writeFileSync(join(folder, `${name}.jsonl`), lines.map((line) => `${neutral(brief(line))}\n`).join(""))
}

/** The file in which the agent keeps a session. */
export const transcriptOf = ({ config }, sessionId = " ") => {
  const name = readdirSync(config, { recursive: true }).find(
    (each) => each.endsWith(".jsonl") && each.includes(sessionId)
  )
  return name === undefined ? undefined : join(config, name)
}

export const linesOf = (file) =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")

const longest = 160

/** What is said is kept as it is. The instructions of the program are long, and are cut. */
const brief = (line) => {
  const entry = JSON.parse(line)
  return ["user", "assistant", "event_msg", "result"].includes(entry.type) ? line : JSON.stringify(cut(entry))
}

const cut = (value) => {
  if (typeof value === "string") return value.length > longest ? `${value.slice(0, 60)} [cut]` : value
  if (Array.isArray(value)) return value.slice(0, 3).map(cut)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, cut(each)]))
}
