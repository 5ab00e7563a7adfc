/**
 * Panes of a private tmux server that have the shim as their process.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { execFile, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { word } from "../../src/internal/shellText.js"
import type { ShimAnswer, ShimConfig, ShimProcess, ShimRequest } from "../../src/internal/shimProtocol.js"
import { waitUntil } from "./wait.js"

const shim = fileURLToPath(new URL("../../dist/shim.cjs", import.meta.url))

/** Why these tests cannot run here. */
export const missing: string | undefined = !existsSync("/proc/self/stat")
  ? "there is no /proc"
  : spawnSync("tmux", ["-V"]).status === 0
    ? undefined
    : "there is no tmux"

/** A server whose socket is in a directory of its own; both go with the scope, and every shim of it. */
export interface PaneServer extends ShimProcess {
  readonly directory: string
  readonly tmux: (...args: ReadonlyArray<string>) => Effect.Effect<string>
  /** Each request of `config` that is left out is as in most tests. */
  readonly open: (command: ReadonlyArray<string>, config?: Partial<ShimConfig>) => Effect.Effect<ShimPane>
  /** Before the gate. */
  readonly prepare: Effect.Effect<Prepared>
  /** The same, with options for Node.js. */
  readonly prepareWith: (...options: ReadonlyArray<string>) => Effect.Effect<Prepared>
}

interface Prepared {
  readonly session: string
  readonly id: string
  /** Of the shim. */
  readonly pid: number
  readonly file: string
  readonly socket: string
  /** Does not wait for anything. */
  readonly writeGate: (command: ReadonlyArray<string>, config?: Partial<ShimConfig>) => Effect.Effect<void>
  /** Answers as soon as the shim listens. */
  readonly release: (command: ReadonlyArray<string>, config?: Partial<ShimConfig>) => Effect.Effect<void>
  readonly openGate: (command: ReadonlyArray<string>, config?: Partial<ShimConfig>) => Effect.Effect<ShimPane>
}

export interface ShimPane extends Omit<Prepared, "writeGate" | "release" | "openGate"> {
  readonly started: ShimAnswer
  /** Of the program. */
  readonly child: number
  readonly ask: (request: ShimRequest) => Effect.Effect<Asked>
  /** As tmux has it: the exit code or the number of the signal, once it knows. */
  readonly end: Effect.Effect<string>
  readonly isDead: Effect.Effect<boolean>
  readonly screen: Effect.Effect<string>
  readonly keys: (...keys: ReadonlyArray<string>) => Effect.Effect<string>
}

export interface Asked {
  readonly answer: ShimAnswer
  readonly leave: Effect.Effect<void>
}

export const server: Effect.Effect<PaneServer, never, Scope.Scope> = Effect.gen(function* () {
  const shims: Array<ShimProcess> = []
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-shim-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const tmux = (...args: ReadonlyArray<string>) =>
    run("tmux", ["-S", join(directory, "tmux"), "-f", "/dev/null", ...args])
  yield* Effect.acquireRelease(tmux("start-server", ";", "set-option", "-g", "exit-empty", "off"), () =>
    Effect.zipRight(Effect.ignore(tmux("kill-server").pipe(Effect.sandbox)), goneOrKilled(shims))
  )
  const pid = Number(yield* tmux("display-message", "-p", "#{pid}"))
  const prepareWith = (...options: ReadonlyArray<string>) =>
    Effect.suspend(() => makePane({ directory, tmux, server: { pid, startToken: tokenOf(pid) ?? "" }, shims, options }))
  const prepare = prepareWith()
  return {
    directory,
    tmux,
    pid,
    startToken: tokenOf(pid) ?? "",
    prepare,
    prepareWith,
    open: (command, config = {}) => Effect.flatMap(prepare, ({ openGate }) => openGate(command, config))
  }
})

let panes = 0

interface Place {
  readonly directory: string
  readonly tmux: PaneServer["tmux"]
  readonly server: ShimProcess
  readonly shims: Array<ShimProcess>
  readonly options: ReadonlyArray<string>
}

const makePane = ({ directory, options, server, shims, tmux }: Place): Effect.Effect<Prepared> =>
  Effect.gen(function* () {
    const name = String(panes++)
    const file = join(directory, `${name}.gate`)
    const socket = join(directory, `${name}.sock`)
    const format = "#{session_id} #{pane_id} #{pane_pid}"
    const made = yield* tmux(
      "new-session",
      "-d",
      "-P",
      "-F",
      format,
      "-x",
      "80",
      "-y",
      "24",
      process.execPath,
      ...options,
      shim,
      file
    )
    const [session = "", id = "", pid = ""] = made.split(" ")
    shims.push({ pid: Number(pid), startToken: tokenOf(Number(pid)) ?? "" })
    yield* tmux("set-option", "-p", "-t", id, "remain-on-exit", "on")
    const prepared = { session, id, pid: Number(pid), file, socket }
    const base = {
      cwd: directory,
      env: {},
      socket,
      server,
      stop: [{ signal: "SIGTERM", wait: 1000 }],
      records: undefined
    }
    const writeGate: Prepared["writeGate"] = ([program = "", ...args], config = {}) =>
      Effect.sync(() => {
        const env = { PATH: process.env["PATH"] ?? "", ...config.env }
        const whole: ShimConfig = { ...base, program, args, ...config, env }
        writeFileSync(`${file}.new`, JSON.stringify(whole), { mode: 0o600 })
        renameSync(`${file}.new`, file)
      })
    const release: Prepared["release"] = (command, config) =>
      Effect.zipRight(
        writeGate(command, config),
        Effect.asVoid(
          waitUntil(
            Effect.sync(() => existsSync(socket)),
            "the shim listens"
          )
        )
      )
    const openGate: Prepared["openGate"] = (command, config) =>
      Effect.gen(function* () {
        yield* release(command, config)
        const { answer, leave } = yield* ask(socket, { op: "started" })
        yield* leave
        return {
          ...prepared,
          started: answer,
          child: answer._tag === "Started" ? answer.pid : 0,
          ...paneOf(tmux, id, socket)
        }
      })
    return { ...prepared, writeGate, release, openGate }
  })

const paneOf = (tmux: PaneServer["tmux"], id: string, socket: string) => {
  const show = (format: string) => tmux("display-message", "-p", "-t", id, format)
  return {
    ask: (request: ShimRequest) => ask(socket, request),
    end: waitUntil(
      Effect.map(show("#{pane_dead_status}/#{pane_dead_signal}"), (text) => text !== "/" && text),
      "the pane is dead"
    ),
    isDead: Effect.map(show("#{pane_dead}"), (text) => text === "1"),
    screen: tmux("capture-pane", "-p", "-t", id),
    keys: (...keys: ReadonlyArray<string>) => tmux("send-keys", "-t", id, ...keys)
  }
}

export const ask = (socket: string, request: ShimRequest | string): Effect.Effect<Asked> =>
  Effect.async<Asked>((resume) => {
    const connection = connect(socket)
    let text = ""
    connection.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
      if (!text.endsWith("\n")) return
      const closed = new Promise<void>((resolve) => connection.once("close", () => resolve()))
      const leave = Effect.promise(() => {
        connection.destroy()
        return closed
      })
      resume(Effect.succeed({ answer: JSON.parse(text) as ShimAnswer, leave }))
    })
    connection.once("error", (error) => resume(Effect.die(error)))
    connection.write(`${typeof request === "string" ? request : JSON.stringify(request)}\n`)
  })

/** Runs it and answers with what it prints. */
export const run = (program: string, args: ReadonlyArray<string>): Effect.Effect<string> =>
  Effect.async<string>((resume) => {
    const { TMUX: _tmux, ...env } = process.env
    execFile(program, args, { env }, (error, stdout) =>
      resume(error ? Effect.die(error) : Effect.succeed(stdout.trimEnd()))
    )
  })

/** The fields of `/proc/<pid>/stat` behind the name: the state is the first. */
const statOf = (pid: number): ReadonlyArray<string> | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8")
    return text.slice(text.lastIndexOf(")") + 2).split(" ")
  } catch {
    return undefined
  }
}

const tokenOf = (pid: number): string | undefined => statOf(pid)?.[19]

/** A zombie does not. */
export const lives = (pid: number): boolean => !/^[ZX]?$/.test(statOf(pid)?.[0] ?? "")

export const gone = (...pids: ReadonlyArray<number>): Effect.Effect<boolean> =>
  waitUntil(
    Effect.sync(() => !pids.some(lives)),
    `${pids.join(", ")} end`
  )

/** A shim that outlives its server has failed the test. */
const goneOrKilled = (shims: ReadonlyArray<ShimProcess>): Effect.Effect<void> => {
  const left = () => shims.filter(({ pid, startToken }) => lives(pid) && tokenOf(pid) === startToken)
  const kill = Effect.sync(() => {
    for (const { pid } of left()) process.kill(pid, "SIGKILL")
  })
  return waitUntil(
    Effect.sync(() => left().length === 0),
    "the shims end with their server"
  ).pipe(
    Effect.sandbox,
    Effect.catchAll((cause) => Effect.zipRight(kill, Effect.failCause(cause))),
    Effect.orDie,
    // A finalizer cannot be interrupted, and would wait for the deadline.
    Effect.interruptible
  )
}

/** A pane whose hook appends `index` and the signal of its death to `log`, and removes the session. */
export const openHooked = ({ prepare, tmux }: PaneServer, log: string, index: number): Effect.Effect<ShimPane> =>
  Effect.gen(function* () {
    const prepared = yield* prepare
    // As `exitHook` does it, and for its reason: run as a hook itself, a script has tmux forget the hooks of others.
    const script = `run-shell ${word(`echo ${index} #{pane_dead_signal} >> ${log}`)}`
    const hook = `run-shell -b -C ${word(`${script} ; kill-session -t ${word(prepared.session)}`)}`
    yield* tmux("set-hook", "-p", "-t", prepared.id, "pane-died", hook)
    return yield* prepared.openGate(["sleep", "1000"])
  })
