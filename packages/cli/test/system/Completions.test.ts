/**
 * The completion scripts in the shells that they are for, with names that exist.
 */
import { execFile, execFileSync, spawnSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { openTerminal, type Terminal } from "../support/terminal.js"
import { bin, startProgram, tether, until } from "../support/tether.js"

const root = mkdtempSync(join(tmpdir(), "tether-completions-"))
const state = join(root, "state")
const runtime = join(root, "run")
const work = join(root, "work")
const env = {
  PATH: `${join(root, "bin")}:${process.env["PATH"] ?? ""}`,
  HOME: work,
  LC_ALL: "C.UTF-8",
  TETHER_STATE_DIR: state,
  TETHER_RUNTIME_DIR: runtime
}

const isThere = (program: string) => spawnSync(program, ["--version"]).error === undefined
const noTerminal = !isThere("script")
const noZsh = !isThere("zsh")
const noFish = !isThere("fish")

const jobs = ["my job", "it's", "a:b", "grün"]

/** A session is in the journal, too. */
const names = [...jobs, "the web"]

beforeAll(async () => {
  for (const directory of ["bin", "work/folder one", "work/folder-two", "state/deferred-captures/dead"])
    mkdirSync(join(root, directory), { recursive: true, mode: 0o700 })
  writeFileSync(join(root, "bin/tether"), `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`)
  chmodSync(join(root, "bin/tether"), 0o755)
  writeFileSync(join(work, "folder.jsonl"), "")
  writeFileSync(join(state, "deferred-captures/dead/one-1.jsonl"), "{}\n")
  const run = (...words: ReadonlyArray<string>) => promisify(execFile)(join(root, "bin/tether"), words, { env })
  await Promise.all(jobs.map((name) => run("run", "--journal", "--label", name, "--", "true")))
  await run("session", "launch", "the web", "--", "sleep", "1000")
})

afterAll(() => {
  execFileSync(join(root, "bin/tether"), ["session", "stop", "--grace", "0s", "the web"], { env })
  rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
})

/** Asks again until the answer is as expected: a lookup that takes too long, on a busy machine, has no names. */
const eventually = async <A>(expected: A, ask: () => Promise<A>): Promise<void> => {
  const deadline = performance.now() + 60_000
  let answer = await ask()
  while (JSON.stringify(answer) !== JSON.stringify(expected) && performance.now() < deadline) answer = await ask()
  expect(answer).toEqual(expected)
}

describe("tether --complete", () => {
  it.each<[words: ReadonlyArray<string>, expected: ReadonlyArray<string>]>([
    [["why", ""], names],
    [["exits", "--identity="], jobs.map((name) => `--identity=${name}`)],
    [["why", "--directory", "/nowhere", ""], []],
    [["session", "stop", ""], ["the web"]],
    [["session", "send", "--server", "none", ""], []],
    [["session", "ls", "--server", ""], ["default"]],
    [["session", "logs", ""], ["the web"]],
    [["session", "logs", "--log-dir", "/nowhere", ""], []],
    [["spool", "replay", ""], ["one-1.jsonl"]]
  ])("%j: %j", async (words, expected) => {
    await eventually({ code: 0, stderr: "", kind: "words", found: [...expected].sort() }, async () => {
      const { code, stderr, stdout } = await tether(["--complete", "fish", "--", ...words], { env })
      const [kind, ...lines] = stdout.trimEnd().split("\n")
      return { code, stderr, kind: kind ?? "", found: lines.map((line) => line.split("\t")[0] ?? "").sort() }
    })
  })

  it.each<[words: ReadonlyArray<string>, reply: string]>([
    [[], "words\n"],
    [["frob"], "words\n"],
    [["bash"], "words\n"],
    [["bash", "--", "frob", ""], "words\n"],
    [["bash", "--", "run", "--help", "--", ""], "words\n"],
    [["bash", "--", "run", "--", "--help", ""], "command 2\n"]
  ])("%j is no error", async (words, reply) => {
    const { code, stderr, stdout } = await tether(["--complete", ...words], { env })
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    expect(stdout.startsWith(reply)).toBe(true)
  })

  it("takes no option that a hook refuses", async () => {
    for (const command of ["capture-turn", "capture-transcript"])
      for (const option of ["--help", "-h", "--version"]) {
        const { code, stdout } = await tether([command, "--no-spawn", "--strict", option], { env })
        expect({ code, isJson: stdout.startsWith("{") }).toEqual({ code: 0, isJson: false })
      }
  })
})

/** What is typed, and the line after a Tab. */
const typed: ReadonlyArray<readonly [line: string, completed: string]> = [
  ["tether sess", "tether session "],
  ["tether session st", "tether session stop "],
  ["tether turn --perm", "tether turn --permission-mode "],
  ["tether turn --agent=co", "tether turn --agent=codex "],
  ["tether capture-tu", "tether capture-turn "],
  ["tether spool insta", "tether spool install "],
  ["tether spool replay on", "tether spool replay one-1.jsonl "],
  ["tether why m", "tether why my\\ job "],
  ["tether why gr", "tether why grün "],
  ["tether why a:", "tether why a:b "],
  ["tether session attach t", "tether session attach the\\ web "],
  ["tether turn --cwd=folder-", "tether turn --cwd=folder-two/"],
  ["tether turn --cwd folder-", "tether turn --cwd folder-two/"],
  ["tether capture-turn folder.", "tether capture-turn folder.jsonl "],
  ["tether run --raw --red", "tether run --raw --red"],
  ["tether run -- tether-on", "tether run -- tether-only-here "]
]

/** A shell that writes its line to a file at Ctrl-G. */
interface Shell {
  readonly complete: (line: string) => Promise<string>
}

const openShell = async (command: string): Promise<Shell> => {
  writeFileSync(join(root, "bin/tether-only-here"), "#!/bin/sh\n", { mode: 0o755 })
  const folder = mkdtempSync(join(root, "shell-"))
  const file = join(folder, "lines")
  const variables = Object.entries({ ...env, TEST_LINES: file }).map(([name, value]) => `${name}='${value}'`)
  const terminal: Terminal = await openTerminal(`cd '${work}'; env ${variables.join(" ")} ${command}`)
  await until("the prompt", () => terminal.shown().includes("ready> "))
  const lines = () => (existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [])
  onTestFinished(() => terminal.type("\x15exit\r"))
  return {
    complete: async (line) => {
      const { length } = lines()
      terminal.type(`${line}\t\x07\x15`)
      return until(`the completion of ${line}`, () => lines()[length])
    }
  }
}

const completesAll = async (shell: Shell, rows: ReadonlyArray<readonly [line: string, completed: string]>) => {
  for (const [line, completed] of rows) await eventually(completed, () => shell.complete(line))
}

describe("bash", () => {
  /** The answers of the function, with the variables as bash sets them. */
  const replies = async (line: string, words: ReadonlyArray<string>, before = ""): Promise<ReadonlyArray<string>> => {
    const script = `eval "$(tether --completions bash)"; ${before}
COMP_LINE=$1 COMP_POINT=\${#1}; shift; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_tether; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { code, stderr, stdout } = await startProgram("bash", ["-c", script, "bash", line, "tether", ...words], {
      env
    }).ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    return stdout.trimEnd().split("\n").sort()
  }

  it.each<[line: string, words: ReadonlyArray<string>, expected: ReadonlyArray<string>]>([
    ["tether sess", ["sess"], ["session"]],
    ["tether session l", ["session", "l"], ["launch", "logs", "ls"]],
    ["tether turn --agent=", ["turn", "--agent", "="], ["claude", "codex"]],
    ["tether turn --agent=cl", ["turn", "--agent", "=", "cl"], ["claude"]],
    [`tether turn --agent="cl`, ["turn", "--agent", "=", '"cl'], ["claude"]],
    ["tether why ", ["why", ""], ["a:b", "grün", "it\\'s", "my\\ job", "the\\ web"]],
    ["tether why my\\ ", ["why", "my\\ "], ["my\\ job"]],
    [`tether why "my`, ["why", '"my'], ["my job"]],
    ["tether why 'it", ["why", "'it"], ["it'\\''s"]],
    ["tether why a:", ["why", "a", ":"], ["b"]],
    ["tether why a:b", ["why", "a", ":", "b"], ["b"]],
    ["tether run --wiz", ["run", "--wiz"], [""]],
    ["tether run --raw --red", ["run", "--raw", "--red"], [""]]
  ])("%s", async (line, words, expected) => {
    await eventually([...expected].sort(), () => replies(line, words))
  })

  it("has what follows -- completed as its own command", async () => {
    const stub = `_command_offset() { COMPREPLY=("from $1"); }; unset -f _comp_command_offset`
    const words = ["run", "--label", "=", "x", "--", "git", "sta"]
    expect(await replies("tether run --label=x -- git sta", words, stub)).toEqual(["from 6"])
  })

  it("evaluates nothing that is typed", async () => {
    const file = join(root, "evaluated")
    const word = `"$(touch${"\t"}${file})`
    await replies(`tether why ${word}`, ["why", word])
    await replies(`tether turn --cwd ${word}`, ["turn", "--cwd", word])
    await replies(`tether run -- ${word}`, ["run", "--", word])
    expect(existsSync(file)).toBe(false)
  })

  if (noTerminal) console.warn("skipped: completions in a terminal, because there is no script from util-linux")
  it.skipIf(noTerminal)("completes what is typed in a terminal", async () => {
    const rc = join(root, "bashrc")
    writeFileSync(
      rc,
      `PS1='ready> '
eval "$(tether --completions bash)"
bind 'set bell-style none'
bind -x '"\\C-g": printf "%s\\n" "$READLINE_LINE" >>"$TEST_LINES"'
`
    )
    const shell = await openShell(`bash --noprofile --rcfile '${rc}' -i`)
    await completesAll(shell, [
      ...typed,
      [`tether why "my`, `tether why "my job" `],
      ["tether why it", "tether why it\\'s "]
    ])
  })
})

if (noZsh) console.warn("skipped: completions in zsh, because it is not installed")
describe.skipIf(noZsh || noTerminal)("zsh", () => {
  it("completes what is typed in a terminal", async () => {
    const folder = join(root, "zsh")
    mkdirSync(folder)
    writeFileSync(
      join(folder, ".zshrc"),
      `PS1='ready> '
autoload -Uz compinit
compinit -u -D
eval "$(tether --completions zsh)"
show-line() { print -r -- "$BUFFER" >>"$TEST_LINES" }
zle -N show-line
bindkey -e
bindkey '^G' show-line
`
    )
    const shell = await openShell(`ZDOTDIR='${folder}' zsh -d -i`)
    await completesAll(shell, [...typed, ["tether why it", "tether why it\\'s "]])
  })
})

if (noFish) console.warn("skipped: completions in fish, because it is not installed")
describe.skipIf(noFish)("fish", () => {
  it.each<[line: string, expected: ReadonlyArray<string>]>([
    ["tether sess", ["session"]],
    ["tether session st", ["stop"]],
    ["tether turn --agent=", ["--agent=claude", "--agent=codex"]],
    ["tether turn --perm", ["--permission-mode"]],
    ["tether spool replay ", ["one-1.jsonl"]],
    ["tether why ", names],
    ["tether why my", ["my job"]],
    ["tether why 'my j", ["my job"]],
    ["tether session stop ", ["the web"]],
    ["tether turn --cwd=folder", ["--cwd=folder one/", "--cwd=folder-two/"]],
    ["tether turn --cwd folder-", ["folder-two/"]],
    ["tether capture-turn folder.", ["folder.jsonl"]],
    ["tether ps --tree -", ["--json", "--help", "-h", "--version"]],
    ["tether run -- tether session st", ["stop"]],
    ["tether session launch web -- tether spool unl", ["unlock"]]
  ])("%s", async (line, expected) => {
    await eventually([...expected].sort(), async () => {
      const script = `cd '${work}'; tether --completions fish | source; complete -C "$argv[1]"`
      const { stderr, stdout } = await startProgram("fish", ["--no-config", "-c", script, line], { env }).ended
      expect(stderr).toBe("")
      return stdout
        .split("\n")
        .flatMap((text) => (text === "" ? [] : [text.split("\t")[0] ?? ""]))
        .sort()
    })
  })
})
