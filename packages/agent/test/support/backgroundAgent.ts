/**
 * An agent that goes on by itself: some time after a prompt with "task" in it, it begins a turn of its own, as Claude
 * Code does when something in the background has ended.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"

/**
 * - `names`: whether it says which prompts it works on and answers, as Claude Code does from 2.1.332 on.
 * - `joins`: whether it answers a prompt that comes while it is in a turn of its own within that turn.
 * - `tells`: whether the result of a turn of its own says so.
 */
export interface Habits {
  readonly names: boolean
  readonly joins: boolean
  readonly tells: boolean
}

const program = (habits: Habits): string => `#!${process.execPath}
const habits = ${JSON.stringify(habits)}
const say = (entry) => process.stdout.write(JSON.stringify({ session_id: "s", ...entry }) + "\\n")
const queue = []
let running
const idsOf = (prompts) => habits.names && prompts.length > 0 ? { user_message_uuids: prompts.map(({ uuid }) => uuid) } : {}
const next = () => {
  running = queue.shift()
  if (running === undefined) return
  const { prompts } = running
  say({ type: "system", subtype: "init", ...idsOf(prompts) })
  for (const { content, uuid } of prompts) if (habits.names) say({ type: "user", isReplay: true, uuid, message: { role: "user", content } })
  setTimeout(() => {
    const text = running.prompts.length === 0 ? "noted" : "answer to " + running.prompts.map(({ content }) => content).join(", ")
    say({ type: "assistant", message: { id: "m" + Math.random(), role: "assistant", content: [{ type: "text", text }] } })
    const origin = running.isOwn && habits.tells ? { origin: { kind: "task-notification" } } : {}
    say({ type: "result", subtype: "success", is_error: false, result: text, ...idsOf(running.prompts), ...origin })
    next()
  }, Math.random() * 40)
}
const add = (turn) => {
  queue.push(turn)
  if (running === undefined) next()
}
const asked = (prompt) => {
  if (prompt.content.includes("task")) setTimeout(() => add({ prompts: [], isOwn: true }), Math.random() * 60)
  if (habits.joins && running !== undefined && running.isOwn) {
    running.prompts.push(prompt)
    if (habits.names) say({ type: "user", isReplay: true, uuid: prompt.uuid, message: { role: "user", content: prompt.content } })
  } else add({ prompts: [prompt], isOwn: false })
}
let buffer = ""
process.stdin.on("data", (chunk) => {
  buffer += chunk
  for (let end = buffer.indexOf("\\n"); end >= 0; end = buffer.indexOf("\\n")) {
    const { message, uuid } = JSON.parse(buffer.slice(0, end))
    buffer = buffer.slice(end + 1)
    asked({ content: message.content, uuid })
  }
})
process.stdin.on("end", () => process.exit(0))
`

/** Writes it into a folder, and answers with its path. */
export const backgroundAgent = (folder: string, habits: Habits): string => {
  const path = join(folder, "agent.mjs")
  writeFileSync(path, program(habits), { mode: 0o755 })
  return path
}
