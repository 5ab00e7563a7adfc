import { createServer } from "node:http"

/**
 * A model server on loopback that speaks the Messages API and the Responses API, both over SSE, and says what it is
 * told to. `answer(request)` is asked for each turn of the model with `{ api, body, last, nth }`: the parsed body, the
 * last item of the conversation as JSON, and how many turns came before. It returns one of
 *
 * - `{ text }`: words, streamed in pieces. `{ text, tool: { name, input } }`: then a call of a tool.
 * - `{ status }`: an error of the server. `"stall"`: no answer at all.
 */
export const modelServer = async (answer) => {
  let turns = 0
  const asked = []
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request)
    asked.push({ method: request.method, url: request.url, body })
    const path = new URL(request.url, "http://localhost").pathname
    const api = path.endsWith("/messages") ? messages : path.endsWith("/responses") ? responses : undefined
    if (api === undefined || request.method !== "POST")
      return json(response, path.endsWith("/count_tokens") ? 200 : 404, { input_tokens: 1 })
    const side = api.isAside(body)
    const said = side ? { text: "ok" } : await answer({ api: api.name, body, last: api.last(body), nth: turns })
    if (!side) turns++
    if (said === "stall") return undefined
    if (said.status !== undefined) return json(response, said.status, api.error(said.status))
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" })
    for (const event of api.events(said, asked.length))
      response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    return response.end()
  })
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { url: `http://127.0.0.1:${server.address().port}`, asked, close }
}

const bodyOf = async (request) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  try {
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch {
    return {}
  }
}

const json = (response, status, body) => {
  response.writeHead(status, { "content-type": "application/json" })
  response.end(JSON.stringify(body))
}

/** In three pieces, as a model would: but no word, and so no path, is cut. */
const pieces = (text) => {
  const words = text.split(/(?<= )/)
  const third = Math.ceil(words.length / 3)
  return [0, 1, 2].map((nth) => words.slice(nth * third, (nth + 1) * third).join("")).filter((piece) => piece !== "")
}

const messages = {
  name: "messages",
  // What it asks for itself, a title for one, has no tools.
  isAside: ({ tools }) => !Array.isArray(tools) || tools.length === 0,
  last: (body) => JSON.stringify(body.messages?.at(-1) ?? null),
  error: (status) => ({
    type: "error",
    error: { type: status < 500 ? "invalid_request_error" : "api_error", message: `the server says ${status}` }
  }),
  events: ({ text, tool }, nth) => {
    const usage = { input_tokens: 10, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 1 }
    const message = {
      id: `msg_${nth}`,
      type: "message",
      role: "assistant",
      model: "claude-opus-4-8",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage
    }
    const blocks = [
      ...(text === undefined
        ? []
        : [
            {
              empty: { type: "text", text: "" },
              deltas: pieces(text).map((piece) => ({ type: "text_delta", text: piece }))
            }
          ]),
      ...(tool === undefined
        ? []
        : [
            {
              empty: { type: "tool_use", id: `toolu_${nth}`, name: tool.name, input: {} },
              deltas: pieces(JSON.stringify(tool.input)).map((piece) => ({
                type: "input_json_delta",
                partial_json: piece
              }))
            }
          ])
    ]
    return [
      { type: "message_start", message },
      ...blocks.flatMap(({ deltas, empty }, index) => [
        { type: "content_block_start", index, content_block: empty },
        ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
        { type: "content_block_stop", index }
      ]),
      {
        type: "message_delta",
        delta: { stop_reason: tool === undefined ? "end_turn" : "tool_use", stop_sequence: null },
        usage: { output_tokens: 5 }
      },
      { type: "message_stop" }
    ]
  }
}

const responses = {
  name: "responses",
  isAside: ({ tools }) => !Array.isArray(tools) || tools.length === 0,
  last: (body) => JSON.stringify(body.input?.at?.(-1) ?? null),
  error: (status) => ({
    error: { type: status < 500 ? "invalid_request_error" : "server_error", message: `the server says ${status}` }
  }),
  events: ({ text, tool }, nth) => {
    const id = `resp_${nth}`
    const said =
      text === undefined
        ? []
        : [
            {
              type: "message",
              id: `msg_${nth}`,
              role: "assistant",
              status: "completed",
              content: [{ type: "output_text", text, annotations: [] }]
            }
          ]
    const call =
      tool === undefined
        ? []
        : [
            {
              type: "function_call",
              id: `fc_${nth}`,
              call_id: `call_${nth}`,
              name: tool.name,
              arguments: JSON.stringify(tool.input),
              status: "completed"
            }
          ]
    const output = [...said, ...call]
    const usage = {
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 15
    }
    return [
      { type: "response.created", response: { id, object: "response", status: "in_progress", output: [] } },
      ...output.flatMap((item, index) => [
        {
          type: "response.output_item.added",
          output_index: index,
          item: item.type === "message" ? { ...item, status: "in_progress", content: [] } : item
        },
        ...(item.type === "message"
          ? pieces(text).map((delta) => ({
              type: "response.output_text.delta",
              item_id: item.id,
              output_index: index,
              content_index: 0,
              delta
            }))
          : []),
        { type: "response.output_item.done", output_index: index, item }
      ]),
      { type: "response.completed", response: { id, object: "response", status: "completed", output, usage } }
    ]
  }
}
