/**
 * The driver over `node:child_process`.
 */
import type { ChildDriver, Launched, LaunchEvents, LaunchRequest, StreamName } from "@tether/process/ChildDriver"
import { Exited, Signaled } from "@tether/process/ExitStatus"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import type { Readable } from "node:stream"
import { failureOf } from "./failure.js"
import { ProcessGroup } from "./group.js"
import { makeProcessTable, type ProcessTable } from "./processTable.js"
import { turn, turns } from "./turn.js"

const hasGroups = process.platform !== "win32"

/** One driver for one layer: what it learns of the machine's processes is shared by the children of that layer. */
export const makeDriver = (): ChildDriver => {
  const table = makeProcessTable()
  return {
    launch: (request, events) =>
      Effect.suspend(() => {
        let child: ChildProcess
        try {
          child = start(request)
        } catch (error) {
          return Effect.zipRight(turn, Effect.fail(failureOf(error, request)))
        }
        // A pid right after the spawn is success. Without one the error comes in the next tick, and with it the end of
        // the descriptors that were opened for nothing.
        return child.pid === undefined ? refused(child, request) : Effect.succeed(attach(child, child.pid, events, table))
      })
  }
}

const start = (request: LaunchRequest): ChildProcess =>
  spawn(request.program, request.args, {
    ...(request.cwd !== undefined && { cwd: request.cwd }),
    ...((request.env !== undefined || !request.extendEnv) && { env: environment(request) }),
    ...(request.uid !== undefined && { uid: request.uid }),
    ...(request.gid !== undefined && { gid: request.gid }),
    // Its own session and group: the terminal's Ctrl-C reaches us alone, and one signal reaches all of the group.
    detached: hasGroups,
    windowsHide: true,
    stdio: [stdin(request), output(request.stdout), output(request.stderr)]
  })

// Node opens /dev/null for "ignore", so that a read ends at once and a write goes nowhere.
const stdin = (request: LaunchRequest) => request.stdin === "null" ? "ignore" : "inherit"
const output = (stdio: LaunchRequest["stdout"]) => stdio === "null" ? "ignore" : stdio

const environment = (request: LaunchRequest): Record<string, string | undefined> => {
  const env: Record<string, string | undefined> = request.extendEnv ? { ...process.env } : {}
  for (const [name, value] of request.env ?? []) {
    if (value === undefined) delete env[name]
    else env[name] = value
  }
  return env
}

const refused = (child: ChildProcess, request: LaunchRequest) =>
  Effect.async<unknown>((resume) => {
    child.once("error", (error) => resume(Effect.succeed(error)))
  }).pipe(
    Effect.tap(() => {
      // With EMFILE there are no streams at all.
      child.stdout?.destroy()
      child.stderr?.destroy()
      return turns(2)
    }),
    Effect.flatMap((error) => Effect.fail(failureOf(error, request)))
  )

/** Begins to read, in the step of the spawn: what nobody reads when a child exits is thrown away by Node. */
const attach = (child: ChildProcess, pid: number, events: LaunchEvents, table: ProcessTable): Launched => {
  const group = new ProcessGroup(pid, hasGroups, table)
  const pipes = { stdout: child.stdout ?? undefined, stderr: child.stderr ?? undefined }
  let hasExited = false

  read("stdout", pipes.stdout, events)
  read("stderr", pipes.stderr, events)
  child.once("exit", (code, signal) => {
    hasExited = true
    group.leaderEnded()
    events.exited(signal === null ? Exited(code ?? 0) : Signaled(signal))
  })
  // A kill that fails is told here, too late to matter; without a listener it would end the program.
  child.on("error", () => undefined)

  return {
    pid,
    containment: hasGroups ? "group" : "none",
    pause: (stream) => pipes[stream]?.pause(),
    resume: (stream) => pipes[stream]?.resume(),
    close: (stream) => pipes[stream]?.destroy(),
    signal: (signal) => group.signal(signal),
    isEmpty: () => group.isEmpty(),
    members: Effect.sync(() => group.members()),
    holders: (stream) => Effect.sync(() => table.holdersOf(pipes[stream])),
    turn,
    settle: settle(pid, () => hasExited, table)
  }
}

const read = (stream: StreamName, pipe: Readable | undefined, events: LaunchEvents): void => {
  if (pipe === undefined) return
  let hasEnded = false
  const end = () => {
    if (hasEnded) return
    hasEnded = true
    events.end(stream)
  }
  pipe.on("data", (chunk: Uint8Array) => events.data(stream, chunk))
  pipe.once("end", end)
  // After `close`, and after an error, there is no "end".
  pipe.once("close", end)
  pipe.on("error", () => undefined)
}

/**
 * Time for a death that has happened to become known. The kernel closes a dying process's sockets before its parent is
 * told, so that whoever talked to it may hear of it first. While the process is on its way out, a tenth of a second.
 */
const settle = (pid: number, hasExited: () => boolean, table: ProcessTable): Effect.Effect<void> => {
  const look = (left: number): Effect.Effect<void> =>
    Effect.flatMap(turns(2), () =>
      hasExited() || left === 0 || !table.isDying(pid) ? Effect.void : Effect.zipRight(shortly, look(left - 1)))
  return look(50)
}

const shortly = Effect.async<void>((resume) => {
  const timer = setTimeout(() => resume(Effect.void), 2)
  return Effect.sync(() => clearTimeout(timer))
})
