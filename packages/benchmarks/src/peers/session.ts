/**
 * A program in a session of a private tmux server, from the request to the record of its end, with its output in a
 * file: by commands of tmux that do as much, and by `TmuxSession`.
 *
 * Promises and no effects: what surrounds a peer must not measure Effect's runtime with it (`Peer` in Row.ts).
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as NodeProcessIdentity from "@tether/process-node/NodeProcessIdentity"
import * as Tmux from "@tether/tmux/Tmux"
import * as TmuxSession from "@tether/tmux/TmuxSession"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import type { Peer } from "../Row.js"
import { spawnsSeen } from "./counting.js"
import { inMemory } from "./folder.js"

const tmuxAt =
  (socket: string) =>
  (...words: ReadonlyArray<string>): Promise<string> =>
    new Promise((resolve, reject) => {
      execFile("tmux", ["-S", socket, "-f", "/dev/null", ...words], (error, stdout) =>
        error === null ? resolve(stdout.trim()) : reject(error)
      )
    })

const recordsIn = (file: string, kind: string): number => {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line.includes(kind)).length
  } catch {
    return 0
  }
}

/** A server that is there before, and stays until the end. */
const inServer = async (socket: string, run: (tmux: ReturnType<typeof tmuxAt>) => Promise<void>): Promise<number> => {
  const tmux = tmuxAt(socket)
  await tmux("new-session", "-d", "-s", "first", "sleep 600")
  try {
    const begun = performance.now()
    await run(tmux)
    return performance.now() - begun
  } finally {
    await tmux("kill-server").catch(() => {})
  }
}

export const tmux: Peer = ({ programs }) =>
  inMemory(async (folder) => {
    const exits = join(folder, "exits.log")
    const millis = await inServer(join(folder, "socket"), async (tmux) => {
      for (let i = 0; i < programs; i++) {
        const gate = `tmux -S ${join(folder, "socket")} wait-for gate${i}; exec true`
        const pane = await tmux("new-session", "-d", "-P", "-F", "#{pane_id}", "-s", `s${i}`, gate)
        const hook = `run-shell 'echo exit #{pane_dead_status} >> ${exits}' ; kill-session`
        const log = `cat >> ${join(folder, `s${i}.log`)}`
        await tmux(
          "pipe-pane",
          "-t",
          pane,
          log,
          ";",
          "set",
          "-p",
          "-t",
          pane,
          "remain-on-exit",
          "on",
          ";",
          "set-hook",
          "-p",
          "-t",
          pane,
          "pane-died",
          hook
        )
        await tmux("wait-for", "-S", `gate${i}`)
        // Some builds of tmux do not notice every death by themselves.
        for (let looks = 0; recordsIn(exits, "exit ") <= i; looks++)
          await (looks % 50 === 49 ? tmux("run-shell", "-b", "true") : pause(2))
      }
    })
    return { ...spawnsSeen(recordsIn(exits, "exit ")), millis }
  })

export const tether: Peer = ({ programs }) =>
  inMemory(async (folder) => {
    const directory = join(folder, "run")
    const runtime = ManagedRuntime.make(
      Tmux.layer({ directory }).pipe(
        Layer.provideMerge(Layer.mergeAll(NodeChildSpawner.layer, NodeProcessIdentity.layer, NodeFileSystem.layer))
      )
    )
    const [logDir, exitLogDir] = [join(folder, "logs"), join(folder, "exits")]
    const one = (identity: string) =>
      Effect.flatMap(
        TmuxSession.launch({ identity, command: Command.make("true"), logDir, exitLogDir }),
        (session) => session.ended
      )
    await runtime.runPromise(Tmux.Tmux)
    const millis = await inServer(join(directory, "default"), async () => {
      for (let i = 0; i < programs; i++) await runtime.runPromise(one(`s${i}`))
    })
    await runtime.dispose()
    return { ...spawnsSeen(recordsIn(join(exitLogDir, "exits.log"), "ev=session-exit")), millis }
  })
