/**
 * What `tether` says about itself.
 */
import { readFileSync } from "node:fs"
import { splitAtDashes } from "./words.js"

/** What an option is called where it is shown, and what is said of it. The words stand here once, for help and shells. */
export interface OptionText {
  readonly name: string
  readonly value?: string
  readonly text: ReadonlyArray<string>
}

export const optionTexts = {
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
  json: { name: "json", text: ["Write the final report to stdout as one line of JSON. All relayed", "lines go to stderr then."] }
} as const satisfies Record<string, OptionText>

export const usage = "tether run [options] -- COMMAND ARGS…"

const flagOf = ({ name, value }: OptionText): string => value === undefined ? `--${name}` : `--${name} ${value}`

const table = (rows: ReadonlyArray<readonly [left: string, text: ReadonlyArray<string>]>): string => {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2
  return rows
    .map(([left, text]) => `  ${left.padEnd(width)}${text.join(`\n  ${" ".repeat(width)}`)}`)
    .join("\n")
}

const common = [["-h, --help", ["Show this."]], ["--version", ["Show the version."]]] as const

const general = `tether runs programs that never outlive it.

Usage: ${usage}

Commands:
${table([["run", ["Run a command, relay its output, and end with its exit code."]]])}

Options:
${table([...common, ["--completions SHELL", ["Write a completion script for bash, fish or zsh."]]])}

\`tether run --help\` says more.
`

const ofRun = `tether run: run a command, relay its output line by line, and end with its exit code

Usage: ${usage}

What the command writes to stdout is shown on stdout as "[label:out] line", and what it writes to stderr on stderr as
"[label:err] line", with control sequences taken out. Everything behind -- is passed on untouched.

SIGINT, SIGTERM and SIGHUP are passed on to the command and all of its process group. A second Ctrl-C kills at once.
Whatever the command leaves running in its group is stopped when it ends, and named.

Options:
${table([...Object.values<OptionText>(optionTexts).map((option) => [flagOf(option), option.text] as const), ...common])}

Exit code:
${
  table([
    ["N", ["The command exited with N."]],
    ["128+N", ["The command was ended by signal N: 130 by SIGINT, 137 by SIGKILL, 143 by SIGTERM."]],
    ["2", ["These words make no sense."]],
    ["125", ["The command could not be started, for another reason than the next two."]],
    ["126", ["The command may not be executed."]],
    ["127", ["There is no such command."]]
  ])
}

Colours are used on a terminal only, and never where NO_COLOR is set.
`

/** The answer to a command line that asks for words only, or `undefined` where there is something to do. */
export const answerTo = (argv: ReadonlyArray<string>): string | undefined => {
  const { before } = splitAtDashes(argv)
  if (before.includes("--help") || before.includes("-h")) return before.includes("run") ? ofRun : general
  return before.includes("--version") ? `${version()}\n` : undefined
}

const version = (): string => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
  return version
}
