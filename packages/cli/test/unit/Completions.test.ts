/**
 * What is offered for what is typed. The words come as a shell passes them on: the last one is under the cursor.
 */
import { describe, expect, it } from "vitest"
import { offerOf } from "../../src/internal/completions.js"
import { answerTo } from "../../src/internal/help.js"
import { problemBefore } from "../../src/internal/misuse.js"
import { insertion, unquote } from "../../src/internal/shellWords.js"
import { commands, type CommandText, modes } from "../../src/internal/texts.js"
import { tetherHere } from "../support/here.js"

/** The offered words that begin like the last one, or what the shell or a lookup has to find. */
const offered = (words: ReadonlyArray<string>): ReadonlyArray<string> | string => {
  const offer = offerOf(words)
  switch (offer.kind) {
    case "words":
      return offer.words.map(({ word }) => word).filter((word) => word.startsWith(words.at(-1) ?? ""))
    case "names":
      return `names: ${offer.prefix}${offer.lookup.of}`
    case "command":
      return `command ${offer.at}`
    default:
      return offer.kind
  }
}

const own = ["--help", "-h", "--version"]

const allCommands = commands.map(({ name }) => name)

describe("offers exactly", () => {
  it.each<[words: ReadonlyArray<string>, offered: ReadonlyArray<string> | string]>([
    [[""], [...allCommands, "help"]],
    [["sp"], ["spool"]],
    [["cap"], ["capture-transcript", "capture-turn"]],
    [["-"], [...own, "--completions"]],
    [
      ["--completions", ""],
      ["bash", "fish", "zsh"]
    ],
    [["--completions=f"], ["--completions=fish"]],
    [["--completions", "bash", ""], []],
    [["help", ""], allCommands],
    [
      ["help", "session", "l"],
      ["launch", "ls", "logs"]
    ],
    [["help", "session", "ls", ""], []],
    [["help", "run", ""], []],
    [["frob", ""], []],
    [["--nope", ""], []],
    [["--help", ""], []],

    // run
    [
      ["run", ""],
      ["--label", "--kill-after", "--redact", "--journal", "--stdin", "--no-prefix", "--raw", "--json", ...own, "--"]
    ],
    [["run", "--n"], ["--no-prefix"]],
    [["run", "--w"], []],
    [["run", "--lo"], []],
    [["run", "l"], []],
    [["run", "ls", ""], []],
    [["run", "--label", ""], []],
    [["run", "--label", "x", "--la"], []],
    [["run", "--label=x", "--la"], []],
    [
      ["run", "--label", "--json", "--j"],
      ["--journal", "--json"]
    ],
    [["run", "--raw", "--r"], []],
    [["run", "--redact", "A", "--r"], ["--redact"]],
    [["run", "--redact", ""], "names: variable"],
    [["run", "--redact=P"], "names: --redact=variable"],
    [["run", "--journal", ""], "directories"],
    [["run", "--journal=/"], "directories"],
    [["run", "--journal", "--j"], ["--json"]],
    [["run", "--journal", "--json", "--j"], []],
    [["run", "--nope", ""], []],
    [["run", "--help", ""], []],
    [["run", "--", ""], "command 2"],
    [["run", "--json", "--", "git", "--h"], "command 3"],

    // turn
    [
      ["turn", "--agent", ""],
      ["claude", "codex"]
    ],
    [["turn", "--agent=co"], ["--agent=codex"]],
    [["turn", "--permission-mode", ""], modes],
    [["turn", "--binary", ""], "programs"],
    [["turn", "--cwd", ""], "directories"],
    [["turn", "--resume", ""], []],
    [["turn", "--agent-arg", "x", "--agent-"], ["--agent-arg"]],
    [["turn", "fix"], []],
    [["turn", "fix it", "--re"], ["--resume"]],
    [["turn", "fix it", "now", ""], []],
    [["turn", "--", ""], []],

    // session
    [
      ["session", ""],
      ["launch", "ls", "attach", "send", "logs", "stop"]
    ],
    [["session", "-"], own],
    [["session", "sen"], ["send"]],
    [["session", "frob", ""], []],
    [["session", "--server", ""], []],
    [
      ["session", "launch", "web", "-"],
      [...launchOptions(), ...own, "--"]
    ],
    [
      ["session", "launch", "--e"],
      ["--exit-log-dir", "--env"]
    ],
    [["session", "launch", "--no-exit-log", "--e"], ["--env"]],
    [["session", "launch", "--exit-log-dir", "/x", "--no"], []],
    [["session", "launch", "--env", "A=1", "--en"], ["--env"]],
    [["session", "launch", "--cwd", ""], "directories"],
    [
      ["session", "launch", "--"],
      [...launchOptions(), "--help", "--version"]
    ],
    [["session", "launch", "--", ""], []],
    [["session", "launch", "web", "--", ""], "command 4"],
    [["session", "launch", "web", "more", ""], []],
    [
      ["session", "ls", ""],
      ["--all", "--json", "--server", ...own]
    ],
    [["session", "ls", "--server", ""], "names: server"],
    [["session", "attach", ""], "names: session"],
    [
      ["session", "attach", "web", ""],
      ["--server", ...own]
    ],
    [["session", "send", ""], "names: session"],
    [
      ["session", "send", "web", "--"],
      ["--keys", "--no-submit", "--server", "--help", "--version"]
    ],
    [["session", "send", "web", "he"], []],
    [["session", "send", "--no-submit", "web", "--k"], []],
    [["session", "send", "--keys", "web", "--no"], []],
    [["session", "send", "--keys", "web", ""], "names: key"],
    [["session", "send", "--keys", "web", "C-c", ""], "names: key"],
    [["session", "logs", ""], "names: log"],
    [["session", "logs", "-n", ""], []],
    [["session", "logs", "-n", "3", "--l"], ["--log-dir"]],
    [["session", "logs", "-f", "--f"], []],
    [["session", "logs", "--follow=x", ""], []],
    [["session", "logs", "--follow", "-f"], []],
    [["session", "stop", ""], "names: session"],
    [["session", "stop", "--", ""], "names: session"],
    [["session", "stop", "a", "b", ""], []],

    // exits and why
    [
      ["exits", ""],
      ["--identity", "--since", "--follow", "--json", "--directory", ...own]
    ],
    [["exits", "--identity", ""], "names: end"],
    [["exits", "--directory", ""], "directories"],
    [["why", ""], "names: identity"],
    [["why", "--directory", "/x", ""], "names: identity"],
    [["why", "--d"], ["--directory"]],
    [
      ["why", "web", ""],
      ["--json", "--directory", ...own]
    ],
    [
      ["why", "--json", "web", "--"],
      ["--directory", "--help", "--version"]
    ],

    // capture-*
    [["capture-transcript", ""], "files"],
    [
      ["capture-transcript", "--policy", ""],
      ["probe-then-live", "always-defer", "live-or-fail"]
    ],
    [["capture-transcript", "--hook", "--cwd", ""], "directories"],
    [["capture-transcript", "a.jsonl", "--h"], ["--help"]],
    [["capture-turn", ""], "files"],
    [
      ["capture-turn", "--"],
      ["--session-id", "--hook", "--cwd", "--strict", "--deadline", "--help", "--version"]
    ],
    [
      ["capture-turn", "--hook", ""],
      ["--session-id", "--cwd", "--strict", "--deadline", ...own]
    ],
    [["capture-turn", "a.jsonl", "b"], []],

    // spool
    [
      ["spool", ""],
      ["serve", "ls", "drain", "replay", "doctor", "unlock", "install", "uninstall"]
    ],
    [
      ["spool", "--"],
      ["--json", "--records", "--help", "--version"]
    ],
    [
      ["spool", "drain", "--"],
      ["--json", "--records", "--help", "--version"]
    ],
    [
      ["spool", "ls", "--"],
      ["--json", "--help", "--version"]
    ],
    [["spool", "ls", "x"], []],
    [["spool", "replay", ""], "names: deadLetter"],
    [
      ["spool", "install", ""],
      ["systemd", "launchd"]
    ],
    [["spool", "uninstall", "s"], ["systemd"]],
    [["spool", "install", "systemd", "l"], []],
    [["spool", "frob", ""], []],

    // ps, reap, doctor
    [
      ["ps", ""],
      ["--tree", "--json", ...own]
    ],
    [["ps", "--tree", "--t"], []],
    [["ps", "x", ""], []],
    [
      ["reap", "--"],
      ["--dry-run", "--grace", "--json", "--help", "--version"]
    ],
    [["reap", "--grace", ""], []],
    [
      ["doctor", "--json", "--"],
      ["--help", "--version"]
    ]
  ])("%j: %j", (words, expected) => {
    expect(offered(words)).toEqual(expected)
  })
})

function launchOptions(): ReadonlyArray<string> {
  return ["log-dir", "exit-log-dir", "no-exit-log", "cwd", "env", "cols", "rows", "attach", "server"].map(
    (name) => `--${name}`
  )
}

describe("names that begin with a dash", () => {
  it.each<[words: ReadonlyArray<string>, can: boolean]>([
    [["why", ""], false],
    [["why", "--", ""], true],
    [["exits", "--identity", ""], false],
    [["exits", "--identity="], true]
  ])("%j: %s", (words, can) => {
    expect(offerOf(words)).toMatchObject({ kind: "names", canBeginWithDash: can })
  })
})

const leaves = commands.flatMap((command): ReadonlyArray<CommandText> => command.parts ?? [command])

const valueFor = (command: CommandText, option: string): ReadonlyArray<string> => {
  const found = Object.values(command.options).find(
    ({ alias, name }) => option === `--${name}` || option === `-${alias}`
  )
  return found?.value === undefined ? [] : [found.values?.[0] ?? "1"]
}

describe("takes every option that it offers, one after the other", () => {
  it.each(leaves.map((command) => [command.name, command] as const))("tether %s", (_, command) => {
    const name = command.name.split(" ")
    const args = command.actions === undefined ? (command.args ?? []) : [{ name: "ls" }]
    const optionsAfter = (line: ReadonlyArray<string>) =>
      [offered([...line, "-"])].flat().filter((word) => word !== "--")
    for (const start of [name, [...name, ...args.map((argument) => argument.name)]]) {
      let line = start
      while (true) {
        const options = optionsAfter(line)
        for (const option of options) {
          const words = [...line, option, ...valueFor(command, option), ...(command.takesCommand ? ["--", "ls"] : [])]
          expect(
            own.includes(option) ? answerTo(words) !== undefined : problemBefore(words) === undefined,
            option
          ).toBe(true)
        }
        const next = options.find((option) => !own.includes(option) && !line.includes(option))
        if (next === undefined) break
        line = [...line, next, ...valueFor(command, next)]
      }
    }
    for (const option of Object.values(command.options)) expect(optionsAfter(name)).toContain(`--${option.name}`)
  })
})

describe("each action that is offered is one of the parser's", () => {
  it("and the others are named", async () => {
    const { stderr } = await tetherHere(["spool", "relay"])
    expect(stderr).toContain('there is no action "relay" (did you mean "replay"?): tether spool knows ')
    expect(stderr).toContain((offered(["spool", ""]) as ReadonlyArray<string>).join(", "))
    for (const action of offered(["spool", ""])) expect(answerTo(["spool", "--help"])).toContain(`\n  ${action} `)
  })
})

describe("--completions", () => {
  it.each([["bash"], ["fish"], ["zsh"]])("writes the script for %s", (shell) => {
    const script = answerTo(["--completions", shell])
    expect(script).toContain(`tether --complete ${shell} -- `)
    expect(answerTo([`--completions=${shell}`])).toBe(script)
    expect(answerTo([])).toContain(`tether --completions ${shell}`)
  })

  it.each<[words: ReadonlyArray<string>, got: string]>([
    [["--completions", "tcsh"], "'tcsh'"],
    [["--completions=tcsh"], "'tcsh'"],
    [["--completions="], "''"],
    [["--completions"], "nothing"]
  ])("%j: an unknown shell is a usage error", async (words, got) => {
    expect(answerTo(words)).toBeUndefined()
    const { code, stderr } = await tetherHere(words)
    expect(stderr).toContain(`--completions must be bash, fish or zsh, got ${got}\n`)
    expect(code).toBe(2)
  })
})

describe("a word with the quotes of a shell", () => {
  it.each<[typed: string, text: string]>([
    ["plain", "plain"],
    ["my\\ web", "my web"],
    ["'my web", "my web"],
    [`"my \\"web\\" \\x`, 'my "web" \\x'],
    [`--agent="cl`, "--agent=cl"],
    [`a'b'"c"d`, "abcd"],
    ["end\\", "end"]
  ])("%j is %j", (typed, text) => {
    expect(unquote(typed).text).toBe(text)
  })

  it.each<[typed: string, word: string, inserted: string | undefined]>([
    ["", "my web", "my\\ web"],
    ["my", "my web", "my\\ web"],
    ["my\\", "my web", "my\\ web"],
    ["my\\ w", "my web", "my\\ web"],
    ['"my', 'my "web"', 'my \\"web\\"'],
    ["'it", "it's", "it'\\''s"],
    ['"a', "a$HOME`x`", "a\\$HOME\\`x\\`"],
    ["", "a$b;c&d(e)'f\"g", `a\\$b\\;c\\&d\\(e\\)\\'f\\"g`],
    ["", "grün:é", "grün:é"],
    ['--agent="cl', "--agent=claude", "claude"],
    ["x", "web", undefined]
  ])("%j is completed for %j", (typed, word, inserted) => {
    expect(insertion(typed, word)).toBe(inserted)
  })
})

describe("an unknown command", () => {
  it("is answered with the commands there are, where none is near", async () => {
    const { stderr } = await tetherHere(["frob"])
    expect(stderr).toContain(`there is no command "frob"; use one of: ${allCommands.join(", ")}\n`)
    expect(stderr).toContain("capture-transcript, capture-turn")
  })

  it("is answered with the near one", async () => {
    expect((await tetherHere(["capture-tern"])).stderr).toContain('(did you mean "capture-turn"?)')
  })
})
