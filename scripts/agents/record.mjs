import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** Keeps the raw output of a turn and the session that the agent has stored, with neutral paths. */
export const record = (folder, { agent, lines, place, terminal }) => {
  mkdirSync(folder, { recursive: true })
  const neutral = (text) => text.replaceAll(place.project, "/home/dev/project").replaceAll(place.home, "/home/dev")
  const keep = (name, text) => writeFileSync(join(folder, `${agent}-tool-turn.${name}.jsonl`), neutral(text))
  keep("stdout", lines.map((line) => `${line}\n`).join(""))
  const stored = readdirSync(place.config, { recursive: true }).find(
    (name) => name.endsWith(".jsonl") && name.includes(terminal?.sessionId ?? " ")
  )
  if (stored !== undefined) keep("transcript", readFileSync(join(place.config, stored), "utf8"))
}
