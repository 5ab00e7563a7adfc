/**
 * Sessions in a server of the test's own, which is ended with the test; and what the system and tmux say of them, asked
 * without the code under test.
 */
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Tmux from "../../src/Tmux.js"
import * as TmuxSession from "../../src/TmuxSession.js"
import { files } from "./files.js"
import { waitUntil } from "./wait.js"

const found = spawnSync("tmux", ["-V"], { encoding: "utf8" })

/** Why sessions cannot be tested here. */
export const whyNot =
  found.error !== undefined || found.status !== 0
    ? "no tmux on this machine"
    : existsSync("/proc/self/stat")
      ? undefined
      : "no /proc on this machine"

if (whyNot !== undefined) console.log(`Sessions are not tested here: ${whyNot}.`)

export const platform = Layer.merge(NodeChildSpawner.layer, files)

export interface Place {
  readonly path: string
  readonly logDir: string
  readonly exitLogDir: string
  /** Of a session, by default the one named `it`. */
  readonly log: (identity?: string) => string
  readonly exits: () => string
  /** The lines of ends. */
  readonly deaths: () => ReadonlyArray<string>
  readonly deliveries: () => ReadonlyArray<string>
  /** Launches what a shell is to do. */
  readonly shell: (
    script: string,
    options?: Partial<TmuxSession.LaunchOptions>
  ) => ReturnType<typeof TmuxSession.launch>
  /** tmux itself, at the same socket. */
  readonly tmux: (...words: ReadonlyArray<string>) => string
}

const textOf = (path: string): string => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

const placeAt = (path: string, socket: string): Place => {
  const logDir = join(path, "logs")
  const exitLogDir = join(path, "exits")
  const exits = () => textOf(join(exitLogDir, "exits.log"))
  return {
    path,
    logDir,
    exitLogDir,
    log: (identity = "it") => textOf(join(logDir, `${identity}.log`)),
    exits,
    deaths: () =>
      exits()
        .split("\n")
        .filter((line) => / ev=(session|server)-exit /.test(line)),
    deliveries: () =>
      textOf(join(logDir, "delivery.log"))
        .split("\n")
        .filter((line) => line !== ""),
    shell: (script, options = {}) =>
      TmuxSession.launch({
        identity: "it",
        command: Command.make("bash", "-c", script),
        logDir,
        exitLogDir,
        ...options
      }),
    tmux: (...words) =>
      execFileSync("tmux", ["-S", socket, ...words], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
  }
}

/** Whether the arguments of a process name this directory. */
const isNamedByProcess = (directory: string): boolean =>
  readdirSync("/proc").some((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, "latin1").includes(directory)
    } catch {
      // It has ended.
      return false
    }
  })

/** Whatever became of the test, nothing of it stays. `umask`: that of the whole program meanwhile. */
export const inPlace = <A, E, R>(
  body: (place: Place) => Effect.Effect<A, E, R>,
  umask?: number
): Effect.Effect<
  A,
  E | Layer.Layer.Error<ReturnType<typeof Tmux.layer>>,
  Exclude<R, Tmux.Tmux | Layer.Layer.Success<typeof platform>>
> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const path = mkdtempSync(join(tmpdir(), "tether-tmux-"))
      return { path, before: umask === undefined ? undefined : process.umask(umask) }
    }),
    ({ path }) => {
      const directory = join(path, "run")
      return body(placeAt(path, join(directory, "default"))).pipe(
        Effect.provide(Tmux.layer({ directory }).pipe(Layer.provideMerge(platform)))
      )
    },
    ({ before, path }) =>
      Effect.sync(() => {
        if (before !== undefined) process.umask(before)
        spawnSync("tmux", ["-S", join(path, "run", "default"), "kill-server"], { stdio: "ignore" })
      }).pipe(
        // Shims that have lost their server still write, and make the directory again if it is removed before.
        Effect.zipRight(
          Effect.interruptible(
            waitUntil(
              Effect.try(() => {
                if (isNamedByProcess(path)) return false
                rmSync(path, { recursive: true, force: true })
                return true
              })
            )
          )
        )
      )
  ) as never

/** What stands in a field of a line of logfmt, without its quotes. */
export const field = (line: string | undefined, name: string): string | undefined => {
  const match = new RegExp(`(?:^| )${name}=("(?:[^"\\\\]|\\\\.)*"|[^ ]*)`).exec(line ?? "")
  return match?.[1]?.replace(/^"|"$/g, "")
}

export const eventually = (what: string, holds: () => boolean): Effect.Effect<void> =>
  Effect.asVoid(waitUntil(Effect.sync(holds), what))

export const isAlive = (pid: number): boolean => {
  const stat = textOf(`/proc/${pid}/stat`)
  return stat !== "" && !/^[ZX]$/.test(stat.slice(stat.lastIndexOf(")") + 2).charAt(0))
}

/** For a shell: it goes on when the test has written the file. */
export const untilThere = (file: string): string => `until [ -e ${file} ]; do sleep 0.01; done`

/** Prints its pid, so that a test can reach what runs below the pane's process. */
export const pidIn = (log: string): number => Number(/pid (\d+)/.exec(log)?.[1] ?? Number.NaN)
