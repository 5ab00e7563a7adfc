/**
 * Turns of an agent whose output was written before, and the same by hand: readline and JSON.parse.
 *
 * Promises and no effects: what surrounds a peer must not measure Effect's runtime with it (`Peer` in Row.ts).
 */
import type { AgentAdapter } from "@tether/agent/AgentAdapter"
import * as AgentTurn from "@tether/agent/AgentTurn"
import * as ClaudeAdapter from "@tether/agent/ClaudeAdapter"
import { isTerminal, type TurnEvent } from "@tether/agent/TurnEvent"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { delayed } from "../loop.js"
import { watched } from "../resident.js"
import type { Peer, Seen } from "../Row.js"
import { bytesSeen, spawnsSeen } from "./counting.js"
import { inMemory } from "./folder.js"

const session = {
  session_id: "11111111-2222-4333-8444-555555555555",
  parent_tool_use_id: null,
  uuid: "76881607-fb3d-4b36-a930-6d25077f8764"
}
const line = (value: object): string => `${JSON.stringify({ ...value, ...session })}\n`
const delta = line({
  type: "stream_event",
  event: { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "read the file." } }
})
const toolResult = line({
  type: "user",
  message: { role: "user", content: [{ tool_use_id: "toolu_1", type: "tool_result", content: "1\thello file\n2\t" }] }
})
const assistant = (number: number): string =>
  line({
    type: "assistant",
    message: {
      id: `msg_${number}`,
      type: "message",
      role: "assistant",
      model: "m",
      content: [{ type: "text", text: "I will read the file." }],
      usage: { input_tokens: 1, output_tokens: 1 }
    }
  })
const result = line({
  type: "result",
  subtype: "success",
  is_error: false,
  result: "done",
  usage: { input_tokens: 1, output_tokens: 1 }
})

/** Mostly pieces of texts, as an agent writes them. */
const outputOf = (lines: number): string => {
  const all = Array.from({ length: lines - 1 }, (_, number) =>
    number % 10 === 8 ? assistant(number) : number % 10 === 9 ? toolResult : delta
  )
  return [...all, result].join("")
}

/** Claude Code, but for its program. */
const saying = (binary: string, ...args: ReadonlyArray<string>): AgentTurn.TurnRequest => {
  const adapter: AgentAdapter = {
    ...ClaudeAdapter.claude,
    binary,
    invocation: () => ({ args, stdin: "null", problems: [] })
  }
  return { turnId: "1", adapter, cwd: "/", prompt: "say it" }
}

const run = (request: AgentTurn.TurnRequest, take: (event: TurnEvent) => void): Promise<void> =>
  AgentTurn.run(request).pipe(
    Stream.runForEachChunk((events) => Effect.sync(() => Chunk.forEach(events, take))),
    Effect.provide(NodeChildSpawner.layer),
    Effect.runPromise
  )

const closed = (command: string, args: ReadonlyArray<string>, take: (line: string) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] })
    child.stderr.on("data", () => undefined)
    const lines = createInterface({ input: child.stdout }).on("line", take)
    child.on("error", reject)
    lines.on("close", () => (child.exitCode === null ? child.on("close", () => resolve()) : resolve()))
  })

const reading =
  (read: (file: string) => Promise<number>): Peer =>
  ({ records }) =>
    inMemory(async (folder): Promise<Seen> => {
      const file = join(folder, "output.jsonl")
      writeFileSync(file, outputOf(records))
      const cpu = process.cpuUsage()
      const begun = performance.now()
      const {
        growth,
        value: { delay, value }
      } = await watched(() => delayed(() => read(file)))
      const { system, user } = process.cpuUsage(cpu)
      return {
        ...spawnsSeen(value),
        millis: performance.now() - begun,
        cpuMillis: (user + system) / 1000,
        memory: growth,
        delay
      }
    })

export const nodeLines = reading(async (file) => {
  let seen = 0
  await closed("cat", [file], (text) => {
    if (typeof (JSON.parse(text) as { readonly type: unknown }).type === "string") seen++
  })
  return seen
})

/** Each line is one of these, and the result is an end. */
const isLine = (event: TurnEvent): boolean =>
  event._tag === "Delta" ||
  event._tag === "Completed" ||
  (event._tag === "Message" && (event.role === "user" || event.status === "Streaming"))

export const lines = reading(async (file) => {
  let seen = 0
  await run(saying("cat", file), (event) => {
    if (isLine(event)) seen++
  })
  return seen
})

/** From the result to the end that is told. */
const ending =
  (one: () => Promise<number>): Peer =>
  async ({ programs }) => {
    let millis = 0
    for (let i = 0; i < programs; i++) millis += await one()
    return { ...spawnsSeen(programs), millis }
  }

const words = ["-c", "printf '%s' \"$1\"", "sh", result]

export const nodeEnd = ending(async () => {
  let at = 0
  await closed("sh", words, (text) => {
    if ((JSON.parse(text) as { readonly type: string }).type === "result") at = performance.now()
  })
  return performance.now() - at
})

export const end = ending(async () => {
  let at = 0
  let took = 0
  await run(saying("sh", ...words), (event) => {
    // It comes with the result.
    if (event._tag === "Usage") at = performance.now()
    else if (isTerminal(event)) took = performance.now() - at
  })
  return took
})

export const endless: Peer = async ({ bytes }) => {
  let seen = 0
  const { growth } = await watched(() =>
    run(saying("sh", "-c", `yes "$1" | head -c ${bytes}`, "sh", delta.trimEnd()), (event) => {
      if (event._tag === "Delta") seen++
    })
  )
  // All whole lines; of the last one there is a part.
  return { ...bytesSeen(seen === Math.floor(bytes / delta.length) ? bytes : seen * delta.length), memory: growth }
}

export const nodeEndless: Peer = async ({ bytes }) => {
  let seen = 0
  const { growth } = await watched(() =>
    closed("sh", ["-c", `yes "$1" | head -c ${bytes}`, "sh", delta.trimEnd()], (text) => {
      seen += text.length + 1
    })
  )
  return { ...bytesSeen(Math.min(seen, bytes)), memory: growth }
}
