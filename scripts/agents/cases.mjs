/**
 * What is tried with each agent. A case has the `prompt`, what the model server says to it, what is asked for beside
 * that (`request`), and how the turn must end: `end` is a terminal event, and of a failure its kind. `check` finds more
 * problems.
 */

// A separator of lines that JSON leaves as it is, and what takes four bytes.
const greeting = "Hello: na\u00efve \u2028 separators \u{1f680}."
const long = `${"All work and no play. ".repeat(7_000)}The end.`

const textOf = (blocks) => blocks.map((block) => (block._tag === "Text" ? block.text : "")).join("")

const said = (events) =>
  events
    .filter(({ _tag, role, status }) => _tag === "Message" && role === "assistant" && status === "Complete")
    .map(({ blocks }) => textOf(blocks))

const results = (events) =>
  events.flatMap(({ _tag, blocks }) =>
    _tag === "Message" ? blocks.filter((block) => block._tag === "ToolResult") : []
  )

/** A command that the agent is told to run, in the words of its tool for that. */
const shell =
  (command) =>
  ({ api, body }) => {
    if (api === "messages")
      return { text: "I will run it.", tool: { name: "Bash", input: { command, description: "a command" } } }
    const names = body.tools.map((tool) => tool.name)
    const name = ["exec_command", "shell_command", "shell"].find((each) => names.includes(each)) ?? "shell"
    return {
      text: "I will run it.",
      tool: {
        name,
        input:
          name === "shell"
            ? { command: ["sh", "-c", command] }
            : { [name === "exec_command" ? "cmd" : "command"]: command }
      }
    }
  }

/** The same for Claude Code, which does not wait for it, and begins another turn by itself when the command is over. */
const inBackground = (command) => () => ({
  text: "I will run it.",
  tool: { name: "Bash", input: { command, description: "a command", run_in_background: true } }
})

const then = (first, text) => (asked) => (asked.nth === 0 ? first(asked) : { text })

const mayRun = { claude: { args: ["--allowedTools", "Bash"] }, codex: {} }

const isHeard =
  (prompt) =>
  ({ asked }) =>
    asked.some(({ body }) => JSON.stringify(body).includes(JSON.stringify(prompt).slice(1, -1)))
      ? []
      : ["the model was not asked this prompt"]

const sleeps = {
  prompt: "sleep for a minute",
  answer: then(shell("echo begun; sleep 60; echo over"), "never said"),
  request: mayRun
}

const modes = ["auto", "acceptEdits", "plan", "dontAsk", "default"]

export const casesOf = (agent) => [
  {
    name: "a text turn",
    prompt: "say hi",
    answer: () => ({ text: greeting }),
    end: "Completed",
    text: greeting,
    keeps: true,
    check: ({ events }) =>
      agent === "claude" &&
      events
        .filter(({ kind }) => kind === "Text")
        .map(({ text }) => text)
        .join("") !== greeting
        ? ["its deltas are not its text"]
        : []
  },
  {
    name: "the same session again",
    prompt: "and once more",
    resumes: true,
    answer: () => ({ text: "Hi again." }),
    end: "Completed",
    text: "Hi again.",
    check: ({ asked, sessionId, terminal }) => [
      ...isHeard("say hi")({ asked }).map(() => "the model was not told of the turn before"),
      ...(terminal.sessionId === sessionId ? [] : [`it is in session ${terminal.sessionId}, and not in ${sessionId}`])
    ]
  },
  {
    name: "a tool turn",
    prompt: "read notes.txt",
    answer: then(
      (asked) =>
        agent === "claude"
          ? { text: "I will read the file.", tool: { name: "Read", input: { file_path: asked.notes } } }
          : shell("cat notes.txt")(asked),
      "It says hello."
    ),
    end: "Completed",
    text: "It says hello.",
    records: true,
    check: ({ events }) =>
      JSON.stringify(results(events)).includes("hello file") ? [] : ["the tool's result is missing"]
  },
  {
    name: "a command",
    prompt: "run it",
    answer: then(shell("echo from-$((40 + 2))"), "It ran."),
    request: mayRun,
    end: "Completed",
    text: "It ran.",
    check: ({ events }) =>
      JSON.stringify(results(events)).includes("from-42") ? [] : ["the command's output is missing"]
  },
  {
    name: "a command that fails",
    prompt: "run it",
    answer: then(shell("echo no >&2; exit 3"), "It failed."),
    request: mayRun,
    end: "Completed",
    text: "It failed.",
    check: ({ events }) => (results(events).some(({ isError }) => isError) ? [] : ["the tool's result is no error"])
  },
  {
    name: "a prompt that begins with a dash",
    prompt: "--help me, please",
    answer: () => ({ text: "Of course." }),
    end: "Completed",
    text: "Of course.",
    check: isHeard("--help me, please")
  },
  {
    name: "a prompt of 150 KB",
    prompt: long,
    answer: () => ({ text: "A long text." }),
    end: "Completed",
    text: "A long text.",
    check: isHeard(long)
  },
  { name: "the server says 400", prompt: "say hi", answer: () => ({ status: 400 }), end: "Failed", kind: "Result" },
  {
    name: "the server says 500",
    prompt: "say hi",
    answer: () => ({ status: 500 }),
    request: { claude: { env: { CLAUDE_CODE_MAX_RETRIES: "1" } }, codex: {} },
    end: "Failed",
    kind: "Result",
    check: ({ events }) =>
      events.some(({ _tag, kind }) => _tag === "Notice" && kind === "agent")
        ? []
        : ["it does not say that it tries again"]
  },
  {
    name: "the server stalls",
    prompt: "say hi",
    answer: () => "stall",
    request: { claude: { timeouts: { idle: "3 seconds" } }, codex: { timeouts: { idle: "3 seconds" } } },
    end: "Failed",
    kind: "Timeout"
  },
  {
    name: "cancelled while the server stalls",
    prompt: "say hi",
    answer: () => "stall",
    cancels: "asked",
    end: "Cancelled"
  },
  { name: "cancelled in the middle of a command", ...sleeps, cancels: "sleeping", end: "Cancelled" },
  { name: "left in the middle of a command", ...sleeps, cancels: "sleeping", leaves: true },
  {
    name: "a command that leaves a process",
    prompt: "run it",
    answer: then(shell("setsid sleep 61 >/dev/null 2>&1 & sleep 0.2; echo left"), "It runs on."),
    request: mayRun,
    end: "Completed",
    text: "It runs on."
  },
  ...(agent === "claude"
    ? [
        {
          name: "a task in the background",
          prompt: "run it",
          answer: (asked) =>
            asked.nth === 0 ? inBackground("sleep 2; echo woke")() : { text: `Answer ${asked.nth}.` },
          request: mayRun,
          end: "Completed",
          text: "Answer 2."
        },
        {
          name: "a task in the background that does not end",
          prompt: "run it",
          answer: then(inBackground("sleep 60"), "It runs on."),
          request: { claude: { ...mayRun.claude, afterResult: "2 seconds" } },
          end: "Completed",
          text: "It runs on.",
          mayExit: true,
          check: ({ terminal }) => (terminal.stuck ? [] : ["it is not told that it was stuck"])
        }
      ]
    : []),
  ...modes.map((permissionMode) => ({
    name: `mode ${permissionMode}`,
    prompt: "say hi",
    answer: () => ({ text: "Hi." }),
    request: { claude: { permissionMode }, codex: { permissionMode } },
    end: "Completed",
    text: "Hi."
  })),
  {
    name: "mode bypassPermissions",
    prompt: "run it",
    answer: then(shell("echo from-$((40 + 2)) > made.txt; cat made.txt"), "It ran."),
    request: { claude: { permissionMode: "bypassPermissions" }, codex: { permissionMode: "bypassPermissions" } },
    end: "Completed",
    text: "It ran.",
    // Claude Code refuses it to root.
    asNobody: agent === "claude",
    check: ({ events }) =>
      JSON.stringify(results(events)).includes("from-42") ? [] : ["the command's output is missing"]
  },
  {
    name: "a session that does not exist",
    prompt: "say hi",
    answer: () => ({ text: "Hi." }),
    request: {
      claude: { resumeSessionId: "11111111-2222-4333-8444-555555555555" },
      codex: { resumeSessionId: "11111111-2222-4333-8444-555555555555" }
    },
    end: "Failed"
  }
]

/** What is wrong with the events of a turn, whatever the case. */
export const problemsOf = ({ check = () => [], end, kind, mayExit = false, text }, seen) => {
  const { events, lines, survivors } = seen
  const terminals = events.filter(isTerminal)
  const terminal = terminals[0]
  const odd = events.filter(
    ({ _tag, kind: notice }) => _tag === "Notice" && (notice === "malformed" || notice === "unknown")
  )
  const bound = events.findIndex(({ _tag }) => _tag === "SessionBound")
  const first = events.findIndex(({ _tag }) => _tag === "Message")
  return [
    ...survivors.map((each) => `it is left: ${each}`),
    ...odd.map(
      (notice) =>
        `${notice.kind}: ${notice.text}${notice.kind === "unknown" ? `, of\n${lineOf(lines, notice.text)}` : ""}`
    ),
    ...(events.filter(({ _tag }) => _tag === "SessionBound").length > 1 ? ["its session is bound twice"] : []),
    ...(first >= 0 && !(bound >= 0 && bound < first) ? ["a message comes before its session"] : []),
    ...(end === undefined ? [] : terminals.length !== 1 ? [`${terminals.length} terminal events`] : []),
    ...(end !== undefined && events.at(-1) !== terminal ? ["the terminal event is not the last one"] : []),
    ...(end !== undefined && terminal?._tag !== end ? [`it is ${terminal?._tag}, and not ${end}`] : []),
    ...(kind !== undefined && terminal?.kind?._tag !== kind
      ? [`it failed by ${terminal?.kind?._tag}, and not by ${kind}`]
      : []),
    ...(end === "Completed" && !mayExit && terminal?.exitCode !== 0 ? [`its exit code is ${terminal?.exitCode}`] : []),
    ...(text !== undefined && terminal?.result?.text !== text
      ? [`its result is ${JSON.stringify(terminal?.result?.text)}`]
      : []),
    ...(text !== undefined && said(events).at(-1) !== text
      ? [`its last message is ${JSON.stringify(said(events).at(-1))}`]
      : []),
    ...(terminal === undefined ? [] : check({ ...seen, terminal }))
  ]
}

export const isTerminal = ({ _tag }) => _tag === "Completed" || _tag === "Failed" || _tag === "Cancelled"

/** The line that a notice of an unknown type is about. */
const lineOf = (lines, notice) => {
  const type = notice.split(" ").at(-1)
  return (lines.find((line) => line.includes(`"${type}"`)) ?? "").slice(0, 2_000)
}
