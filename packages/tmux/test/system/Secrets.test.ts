import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { inspect } from "node:util"
import * as TmuxSession from "../../src/TmuxSession.js"
import { eventually, inPlace, type Place, whyNot } from "../support/sessions.js"

const secret = "S3CRETVALUE"
const lines = ["line-one-secret", "line-two-secret"]
const coloured = `S3C\x1b[1;31mRET\x1b[m${"VALUE"}`
const declared = { redact: [lines.join("\n")], env: { TOK: Redacted.make(secret) } }

/** All that is kept of a session beside its log, with what is encoded in it as text. */
const kept = ({ logDir, path, tmux }: Place, pane: string): string => {
  const hooks = tmux("show-hooks", "-p", "-t", pane)
  const options = tmux("show-options", "-p", "-t", pane)
  return [
    hooks.replace(/\\+0(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))),
    options,
    Buffer.from(/@tether (\S+)/.exec(options)?.[1] ?? "", "base64url").toString(),
    tmux("show-environment", "-g"),
    tmux("list-panes", "-a", "-F", "#{pane_start_command} #{pane_title} #{pane_current_path}"),
    ...[logDir, join(path, "run"), join(path, "exits")].flatMap(textsIn)
  ].join("\n")
}

const textsIn = (directory: string): ReadonlyArray<string> =>
  readdirSync(directory)
    .map((name) => join(directory, name))
    .filter((file) => statSync(file).isFile() && !file.endsWith("it.log"))
    .map((file) => `${file}: ${readFileSync(file, "utf8")}`)

const seen = (text: string): string => text.replaceAll(/(\x1b|\\u001b|\\x1b|\\x1B)\[[0-9;]*m/g, "")

const expectNone = (text: string): void => {
  for (const word of [secret, ...lines]) expect(seen(text)).not.toContain(word)
}

describe.skipIf(whyNot !== undefined)("a secret", () => {
  it.live("in the directory, in colours or of several lines, reaches the program, and nothing that is kept", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        const cwd = join(place.path, `at-${secret}`)
        mkdirSync(cwd)
        const session = yield* TmuxSession.launch({
          ...declared,
          identity: "it",
          command: Command.make(
            "bash",
            "-c",
            `printf '%s,' "$PWD" "$@"; echo; sleep 300`,
            "-",
            secret,
            coloured,
            lines.join("\n"),
            `before ${lines[1]} behind`
          ),
          cwd,
          logDir: place.logDir,
          exitLogDir: place.exitLogDir
        })
        yield* eventually("the program has them", () => place.log().includes("behind,"))
        expect(place.log()).toContain([cwd, secret, coloured, lines.join("\r\n"), "before"].join(","))
        // Where the program is, tmux asks the system for.
        expectNone(kept(place, session.pane).replace(cwd, ""))
        expect(place.exits()).toMatch(/ cwd=\S*at-<redacted>|cwd="[^"]*at-<redacted>"/)
        expect(session.command).toContain("<redacted>")
        yield* session.stop({ reason: `because of ${coloured}` })
        expect(place.exits()).toContain("because of <redacted>")
        expectNone([place.exits(), ...textsIn(join(place.path, "run"))].join("\n"))
      })
    )
  )

  it.live("is in no error of a launch", () =>
    inPlace(({ exitLogDir, logDir, path }) =>
      Effect.gen(function* () {
        const launch = (options: Partial<TmuxSession.LaunchOptions>) =>
          Effect.flip(
            TmuxSession.launch({
              ...declared,
              identity: "it",
              command: Command.make("true", secret),
              logDir,
              exitLogDir,
              ...options
            })
          )
        const errors = [
          yield* launch({ command: Command.make(`/no/such/${secret}`, lines.join("\n"), coloured) }),
          yield* launch({ command: Command.make(`no-such-${secret}`) }),
          yield* launch({ cwd: join(path, secret) }),
          yield* launch({ cwd: join(path, coloured) }),
          yield* launch({ identity: `refused/${secret}`, cwd: `relative/${secret}`, logDir: `relative/${secret}` }),
          yield* launch({ command: Command.make("true", `${secret}\0`) }),
          yield* launch({ command: Command.make("x".repeat(5000), secret) })
        ]
        expect(errors.map(({ _tag }) => _tag)).toEqual([
          ...Array<string>(4).fill("SpawnError"),
          "LaunchRefused",
          ...Array<string>(2).fill("SpawnError")
        ])
        for (const error of errors) {
          expectNone([error.message, JSON.stringify(error), inspect(error, { depth: 9 })].join("\n"))
          expect(error.message).not.toContain("undefined")
        }
      })
    )
  )

  it.live("is not in the last lines of one that did not become ready", () =>
    inPlace(({ shell }) =>
      Effect.gen(function* () {
        for (const script of [
          `printf '%s\\n' "$TOK" | grep --color=always CRET; exit 3`,
          `printf '\\033[2J%s\\n' "$TOK" | grep --color=always CRET; sleep 300`
        ]) {
          const error = yield* Effect.flip(
            shell(script, { ...declared, cols: 20, ready: { isInputReady: () => false, bootWithin: "1 second" } })
          )
          expect(error).toMatchObject({ _tag: "SessionNotReady", lastLines: [expect.stringContaining("<redacted>")] })
          expectNone(JSON.stringify(error))
        }
      })
    )
  )

  it.live("is not put together by what its last lines are shown without", () =>
    inPlace(({ shell }) =>
      Effect.gen(function* () {
        // Node's stripVTControlCharacters takes in more than a terminal does.
        for (const [index, sequence] of ["\\033;;;5n", "\\033[[5n", "\\033[1\\000m"].entries()) {
          const error = yield* Effect.flip(
            shell(`printf 'S3C${sequence}RETVALUE\\n'; exit 3`, {
              ...declared,
              identity: `it${index}`,
              ready: { isInputReady: () => false, bootWithin: "5 seconds" }
            })
          )
          expect(error).toMatchObject({ _tag: "SessionNotReady", lastLines: [expect.any(String)] })
          expectNone(JSON.stringify(error))
        }
      })
    )
  )
})
