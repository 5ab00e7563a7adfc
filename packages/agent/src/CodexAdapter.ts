/**
 * Codex.
 */
import type { AgentAdapter, Invocation, PermissionMode, Prompt } from "./AgentAdapter.js"
import { codexDecoder } from "./internal/codexLines.js"
import { wordOrStdin } from "./internal/promptWord.js"
import { SessionTotals } from "./internal/sessionTotals.js"

const sandbox: Readonly<Record<PermissionMode, ReadonlyArray<string>>> = {
  default: [],
  dontAsk: [],
  plan: ["--sandbox", "read-only"],
  auto: ["--sandbox", "workspace-write"],
  acceptEdits: ["--sandbox", "workspace-write"],
  bypassPermissions: ["--dangerously-bypass-approvals-and-sandbox"]
}

const problemsOf = ({ newSessionId, resumeSessionId }: Prompt): ReadonlyArray<string> => [
  ...(resumeSessionId?.startsWith("-") === true
    ? ["resumeSessionId begins with a dash, and would be taken for an option"]
    : []),
  ...(resumeSessionId === undefined && newSessionId !== undefined
    ? ["codex chooses the id of a new session itself, and tells it in SessionBound: leave newSessionId out"]
    : [])
]

const invocation = (prompt: Prompt): Invocation => {
  // One word may be the name of a command of its own: resume, review, help.
  const { stdin, words } = wordOrStdin(prompt.prompt, !/\s/.test(prompt.prompt))
  return {
    args: [
      "exec",
      "--json",
      ...sandbox[prompt.permissionMode ?? "default"],
      ...(prompt.args ?? []),
      ...(prompt.resumeSessionId === undefined ? [] : ["resume", prompt.resumeSessionId]),
      // A dash is its word for stdin.
      ...(words.length === 0 ? ["-"] : words)
    ],
    stdin,
    problems: problemsOf(prompt)
  }
}

const make = (): AgentAdapter => {
  const totals = new SessionTotals(["inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens"])
  return { name: "codex", binary: "codex", invocation, decoder: (prompt) => codexDecoder(prompt, totals) }
}

/**
 * Codex (`codex`), of version 0.140 and later.
 *
 * A turn is `codex exec --json`, the sandbox that the permission mode stands for, `args`, `resume <thread>` where one
 * is resumed, and the prompt, which is read from stdin if it begins with a dash, is one word, or is longer than 100
 * KiB. `plan` is a sandbox that only reads, `auto` and `acceptEdits` one that writes in the working directory,
 * `bypassPermissions` none at all; the other modes leave it to its own settings. Outside a git repository it wants
 * `args: ["--skip-git-repo-check"]`. It chooses the ids of new sessions itself, and it tells no cost.
 *
 * What it tells of tokens is the total of the thread. The adapter remembers the totals of the last 1000 threads whose
 * turns it has seen, and a turn's `Usage` is the difference. For a thread that is resumed and was not seen by this
 * program, there is a `Notice` with the total instead.
 *
 * @example
 * ```ts
 * import * as AgentTurn from "@tether/agent/AgentTurn"
 * import * as CodexAdapter from "@tether/agent/CodexAdapter"
 *
 * const events = AgentTurn.run({
 *   turnId: "1",
 *   adapter: CodexAdapter.codex,
 *   cwd: "/home/dev/project",
 *   prompt: "say hi"
 * })
 * ```
 */
export const codex: AgentAdapter = make()
