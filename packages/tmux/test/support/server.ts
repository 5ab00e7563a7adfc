/**
 * A tmux server of a test's own, without a service of ours between.
 */
import * as Effect from "effect/Effect"
import { execFile, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { waitUntil } from "./wait.js"

const path = (process.env["PATH"] ?? "")
  .split(delimiter)
  .map((directory) => join(directory, "tmux"))
  .find((each) => existsSync(each))

const versionOf = (tmux: string): string => spawnSync(tmux, ["-V"], { encoding: "utf8" }).stdout.trim()

/** Why there can be none; undefined where there can. */
export const missing: string | undefined =
  path === undefined
    ? "there is no tmux"
    : /tmux (?:next-)?(?:3\.[2-9]|[4-9])/.test(versionOf(path))
      ? undefined
      : `${versionOf(path)} is too old`

export interface Server {
  /** Removed at the end, with all that is in it. */
  readonly directory: string
  /** What the command printed, without the last newline. A command that fails is a defect. */
  readonly run: (...args: ReadonlyArray<string>) => Effect.Effect<string>
  /**
   * Waits for something, and lets the server see which of its children have ended: Debian's forgets to look at some.
   */
  readonly until: <A>(
    what: string,
    poll: () => A | false | undefined | Promise<A | false | undefined>
  ) => Effect.Effect<void>
  /** Makes a session, and gives the id of its pane. */
  readonly session: (...args: ReadonlyArray<string>) => Effect.Effect<string>
}

/** No program is on its PATH: what it starts has to find its own way. */
export const make = Effect.acquireRelease(
  Effect.gen(function* () {
    const directory = mkdtempSync(join(tmpdir(), "tether-tmux-"))
    const run = (...args: ReadonlyArray<string>) => tmux(directory, args)
    // It stays when the last session goes.
    yield* run(
      "start-server",
      ";",
      "set-option",
      "-s",
      "exit-empty",
      "off",
      ";",
      "set-option",
      "-g",
      "default-shell",
      "/bin/sh"
    )
    const server: Server = {
      directory,
      run,
      until: (what, poll) =>
        waitUntil(
          Effect.zipRight(
            run("run-shell", "-b", "true"),
            Effect.promise(() => Promise.resolve(poll()))
          ),
          what
        ).pipe(Effect.asVoid),
      session: (...args) => run("new-session", "-d", "-x", "80", "-y", "24", "-P", "-F", "#{pane_id}", ...args)
    }
    return server
  }),
  ({ directory, run }) =>
    Effect.zipRight(
      Effect.ignore(Effect.sandbox(run("kill-server"))),
      Effect.sync(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }))
    )
)

const tmux = (directory: string, args: ReadonlyArray<string>): Effect.Effect<string> =>
  Effect.async((resume) => {
    const env = { PATH: "/nonexistent", HOME: directory, LANG: "C.UTF-8", TERM: "xterm" }
    execFile(
      path ?? "tmux",
      ["-S", join(directory, "socket"), "-f", "/dev/null", ...args],
      { env },
      (error, stdout, stderr) =>
        resume(
          error === null
            ? Effect.succeed(stdout.replace(/\n$/, ""))
            : Effect.die(new Error(`tmux ${args.join(" ")}: ${stderr}`, { cause: error }))
        )
    )
  })
