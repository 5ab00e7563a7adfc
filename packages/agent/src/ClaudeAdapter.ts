/**
 * Claude Code.
 */
import * as TerminalText from "@tether/host/TerminalText"
import type { AgentAdapter, Decision, Invocation, Prompt } from "./AgentAdapter.js"
import { claudeDecoder } from "./internal/claudeLines.js"
import { wordOrStdin } from "./internal/promptWord.js"
import { SessionTotals } from "./internal/sessionTotals.js"

// The first two together make it tell everything; the third one, while it is being written.
const output = ["--output-format", "stream-json", "--verbose", "--include-partial-messages"]

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const sessionArgs = ({ newSessionId, resumeSessionId }: Omit<Prompt, "prompt" | "turnId">): ReadonlyArray<string> => {
  if (resumeSessionId !== undefined) return ["--resume", resumeSessionId]
  return newSessionId === undefined ? [] : ["--session-id", newSessionId]
}

const problemsOf = ({ newSessionId, resumeSessionId }: Prompt): ReadonlyArray<string> => [
  ...(resumeSessionId?.startsWith("-") === true
    ? ["resumeSessionId begins with a dash, and would be taken for an option"]
    : []),
  ...(resumeSessionId === undefined && newSessionId !== undefined && !uuid.test(newSessionId)
    ? [`newSessionId is a UUID, and not ${TerminalText.quote(newSessionId)}`]
    : [])
]

const invocation = (prompt: Prompt): Invocation => {
  const { stdin, words } = wordOrStdin(prompt.prompt)
  return {
    // Never `--input-format` here: with nothing on stdin it then reads no turn at all, and exits with 0.
    args: [
      "-p",
      ...words,
      ...output,
      "--permission-mode",
      prompt.permissionMode ?? "default",
      ...sessionArgs(prompt),
      ...(prompt.args ?? [])
    ],
    stdin,
    problems: problemsOf(prompt)
  }
}

const permission = (decision: Decision) =>
  decision.behavior === "allow"
    ? { behavior: "allow", updatedInput: decision.input }
    : { behavior: "deny", message: decision.message }

const make = (): AgentAdapter => {
  const costs = new SessionTotals(["costUsd"])
  return {
    name: "claude",
    binary: "claude",
    invocation,
    decoder: (prompt) => claudeDecoder(prompt, costs),
    dialogue: {
      args: (prompt, asksPermission) => [
        "-p",
        ...output,
        "--input-format",
        "stream-json",
        // When it takes a prompt, it says which.
        "--replay-user-messages",
        "--permission-mode",
        prompt.permissionMode ?? "default",
        ...(asksPermission ? ["--permission-prompt-tool", "stdio"] : []),
        ...sessionArgs(prompt),
        ...(prompt.args ?? [])
      ],
      user: (prompt, promptId) =>
        JSON.stringify({ type: "user", uuid: promptId, message: { role: "user", content: prompt } }),
      interrupt: (requestId) =>
        JSON.stringify({ type: "control_request", request_id: requestId, request: { subtype: "interrupt" } }),
      permit: (requestId, decision) =>
        JSON.stringify({
          type: "control_response",
          response: { subtype: "success", request_id: requestId, response: permission(decision) }
        })
    }
  }
}

/**
 * Claude Code (`claude`), of version 2.
 *
 * A turn is `claude -p <prompt> --output-format stream-json --verbose --include-partial-messages --permission-mode
 * <mode>`, and then `--resume <id>` or `--session-id <uuid>`, and `args`. Its stdin is null. A prompt that begins with
 * a dash, or is longer than 100 KiB, is read from stdin. What sub-agents say is not part of the conversation.
 *
 * The cost that it tells is that of the session, with all the processes that have served it. The adapter remembers the
 * costs of the last 1000 sessions whose turns it has seen, and a turn's cost is the difference. A session that goes on
 * and was not seen by this program has no cost in its first turn.
 *
 * A process that stays has `--input-format stream-json` instead, and its turns are written to it.
 *
 * @example
 * ```ts
 * import * as AgentTurn from "@tether/agent/AgentTurn"
 * import * as ClaudeAdapter from "@tether/agent/ClaudeAdapter"
 *
 * const events = AgentTurn.run({
 *   turnId: "1",
 *   adapter: ClaudeAdapter.claude,
 *   cwd: "/home/dev/project",
 *   prompt: "what is in notes.txt?",
 *   permissionMode: "plan"
 * })
 * ```
 */
export const claude: AgentAdapter = make()
