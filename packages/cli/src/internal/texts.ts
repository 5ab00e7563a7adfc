/**
 * What is said of each command and option. The words stand here once, for help, for messages and for shells.
 */

/** What an option is called where it is shown, and what is said of it. */
export interface OptionText {
  readonly name: string
  readonly value?: string
  readonly text: ReadonlyArray<string>
}

export interface CommandText {
  readonly name: string
  readonly usage: string
  readonly summary: string
  readonly about: string
  readonly options: Readonly<Record<string, OptionText>>
  readonly codes: ReadonlyArray<readonly [code: string, text: ReadonlyArray<string>]>
}

const misused = ["2", ["These words make no sense."]] as const

export const run = {
  name: "run",
  usage: "tether run [options] -- COMMAND ARGS…",
  summary: "Run a command, relay its output, and end with its exit code.",
  about: `What the command writes to stdout is shown on stdout as "[label:out] line", and what it writes to stderr on stderr as
"[label:err] line", with control sequences taken out. Everything behind -- is passed on untouched.

SIGINT, SIGTERM and SIGHUP are passed on to the command and all that it has started. A second Ctrl-C kills at once.
Whatever the command leaves running is stopped when it ends, and named.

Colours are used on a terminal only, and never where NO_COLOR is set.`,
  options: {
    label: {
      name: "label",
      value: "NAME",
      text: ["The command's name in prefixes and messages.", "Default: the command and its arguments."]
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
      text: ["Replace the value of the environment variable NAME wherever it would", "be shown. May be given many times."]
    },
    stdin: { name: "stdin", text: ["Let the command read our stdin. Default: it reads nothing."] },
    noPrefix: { name: "no-prefix", text: ["Write lines as they are, without [label:out] and [label:err]."] },
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
    tree: { name: "tree", text: ["As a tree: below each host its reaper and its children, and below", "these the hosts that run in them."] },
    json: { name: "json", text: ["Write the tree to stdout as one line of JSON."] }
  },
  codes: [["0", ["Always."]], misused]
} as const satisfies CommandText

export const reap = {
  name: "reap",
  usage: "tether reap [options]",
  summary: "End processes whose host was killed together with its reaper.",
  about: `It lists and ends the processes of this user whose host is proven dead. A host about which nothing can be known, such as
one in another pid namespace, is taken for alive. What a host was told to leave is let be.

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

export const commands: ReadonlyArray<CommandText> = [run, ps, reap, doctor]

/** The command that these words are about, if there is one among them. */
export const commandIn = (words: ReadonlyArray<string>): CommandText | undefined =>
  words.flatMap((word) => commands.find(({ name }) => name === word) ?? [])[0]
