/**
 * An agent without a model, a network or a key: a real program that speaks as Claude Code does, well or badly, as a
 * script says.
 */
import * as Schema from "effect/Schema"
import { fileURLToPath } from "node:url"
import * as Script from "./Script.js"

/**
 * The program. Without a script it says what it was told, word by word, in the form of `--output-format stream-json`.
 *
 * @example
 * ```ts
 * import * as AgentTurn from "@tether/agent/AgentTurn"
 * import * as ClaudeAdapter from "@tether/agent/ClaudeAdapter"
 * import * as FakeAgent from "@tether/vitest/FakeAgent"
 *
 * const turn = AgentTurn.run({
 *   turnId: "1",
 *   adapter: ClaudeAdapter.claude,
 *   binary: FakeAgent.binary,
 *   cwd: "/tmp",
 *   prompt: "hello"
 * })
 * ```
 */
export const binary: string = fileURLToPath(new URL("../programs/agent.mjs", import.meta.url))

const json = Schema.parseJson(Script.schema)

/**
 * The environment in which {@link binary} does what a script says. A variable of the environment holds at most 128 KiB:
 * a script that is longer is refused by an exception.
 *
 * @example
 * ```ts
 * import * as FakeAgent from "@tether/vitest/FakeAgent"
 * import * as Script from "@tether/vitest/Script"
 *
 * const env = FakeAgent.env(
 *   Script.make(Script.stdout(FakeAgent.init("1"), FakeAgent.text("msg_1", "hello")), Script.exit(0))
 * )
 * ```
 */
export const env = (script: Script.Running): Readonly<Record<string, string>> => {
  const text = Schema.encodeSync(json)(script)
  if (Buffer.byteLength(text) > 120 * 1024)
    throw new Error("the script is too long for a variable of the environment; use Script.repeat")
  return { TETHER_FAKE_AGENT: text }
}

/**
 * Any line of an agent: a value as JSON, and a newline.
 *
 * @example
 * ```ts
 * import * as FakeAgent from "@tether/vitest/FakeAgent"
 *
 * const odd = FakeAgent.line({ type: "weather", sky: "blue" })
 * ```
 */
export const line = (value: unknown): string => `${JSON.stringify(value)}\n`

/**
 * The first line of a session.
 *
 * @example
 * ```ts
 * import * as FakeAgent from "@tether/vitest/FakeAgent"
 *
 * const first = FakeAgent.init("11111111-2222-4333-8444-555555555555")
 * ```
 */
export const init = (sessionId: string): string => line({ type: "system", subtype: "init", session_id: sessionId })

/**
 * A message of the assistant with one text.
 *
 * @example
 * ```ts
 * import * as FakeAgent from "@tether/vitest/FakeAgent"
 *
 * const hello = FakeAgent.text("msg_1", "hello")
 * ```
 */
export const text = (id: string, words: string): string =>
  line({ type: "assistant", message: { id, role: "assistant", content: [{ type: "text", text: words }] } })

/**
 * A piece of a text that is being written.
 *
 * @example
 * ```ts
 * import * as FakeAgent from "@tether/vitest/FakeAgent"
 *
 * const half = FakeAgent.delta("hel")
 * ```
 */
export const delta = (words: string): string =>
  line({
    type: "stream_event",
    event: { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: words } }
  })

/**
 * The call of a tool.
 *
 * @example
 * ```ts
 * import * as FakeAgent from "@tether/vitest/FakeAgent"
 *
 * const read = FakeAgent.toolUse("msg_1", "toolu_1", "Read", { file_path: "notes.txt" })
 * ```
 */
export const toolUse = (id: string, toolId: string, name: string, input: unknown): string =>
  line({
    type: "assistant",
    message: { id, role: "assistant", content: [{ type: "tool_use", id: toolId, name, input }] }
  })

/**
 * The result of a tool.
 *
 * @example
 * ```ts
 * import * as FakeAgent from "@tether/vitest/FakeAgent"
 *
 * const content = FakeAgent.toolResult("toolu_1", "hello file")
 * ```
 */
export const toolResult = (toolId: string, content: string): string =>
  line({ type: "user", message: { role: "user", content: [{ type: "tool_result", tool_use_id: toolId, content }] } })

/**
 * The end of a turn, which went well unless another subtype is given.
 *
 * @example
 * ```ts
 * import * as FakeAgent from "@tether/vitest/FakeAgent"
 *
 * const tooLong = FakeAgent.result("", "error_max_turns")
 * ```
 */
export const result = (words: string, subtype = "success"): string =>
  line({
    type: "result",
    subtype,
    is_error: subtype !== "success",
    num_turns: 1,
    result: words,
    total_cost_usd: 0.01,
    usage: { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 2, cache_creation_input_tokens: 1 }
  })
