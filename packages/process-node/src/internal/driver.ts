/**
 * The driver over `node:child_process`.
 */
import * as ProcStat from "@tether/host/ProcStat"
import type { ChildDriver, Launched, LaunchEvents, LaunchRequest, StreamName } from "@tether/process/ChildDriver"
import { Exited, Signaled } from "@tether/process/ExitStatus"
import * as Effect from "effect/Effect"
import type { ChildProcess } from "node:child_process"
import type { Readable } from "node:stream"
import { Enclosure, reserve, type Reservation } from "./enclosure.js"
import { failureOf } from "./failure.js"
import type { Host } from "./host.js"
import { start } from "./launch.js"
import { exists, type Machine } from "./machine.js"
import { tellFindings } from "./findings.js"
import { Pipes } from "./pipes.js"
import { turn, turns } from "./turn.js"

export const makeDriver = (host: Host): ChildDriver => ({
  launch: (request, events) =>
    Effect.suspend(() => {
      const reservation = reserve(host, request)
      if (!("level" in reservation)) return Effect.fail(reservation)
      let child: ChildProcess
      try {
        child = start(request, reservation)
      } catch (error) {
        reservation.cancel()
        return Effect.zipRight(turn, Effect.fail(failureOf(error, request)))
      }
      // A pid right after the spawn is success. Without one the error comes in the next tick, and with it the end of
      // the descriptors that were opened for nothing.
      if (child.pid === undefined) {
        reservation.cancel()
        return refused(child, request)
      }
      const launched = attach(child, child.pid, request, events, host, reservation)
      return tellFindings(host.takeFindings(), launched)
    })
})

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
const attach = (
  child: ChildProcess,
  pid: number,
  request: LaunchRequest,
  events: LaunchEvents,
  host: Host,
  reservation: Reservation
): Launched => {
  const { machine } = host
  // Its pid is its own until it is reaped, which takes a turn of the loop at least.
  const leader = machine.isDirect ? machine.find(pid) : undefined
  const enclosure = new Enclosure(host, reservation, request, pid, leader?.startTicks)
  const { container } = enclosure
  const streams = { stdout: child.stdout ?? undefined, stderr: child.stderr ?? undefined }
  const pipes = new Pipes(machine, pid, streams)
  let hasExited = false

  read("stdout", streams.stdout, events)
  read("stderr", streams.stderr, events)
  child.once("exit", (code, signal) => {
    hasExited = true
    enclosure.leaderEnded()
    events.exited(signal === null ? Exited(code ?? 0) : Signaled(signal))
  })
  // A kill that fails is told here, too late to matter; without a listener it would end the program.
  child.on("error", () => undefined)

  return {
    pid,
    containment: reservation.level,
    pause: (stream) => streams[stream]?.pause(),
    resume: (stream) => streams[stream]?.resume(),
    close: (stream) => streams[stream]?.destroy(),
    signal: (signal) => container.signal(signal),
    presence: () => enclosure.presence(),
    search: container.search,
    members: Effect.sync(() => enclosure.members().map(machine.infoOf)),
    leave: () => enclosure.leave(),
    holders: (stream) =>
      Effect.sync(() => {
        const { isCertain, processes } = pipes.holders(stream)
        if (isCertain && leader !== undefined) container.adopt(processes.filter((each) => isYounger(each, leader)))
        return processes.map(machine.infoOf)
      }),
    turn,
    settle: settle(pid, () => hasExited, machine)
  }
}

/** A pipe can be handed to anyone; a descendant at least has started later. */
const isYounger = (one: ProcStat.ProcStat, other: ProcStat.ProcStat): boolean =>
  Number(one.startTicks) >= Number(other.startTicks)

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
const settle = (pid: number, hasExited: () => boolean, machine: Machine): Effect.Effect<void> => {
  const look = (left: number): Effect.Effect<void> =>
    Effect.suspend(() =>
      hasExited() || left === 0 || !isDying(machine, pid) ? Effect.void : Effect.zipRight(shortly, look(left - 1)))
  return machine.isDirect ? look(50) : turns(2)
}

const isDying = (machine: Machine, pid: number): boolean => {
  const stat = machine.find(pid)
  return stat === undefined ? !exists(pid) : stat.exiting || !ProcStat.isRunning(stat)
}

const shortly = Effect.async<void>((resume) => {
  const timer = setTimeout(() => resume(Effect.void), 2)
  return Effect.sync(() => clearTimeout(timer))
})
