/**
 * What `tether` says about itself.
 */
import { readFileSync } from "node:fs"
import { completionScript } from "./completionScripts.js"
import { commandIn, commands, type CommandText, general as own, type OptionText } from "./texts.js"
import { splitAtDashes } from "./words.js"

const flagOf = ({ alias, isValueOptional, name, value }: OptionText): string =>
  `${alias === undefined ? "" : `-${alias}, `}--${name}${value === undefined ? "" : isValueOptional === true ? ` [${value}]` : ` ${value}`}`

const table = (rows: ReadonlyArray<readonly [left: string, text: ReadonlyArray<string>]>): string => {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2
  return rows.map(([left, text]) => `  ${left.padEnd(width)}${text.join(`\n  ${" ".repeat(width)}`)}`).join("\n")
}

const optionTable = (options: ReadonlyArray<OptionText>): string =>
  table(options.map((option) => [flagOf(option), option.text]))

const general = `tether runs programs that never outlive it.

Usage:
${commands.map(({ usage }) => `  ${usage}`).join("\n")}

Commands:
${table(commands.map(({ name, summary }) => [name, [summary]]))}

Options:
${optionTable(Object.values(own))}

Completions, for the file that the shell reads at its start:
${table([
  ["bash", [`eval "$(tether --completions bash)"`]],
  ["zsh", [`eval "$(tether --completions zsh)"      after compinit`]],
  ["fish", ["tether --completions fish | source"]]
])}

\`tether COMMAND --help\` says more.
`

const ofCommand = ({ about, codes, name, options, parts, summary, usage }: CommandText): string =>
  `tether ${name}: ${summary[0]?.toLowerCase()}${summary.slice(1, -1)}

Usage: ${usage}

${about}
${
  parts === undefined
    ? ""
    : `
Commands:
${table(parts.map((part) => [part.name, [part.summary]]))}

\`tether ${name} COMMAND --help\` says more.
`
}
Options:
${optionTable([...Object.values(options), own.help, own.version])}

Exit code:
${table(codes)}
`

/** The answer to a command line that asks for words only, or `undefined` where there is something to do. */
export const answerTo = (argv: ReadonlyArray<string>): string | undefined => {
  const { before } = splitAtDashes(argv)
  if (argv.length === 0) return general
  const [first = ""] = before
  const { name } = own.completions
  if (first === `--${name}`) return completionScript(before[1])
  if (first.startsWith(`--${name}=`)) return completionScript(first.slice(`--${name}=`.length))
  // As git and cargo have it: the help of the command behind it.
  if (first === "help") return answerTo([...before.slice(1), "--help"])
  if (before.includes("--help") || before.includes("-h")) {
    const command = commandIn(before)
    return command === undefined ? general : ofCommand(command)
  }
  return before.includes("--version") ? `${version()}\n` : undefined
}

const version = (): string => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string
  }
  return version
}
