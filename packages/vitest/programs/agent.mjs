#!/usr/bin/env node
/**
 * An agent without a model, which speaks as Claude Code does with `--output-format stream-json`. With
 * `TETHER_FAKE_AGENT` it does what that script says. Without, it says what it was told, word by word, and with
 * `--input-format stream-json` it does so until its input ends.
 */
import { appendFileSync } from "node:fs"
import { createInterface } from "node:readline"

const { TETHER_FAKE_AGENT: script, TETHER_FAKE_AGENT_LOG: log } = process.env
const [, , ...args] = process.argv
if (log !== undefined) appendFileSync(log, JSON.stringify({ args, cwd: process.cwd() }) + "\n")

const valueOf = (option) => (args.includes(option) ? args[args.indexOf(option) + 1] : undefined)
const sessionId = valueOf("--resume") ?? valueOf("--session-id") ?? crypto.randomUUID()
const print = (line) => process.stdout.write(JSON.stringify({ ...line, session_id: sessionId }) + "\n")

let turns = 0
const answer = (prompt) => {
  const id = `msg_${process.pid}_${++turns}`
  const text = `You said: ${prompt}`
  const event = (event) => print({ type: "stream_event", event, parent_tool_use_id: null })
  event({ type: "message_start", message: { id, role: "assistant", content: [] } })
  event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } })
  for (const word of text.match(/\S+\s*/g))
    event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: word } })
  print({
    type: "assistant",
    message: { id, role: "assistant", content: [{ type: "text", text }] },
    parent_tool_use_id: null
  })
  event({ type: "content_block_stop", index: 0 })
  event({ type: "message_stop" })
  const usage = {
    input_tokens: prompt.length,
    output_tokens: text.length,
    cache_read_input_tokens: 0,
    cache_creation_input_tokens: 0
  }
  print({ type: "result", subtype: "success", is_error: false, num_turns: 1, result: text, total_cost_usd: 0, usage })
}

const readAll = async () => {
  let text = ""
  for await (const piece of process.stdin.setEncoding("utf8")) text += piece
  return text
}

const stay = async () => {
  for await (const line of createInterface({ input: process.stdin })) {
    const { message, request, request_id, type } = JSON.parse(line)
    if (type === "user")
      answer(typeof message.content === "string" ? message.content : message.content.map(({ text }) => text).join(""))
    else if (type === "control_request")
      print({ type: "control_response", response: { subtype: "success", request_id, request } })
  }
}

if (script !== undefined) {
  process.argv[2] = script
  // Whatever it starts is not to play the same.
  delete process.env["TETHER_FAKE_AGENT"]
  await import("./play.mjs")
} else {
  print({ type: "system", subtype: "init", cwd: process.cwd(), tools: [], model: "none" })
  if (valueOf("--input-format") === "stream-json") await stay()
  else answer(args[0] === "-p" && args[1] !== "--output-format" ? args[1] : await readAll())
}
