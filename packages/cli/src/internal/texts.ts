/**
 * What is said of each command and option. The words stand here once, for help, for messages and for shells.
 */

import type { PermissionMode } from "@tether/agent/AgentAdapter"
import type { Policy } from "@tether/spool/Capture"

/** Names that exist only now. They are looked up when a shell asks for them. */
export type NameKind = "deadLetter" | "end" | "identity" | "key" | "log" | "server" | "session" | "variable"

/** What completes a value. Nothing completes a free text. */
export type ValueKind = "directory" | "file" | "program" | NameKind

/** What an option is called where it is shown, and what is said of it. */
export interface OptionText {
  readonly name: string
  /** One letter. */
  readonly alias?: string
  readonly value?: string
  /** The option may stand without a value. */
  readonly isValueOptional?: true
  /** The value must be one of these words. */
  readonly values?: ReadonlyArray<string>
  readonly kind?: ValueKind
  /** The option may be given more than once. */
  readonly isRepeatable?: true
  /** The command refuses these options next to this one. */
  readonly excludes?: ReadonlyArray<string>
  /** The command takes no argument next to this option. */
  readonly excludesArguments?: true
  /** Only these actions of the command look at the option. */
  readonly actions?: ReadonlyArray<string>
  readonly text: ReadonlyArray<string>
}

export interface ArgumentText {
  readonly name: string
  readonly values?: ReadonlyArray<string>
  readonly kind?: ValueKind
  /** The last argument takes all further words. */
  readonly isRepeatable?: true
  /** Names an option, and what the argument is next to it. */
  readonly kindWith?: { readonly option: string; readonly kind: ValueKind }
}

/** A word that says what a command does, and its own argument. */
export interface ActionText {
  readonly name: string
  readonly text: string
  readonly argument?: ArgumentText & { readonly isOptional?: true }
}

export interface CommandText {
  readonly name: string
  readonly usage: string
  readonly summary: string
  readonly about: string
  readonly options: Readonly<Record<string, OptionText>>
  /** The arguments before `--`. */
  readonly args?: ReadonlyArray<ArgumentText>
  /** Another program and its arguments must stand after `--`. */
  readonly takesCommand?: true
  readonly actions?: ReadonlyArray<ActionText>
  readonly codes: ReadonlyArray<readonly [code: string, text: ReadonlyArray<string>]>
  /** The commands that it has of its own, by their whole names. */
  readonly parts?: ReadonlyArray<CommandText>
}

/** Exactly the members of `A`, in this order: the compiler finds one that is missing. */
const all = <A extends string>(members: Readonly<Record<A, true>>): ReadonlyArray<A> =>
  Object.keys(members) as unknown as ReadonlyArray<A>

export const shells = ["bash", "fish", "zsh"] as const

/** The options of `tether` itself. Every command takes the first two. */
export const general = {
  help: { name: "help", alias: "h", text: ["Show this."] },
  version: { name: "version", text: ["Show the version."] },
  completions: {
    name: "completions",
    value: "SHELL",
    values: shells,
    text: ["Write a completion script for bash, fish or zsh."]
  }
} as const satisfies Readonly<Record<string, OptionText>>

const misused = ["2", ["These words make no sense."]] as const

const journal = {
  name: "journal",
  value: "DIR",
  kind: "directory",
  isValueOptional: true,
  text: [
    "Record the beginning and the end in the exit journal in DIR, which is",
    "made where it is not there. Without DIR, before -- or another option, in",
    "the one that `tether exits` and `tether why` read by default."
  ]
} as const satisfies OptionText

export const run = {
  name: "run",
  usage: "tether run [options] -- COMMAND ARGS…",
  summary: "Run a command, relay its output, and end with its exit code.",
  about: `What the command writes to stdout is shown on stdout as "[label:out] line", and what it writes to stderr on stderr as
"[label:err] line", with control sequences taken out. Everything behind -- is passed on untouched.

SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on to the command and all that it has started, which have --kill-after to
end. A second Ctrl-C kills at once. SIGUSR1, SIGUSR2, SIGALRM and SIGWINCH are passed on and nothing more. Ctrl-Z stops
the command too, and fg continues both.

Whatever the command leaves running is stopped when it ends, and named.

A command that must outlive a hang-up needs a session of its own: use "setsid tether run …". nohup has no effect,
because Node.js resets the signals that it was started to ignore.

Colours are used on a terminal only, and never where NO_COLOR is set.`,
  takesCommand: true,
  options: {
    label: {
      name: "label",
      value: "NAME",
      text: ["The command's name in prefixes and messages.", "Default: the program's name."]
    },
    killAfter: {
      name: "kill-after",
      value: "DURATION",
      text: [
        "How long the command may take to end after a signal was passed on,",
        `before it is killed: 500ms, 5s, 2m, "2 seconds". Default: 5s.`
      ]
    },
    redact: {
      name: "redact",
      value: "NAME",
      kind: "variable",
      isRepeatable: true,
      text: [
        "Replace the value of the environment variable NAME wherever it would",
        "be shown. May be given many times."
      ]
    },
    journal,
    stdin: { name: "stdin", text: ["Let the command read our stdin. Default: it reads nothing."] },
    noPrefix: {
      name: "no-prefix",
      text: [
        "Write lines without [label:out] and [label:err]. They are still whole",
        "lines, without control sequences other than colours on a terminal."
      ]
    },
    raw: {
      name: "raw",
      excludes: ["redact"],
      text: [
        "Pass the bytes of stdout and stderr on untouched, as they come: no",
        "prefixes, no lines, nothing taken out. Not together with --redact."
      ]
    },
    json: {
      name: "json",
      text: ["Write the final report to stdout as one line of JSON. All relayed", "lines go to stderr then."]
    }
  },
  codes: [
    ["N", ["The command exited with N."]],
    ["128+N", ["The command was ended by signal N: 130 by SIGINT, 137 by SIGKILL, 143 by SIGTERM."]],
    misused,
    ["125", ["The command could not be started, for another reason than the next two."]],
    ["126", ["The command may not be executed."]],
    ["127", ["There is no such command."]]
  ]
} as const satisfies CommandText

export const ps = {
  name: "ps",
  usage: "tether ps [options]",
  summary: "Show the programs that have children, and what they have started.",
  about: `It shows the living hosts of this user: programs that started children with Tether, each child by its number, and all
processes that live of it. Children that are not contained (level "none") cannot be found, and neither can hosts in
another pid namespace.`,
  options: {
    tree: {
      name: "tree",
      text: ["As a tree: below each host its reaper and its children, and below", "these the hosts that run in them."]
    },
    json: { name: "json", text: ["Write the tree to stdout as one line of JSON."] }
  },
  codes: [["0", ["Always."]], misused]
} as const satisfies CommandText

export const reap = {
  name: "reap",
  usage: "tether reap [options]",
  summary: "End processes whose host was killed together with its reaper.",
  about: `It lists and ends the processes of this user whose host is proven dead. A host about which nothing can be known, such as
one in another pid namespace, is taken for alive. What a host was told to leave is let be. A process that belongs to
another user than its host, or runs setuid, is listed as foreign and not signalled.

They get SIGTERM first, and SIGKILL if they are still there after the grace. Each is looked at once more right before.`,
  options: {
    dryRun: { name: "dry-run", text: ["List them, and end nothing."] },
    grace: {
      name: "grace",
      value: "DURATION",
      text: [
        "How long they may take to end before they are killed: 500ms, 3s, 2m,",
        `"2 seconds". With 0s they are killed at once. Default: 3s.`
      ]
    },
    json: { name: "json", text: ["Write the list to stdout as one line of JSON."] }
  },
  codes: [["0", ["There were none, or all of them have ended."]], ["1", ["Some could not be ended."]], misused]
} as const satisfies CommandText

export const doctor = {
  name: "doctor",
  usage: "tether doctor [options]",
  summary: "Show what this host can give, and why not more.",
  about: `It shows which levels of containment can be had and which is the default, whether a reaper can be started, what a
process is told from others by, and what the system is. It tries what can only be known by trying, and leaves nothing
behind.`,
  options: {
    json: { name: "json", text: ["Write the findings to stdout as one line of JSON."] }
  },
  codes: [["0", ["Always."]], misused]
} as const satisfies CommandText

const directory = {
  name: "directory",
  value: "DIR",
  kind: "directory",
  text: [
    "The directory of the journal. Default: that of this user,",
    "$TETHER_STATE_DIR/journal, $XDG_STATE_HOME/tether/journal or",
    "~/.local/state/tether/journal."
  ]
} as const satisfies OptionText

export const exits = {
  name: "exits",
  usage: "tether exits [options]",
  summary: "Show which processes have ended, how, and by whom.",
  about: `It shows the ends in an exit journal, which \`tether run --journal\` and programs with an ExitJournal write: the oldest first,
times in UTC. It changes nothing there.

Colours are used on a terminal only, and never where NO_COLOR is set.`,
  options: {
    identity: {
      name: "identity",
      value: "NAME",
      kind: "end",
      text: ["Only the ends of NAME: what a child was called, its label."]
    },
    since: {
      name: "since",
      value: "TIME",
      text: ["Only those since then: 30m, 2h, 7d ago, or a date and time like", "2026-11-25T03:00Z. Default: all."]
    },
    follow: { name: "follow", text: ["Go on with each end as it comes, until Ctrl-C."] },
    json: { name: "json", text: ["Write each record to stdout as one line of JSON."] },
    directory
  },
  codes: [["0", ["They are shown, if there are any."]], ["1", ["There is no journal, or it cannot be read."]], misused]
} as const satisfies CommandText

export const why = {
  name: "why",
  usage: "tether why [options] IDENTITY",
  summary: "Say why a process has ended, as far as anything speaks for it.",
  about: `It tells of the last end of IDENTITY on record in an exit journal: how, when, after how long, by whom, and its last lines. Or
that it has not ended. Where nobody was there to see the end, it says what is known instead, and does not guess.`,
  args: [{ name: "IDENTITY", kind: "identity" }],
  options: {
    json: { name: "json", text: ["Write the record to stdout as one line of JSON."] },
    directory
  },
  codes: [["0", ["It is told."]], ["1", ["There is no record of it, or the journal cannot be read."]], misused]
} as const satisfies CommandText

const sessionId = {
  name: "session-id",
  value: "ID",
  text: ["Whose transcript it is. Default: the name of its file."]
} as const satisfies OptionText

const cwd = {
  name: "cwd",
  value: "DIR",
  kind: "directory",
  text: ["Where the session ran. Default: our own working directory."]
} as const satisfies OptionText

const hook = {
  name: "hook",
  excludesArguments: true,
  text: [
    "Session and transcript are named on stdin, in the JSON object that agent",
    "programs give to their hooks: session_id, transcript_path, cwd."
  ]
} as const satisfies OptionText

const strict = {
  name: "strict",
  text: ["End with 1 if nothing was captured. Default: 0, because a hook must not", "fail what it hangs on."]
} as const satisfies OptionText

const deadline = {
  name: "deadline",
  value: "MS",
  text: [
    "How long it may wait for what does not move, in milliseconds. It ends",
    "after five times as long in any case. Default: 1000."
  ]
} as const satisfies OptionText

const captureTranscript = {
  name: "capture-transcript",
  usage: "tether capture-transcript [options] TRANSCRIPT",
  summary: "Keep what was said in an agent's session, at its end.",
  about: `It reads the transcript of a session, and hands its turns to the handler that TETHER_CAPTURE_HANDLER names, or appends them
to a file of the session in the state directory. One line of JSON on stdout counts them.

With --no-spawn it is a hook: it starts no process, waits for nothing that does not move, and defers the turns to disk where
no daemon takes them. \`tether spool drain\` hands them over later.`,
  args: [{ name: "TRANSCRIPT", kind: "file" }],
  options: {
    noSpawn: {
      name: "no-spawn",
      text: [
        "Start no process and hand nothing over here: give the turns to the",
        "daemon that is up, or defer them to a file. One line of JSON says which."
      ]
    },
    sessionId,
    maxTurns: { name: "max-turns", value: "N", text: ["How many of the newest turns are kept. Default: 200."] },
    policy: {
      name: "policy",
      value: "POLICY",
      values: all<Policy>({ "probe-then-live": true, "always-defer": true, "live-or-fail": true }),
      text: [
        "With --no-spawn: probe-then-live, the default, asks the daemon first;",
        "always-defer does not; live-or-fail defers nothing."
      ]
    },
    hook,
    cwd,
    strict,
    deadline
  },
  codes: [
    ["0", ["Always, but with --strict."]],
    ["1", ["With --no-spawn and --strict: nothing was captured."]]
  ]
} as const satisfies CommandText

const captureTurn = {
  name: "capture-turn",
  usage: "tether capture-turn [options] TRANSCRIPT",
  summary: "Keep what is new in an agent's session, after a turn.",
  about: `It appends to a file of the session what has come to its transcript since the last time. The file is handed over after the
end of the session, when capture-transcript has been run. It starts no process, and waits for nothing that does not move.`,
  args: [{ name: "TRANSCRIPT", kind: "file" }],
  options: { sessionId, hook, cwd, strict, deadline },
  codes: [
    ["0", ["Always, but with --strict."]],
    ["1", ["With --strict: nothing was captured."]]
  ]
} as const satisfies CommandText

export const managers = ["systemd", "launchd"] as const

const manager = { name: "MANAGER", values: managers } as const satisfies ArgumentText

export const spoolActions = [
  { name: "serve", text: "run a daemon: take what hooks hand over, and hand over what they have deferred" },
  { name: "ls", text: "show what is deferred, why something was not taken, and when it is tried again" },
  { name: "drain", text: "hand over now what is deferred, until nothing is left that can be taken" },
  {
    name: "replay",
    argument: { name: "FILE", kind: "deadLetter", isOptional: true },
    text: "have the dead letters, or one of them, tried again by the next drain"
  },
  { name: "doctor", text: "show what will not be handed over by itself" },
  { name: "unlock", text: "say which daemon has the spool; if it is gone, free the spool of it" },
  {
    name: "install",
    argument: manager,
    text: "write the files by which the service manager runs the daemon for this user"
  },
  { name: "uninstall", argument: manager, text: "remove these files again" }
] as const satisfies ReadonlyArray<ActionText>

const usageOf = ({ argument, name }: ActionText): string => {
  if (argument === undefined) return name
  const shown = argument.values?.join("|") ?? argument.name
  return `${name} ${argument.isOptional === true ? `[${shown}]` : shown}`
}

const actionLines = (actions: ReadonlyArray<ActionText>): string => {
  const width = Math.max(...actions.map((action) => usageOf(action).length)) + 2
  return actions.map((action) => `  ${usageOf(action).padEnd(width)}${action.text}`).join("\n")
}

export const spool = {
  name: "spool",
  usage: "tether spool ACTION [options]",
  summary: "Take, show and hand over what hooks have deferred.",
  about: `ACTION is one of

${actionLines(spoolActions)}

What is deferred is in the state directory: $TETHER_STATE_DIR/deferred-captures,
$XDG_STATE_HOME/tether/deferred-captures or ~/.local/state/tether/deferred-captures. It is handed to the handler that TETHER_CAPTURE_HANDLER names, a module that exports a
function \`handler\`; without one it is appended to a file of its session in the state directory. The daemon listens at
TETHER_DAEMON_SOCKET, by default in the state directory.`,
  actions: spoolActions,
  options: {
    json: { name: "json", text: ["Write what is found to stdout as one line of JSON."] },
    records: {
      name: "records",
      value: "N",
      actions: ["drain"],
      text: ["drain: stop after so many records. Default: all there are."]
    }
  },
  codes: [
    ["0", ["It is done, and nothing is wrong."]],
    ["1", ["It could not be done; or, of drain and doctor: something is left that", "needs a person."]],
    misused
  ]
} as const satisfies CommandText

export const agents = ["claude", "codex"] as const

export const modes = all<PermissionMode>({
  auto: true,
  acceptEdits: true,
  bypassPermissions: true,
  plan: true,
  default: true,
  dontAsk: true
})

export const turn = {
  name: "turn",
  usage: "tether turn [options] [PROMPT]",
  summary: "Ask an agent program, and show what it says and does.",
  about: `It starts the program for one turn. What the agent says is written to stdout as it comes; what it does with tools, and how the
turn ended, to stderr, a line each. When the turn is over nothing of it lives: no server and no shell that it has started.

Ctrl-C cancels the turn, and the agent may still end it by itself; a second Ctrl-C kills at once. A prompt that begins with a dash
stands behind --. Without a prompt, or with -, it is read from stdin to its end.`,
  args: [{ name: "PROMPT" }],
  options: {
    agent: { name: "agent", value: "NAME", values: agents, text: ["claude (the default) or codex."] },
    binary: {
      name: "binary",
      value: "PROGRAM",
      kind: "program",
      text: ["Its program. Default: claude or codex, along the PATH."]
    },
    resume: {
      name: "resume",
      value: "ID",
      text: ["Go on with this session, whose id is told at the end of each turn."]
    },
    permissionMode: {
      name: "permission-mode",
      value: "MODE",
      values: modes,
      text: ["What it may do without asking: auto, acceptEdits, bypassPermissions,", "plan, dontAsk or default."]
    },
    agentArg: {
      name: "agent-arg",
      value: "WORD",
      isRepeatable: true,
      text: ["A word for the program itself, such as --agent-arg=--skip-git-repo-check", "for codex; may be repeated."]
    },
    cwd: {
      name: "cwd",
      value: "DIR",
      kind: "directory",
      text: ["Where it works. Default: our own working directory."]
    },
    timeout: {
      name: "timeout",
      value: "DURATION",
      text: ["How long the turn may take: 90s, 10m, 2h. Default: as long as it likes."]
    },
    journal,
    json: { name: "json", text: ["Write each event to stdout as one line of JSON, and nothing else."] }
  },
  codes: [
    ["0", ["The turn was completed."]],
    ["1", ["It failed."]],
    misused,
    ["124", ["It took too long."]],
    ["125", ["The program could not be started, for another reason than the next two."]],
    ["126", ["The program may not be executed."]],
    ["127", ["There is no such program."]],
    ["130", ["It was cancelled."]]
  ]
} as const satisfies CommandText

const server = {
  name: "server",
  value: "NAME",
  kind: "server",
  text: ["Which of our tmux servers. Default: default."]
} as const satisfies OptionText

const logDir = {
  name: "log-dir",
  value: "DIR",
  kind: "directory",
  text: [
    "The directory of the logs. Default: that of this user,",
    "$TETHER_STATE_DIR/sessions, $XDG_STATE_HOME/tether/sessions or",
    "~/.local/state/tether/sessions."
  ]
} as const satisfies OptionText

const sessionFailed = ["1", ["There is no such session, no tmux, or it could not be done."]] as const

export const sessionLaunch = {
  name: "session launch",
  usage: "tether session launch [options] NAME -- COMMAND ARGS…",
  summary: "Run a command in a terminal of its own, which goes on when we have gone.",
  about: `The command runs in a private tmux server. All that it writes goes to NAME.log in the directory of the logs, and how it ended to
the exit journal that \`tether exits\` and \`tether why NAME\` read. It is stopped by \`tether session stop\`, and by nothing else.

One line on stdout has its name, its id in tmux and its log file, with tabs between them.`,
  args: [{ name: "NAME" }],
  takesCommand: true,
  options: {
    logDir,
    exitLogDir: {
      name: "exit-log-dir",
      value: "DIR",
      kind: "directory",
      excludes: ["no-exit-log"],
      text: ["The directory of the exit journal. Default: the one that `tether why`", "reads by default."]
    },
    noExitLog: { name: "no-exit-log", text: ["Record its beginning and its end nowhere."] },
    cwd: {
      name: "cwd",
      value: "DIR",
      kind: "directory",
      text: ["Where it runs. Default: our own working directory."]
    },
    env: {
      name: "env",
      value: "NAME=VALUE",
      isRepeatable: true,
      text: ["Set an environment variable for it. May be given many times."]
    },
    cols: { name: "cols", value: "N", text: ["How wide its terminal is until somebody attaches. Default: 120."] },
    rows: { name: "rows", value: "N", text: ["How high it is. Default: 40."] },
    attach: { name: "attach", text: ["Show it in this terminal at once."] },
    server
  },
  codes: [
    ["0", ["It was launched."]],
    ["1", ["There is one of that name, no tmux, or a directory cannot be used."]],
    misused,
    [
      "125",
      ["The command could not be started, for another reason than the next two, such as a directory that is not there."]
    ],
    ["126", ["The command may not be executed."]],
    ["127", ["There is no such command."]]
  ]
} as const satisfies CommandText

export const sessionLs = {
  name: "session ls",
  usage: "tether session ls [options]",
  summary: "Show the sessions, the oldest first.",
  about: `STATE is alive, gone, or unknown where it cannot be told from here. PID is the program, and SHIM its parent, which watches it.
ATTACHED is how many terminals show the session now.

With --all, sessions that have ended come first, of all servers, each with its last end: those in the exit journal of this user and those
with a log in its directory of logs.`,
  options: {
    all: { name: "all", text: ["Show those that have ended, too."] },
    json: { name: "json", text: ["Write them to stdout as one line of JSON."] },
    server
  },
  codes: [
    ["0", ["They are shown, if there are any."]],
    ["1", ["There is no tmux, or its server does not answer."]],
    misused
  ]
} as const satisfies CommandText

export const sessionAttach = {
  name: "session attach",
  usage: "tether session attach [options] NAME",
  summary: "Show a session in this terminal.",
  about: `Ctrl-B and then D leaves it; the session goes on. What else the keys after Ctrl-B do is as tmux has it without a configuration.`,
  args: [{ name: "NAME", kind: "session" }],
  options: { server },
  codes: [
    ["0", ["It was left, or it has ended."]],
    sessionFailed,
    misused,
    ["128+N", ["Signal N was sent to us, and the session was left."]]
  ]
} as const satisfies CommandText

export const sessionSend = {
  name: "session send",
  usage: "tether session send [options] NAME [TEXT…]",
  summary: "Paste a text into a session, and press Enter.",
  about: `TEXT is its words with blanks between them. Without one, or with -, the text is what comes on stdin; one newline at its end is left
out. A text that begins with a dash stands behind --, and so does one that has words like our options.

It is delivered when the program in the session has shown it. The text itself is in no log and in no message of ours.`,
  args: [
    { name: "NAME", kind: "session" },
    { name: "TEXT", isRepeatable: true, kindWith: { option: "keys", kind: "key" } }
  ],
  options: {
    keys: {
      name: "keys",
      excludes: ["no-submit"],
      text: ["Press keys by tmux's names instead: --keys C-c, --keys Escape Up Enter."]
    },
    noSubmit: { name: "no-submit", text: ["Do not press Enter."] },
    server
  },
  codes: [
    ["0", ["It was delivered."]],
    ["1", ["There is no such session, or nothing shows that it was delivered."]],
    misused
  ]
} as const satisfies CommandText

export const sessionLogs = {
  name: "session logs",
  usage: "tether session logs [options] NAME",
  summary: "Show what a session has written, also when it has ended.",
  about: `It writes what was recorded to stdout, byte by byte, with the control sequences that the program wrote for its terminal.`,
  args: [{ name: "NAME", kind: "log" }],
  options: {
    follow: { name: "follow", alias: "f", text: ["Go on with what comes, until the session has ended or Ctrl-C."] },
    lines: { name: "lines", alias: "n", value: "N", text: ["Begin with the last N lines. Default: all that is kept."] },
    plain: { name: "plain", text: ["Take out control sequences, so that lines of text are left."] },
    raw: {
      name: "raw",
      text: [
        "Write all bytes also to a terminal, which then obeys them. Default there: lines of text with their colours."
      ]
    },
    path: { name: "path", text: ["Write where the log is, and nothing of it."] },
    logDir,
    server
  },
  codes: [["0", ["It is shown."]], ["1", ["There is no such log, or it cannot be read."]], misused]
} as const satisfies CommandText

export const sessionStop = {
  name: "session stop",
  usage: "tether session stop [options] NAME",
  summary: "End all that runs in a session, and say how it ended.",
  about: `The command and all that it has started get SIGHUP, as from a terminal that goes away; SIGTERM a second later, and SIGKILL if they are
still there after the grace. The journal has that it was on purpose.`,
  args: [{ name: "NAME", kind: "session" }],
  options: {
    grace: {
      name: "grace",
      value: "DURATION",
      text: [
        "How long it may take to end after SIGTERM before it is killed: 500ms,",
        `5s, 2m, "2 seconds". With 0s it is killed at once. Default: 5s.`
      ]
    },
    reason: { name: "reason", value: "WORD", text: ["Why, for the journal. Default: stop."] },
    server
  },
  codes: [["0", ["It has ended."]], sessionFailed, misused]
} as const satisfies CommandText

export const session = {
  name: "session",
  usage: "tether session launch|ls|attach|send|logs|stop [options]",
  summary: "Run programs in terminals that go on when we have gone.",
  about: `A session is a program in a terminal of a private tmux server: it outlives whoever started it, a person can attach to it, its output is in
a log, and how it ended in the exit journal. It needs tmux 3.2 or newer.

Logs and journal are in $TETHER_STATE_DIR, $XDG_STATE_HOME/tether or ~/.local/state/tether, in \`sessions\` and \`journal\`.

The server listens in $TETHER_RUNTIME_DIR/tmux, $XDG_RUNTIME_DIR/tether/tmux or a directory of this user in /tmp. It reads no configuration,
and no other tmux server is touched.`,
  options: {},
  codes: [["0", ["It is done."]], sessionFailed, misused],
  parts: [sessionLaunch, sessionLs, sessionAttach, sessionSend, sessionLogs, sessionStop]
} as const satisfies CommandText

export const commands: ReadonlyArray<CommandText> = [
  run,
  turn,
  session,
  exits,
  why,
  captureTranscript,
  captureTurn,
  spool,
  ps,
  reap,
  doctor
]

/** The command that these words are about, if there is one among them, or the one of its own that they name. */
export const commandIn = (words: ReadonlyArray<string>): CommandText | undefined => {
  const at = words.findIndex((word) => commands.some(({ name }) => name === word))
  const found = commands.find(({ name }) => name === words[at])
  const part = words
    .slice(at + 1)
    .flatMap((word) => found?.parts?.find(({ name }) => name === `${found.name} ${word}`) ?? [])[0]
  return part ?? found
}
