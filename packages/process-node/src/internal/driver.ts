/**
 * The driver over `node:child_process`.
 */
import * as ActiveTime from "@tether/host/ActiveTime"
import * as ProcStat from "@tether/host/ProcStat"
import {
  type ChildDriver,
  descriptorOf,
  type Launched,
  type LaunchEvents,
  type LaunchFailure,
  type LaunchRequest,
  streamAt,
  type StreamName,
  type WriteFailure
} from "@tether/process/ChildDriver"
import { Exited, Signaled } from "@tether/process/ExitStatus"
import * as Effect from "effect/Effect"
import type { ChildProcess } from "node:child_process"
import { resolve } from "node:path"
import type { Readable, Writable } from "node:stream"
import { Descriptors, type Ends } from "./descriptors.js"
import { Enclosure, reserve, type Reservation } from "./enclosure.js"
import { codeOf, failureOf } from "./failure.js"
import { openFiles } from "./files.js"
import { takeNoted, tellFindings } from "./findings.js"
import type { Host, OrphanPolicy } from "./host.js"
import { makePipes } from "./kernelPipes.js"
import { refusalOf, start } from "./launch.js"
import { exists, type Machine } from "./machine.js"
import { giveWay } from "./pace.js"
import { namesOfGiven, Pipes } from "./pipes.js"
import { clearTimeout, setTimeout } from "./realTime.js"
import { holdTerminals, type TerminalHold } from "./terminalModes.js"
import { turn, turns } from "./turn.js"

export const makeDriver = (host: Host, orphans: OrphanPolicy): ChildDriver => ({
  clock: Effect.succeed(ActiveTime.clock),
  launch: (request, events) =>
    Effect.flatMap(giveWay, () => {
      // libuv tells why a program was not executed through a descriptor that one of many may take the place of.
      const reservation =
        (request.descriptors.size > 3 ? refusalOf(request) : undefined) ?? reserve(host, request, orphans)
      if (!("level" in reservation)) {
        closeHandles(request)
        return Effect.fail(reservation)
      }
      return Effect.matchEffect(Descriptors.open(request), {
        onFailure: (failure) => {
          reservation.cancel()
          closeHandles(request)
          return Effect.fail(failure)
        },
        onSuccess: (descriptors) => launchWith(host, request, events, reservation, descriptors)
      })
    }),
  pipes: makePipes,
  files: (files) =>
    Effect.suspend(() => {
      const opened = openFiles(files)
      return "reason" in opened ? Effect.fail(opened) : Effect.succeed(opened)
    }),
  refusal: refusalOf
})

/** What the request has brought. */
const closeHandles = (request: LaunchRequest): void => {
  for (const what of request.descriptors.values()) if (typeof what === "object" && what._tag === "Handle") what.close()
}

const launchWith = (
  host: Host,
  request: LaunchRequest,
  events: LaunchEvents,
  reservation: Reservation,
  descriptors: Descriptors
): Effect.Effect<Launched, LaunchFailure> => {
  const terminals = holdTerminals(host.machine, request.descriptors)
  let child: ChildProcess
  try {
    child = start(request, reservation, descriptors.stdio)
  } catch (error) {
    terminals?.release()
    reservation.cancel()
    descriptors.closeAll()
    return Effect.zipRight(turn, Effect.fail(failureOf(error, request)))
  }
  // A pid right after the spawn is success. Without one the error comes in the next tick, and with it the end of
  // the descriptors that were opened for nothing.
  if (child.pid === undefined) {
    terminals?.release()
    reservation.cancel()
    descriptors.closeAll()
    return refused(child, request)
  }
  // Before anything else: if this program is killed meanwhile, this alone finds a child that has dropped its cookie.
  // Where a look at a process is a spawn, none is taken before the child is added, and the reaper would take one.
  if (reservation.level !== "none" && host.machine.isDirect) host.reaper?.announce(child.pid)
  const given = namesOfGiven(request.descriptors)
  descriptors.closeGiven()
  const ends = descriptors.endsOf(child)
  const launched = attach(child, child.pid, request, events, host, reservation, ends, given, terminals)
  return tellFindings([...host.takeFindings(), ...takeNoted()], launched)
}

const refused = (child: ChildProcess, request: LaunchRequest) =>
  Effect.async<unknown>((resume) => {
    child.once("error", (error) => resume(Effect.succeed(error)))
  }).pipe(
    Effect.tap(() => {
      // With EMFILE there are no streams at all.
      for (const stream of child.stdio ?? []) stream?.destroy()
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
  reservation: Reservation,
  { readables, writables }: Ends,
  given: ReadonlyMap<number, string>,
  terminals: TerminalHold | undefined
): Launched => {
  const { machine } = host
  // Its pid is its own until it is reaped, which takes a turn of the loop at least.
  const leader = machine.isDirect ? machine.find(pid) : undefined
  const enclosure = new Enclosure(host, reservation, request, pid, leader?.startTicks)
  const { container } = enclosure
  const pipes = new Pipes(machine, pid, readables, given)
  const readable = (stream: StreamName) => readables.get(descriptorOf(stream))
  let hasExited = false
  const presence = () => {
    const found = enclosure.presence()
    if (found === "none") terminals?.release()
    return found
  }

  for (const [descriptor, pipe] of readables) read(streamAt(descriptor), pipe, events)
  // For all of its life: a write that nobody waits for any more may fail long after.
  for (const pipe of writables.values()) pipe.on("error", () => undefined)
  child.once("exit", (code, signal) => {
    hasExited = true
    // Node does so with stdin, and not with the others.
    for (const pipe of writables.values()) pipe.destroy()
    enclosure.leaderEnded()
    // Before the exit is delivered: from then on the program may read keys and write to the terminal itself.
    if (terminals !== undefined && presence() !== "none") terminals.leaderEnded()
    events.exited(signal === null ? Exited(code ?? 0) : Signaled(signal))
  })
  // A kill that fails is told here, too late to matter; without a listener it would end the program.
  child.on("error", () => undefined)

  return {
    pid,
    cwd: inFull(request.cwd),
    containment: reservation.level,
    pause: (stream) => readable(stream)?.pause(),
    resume: (stream) => readable(stream)?.resume(),
    close: (stream) => readable(stream)?.destroy(),
    write: (descriptor, pieces, done) => write(writables.get(descriptor) as Writable, pieces, done),
    endInput: (descriptor) => writables.get(descriptor)?.end(),
    signal: (signal) => enclosure.signal(signal),
    presence,
    search: container.search,
    members: Effect.sync(() => enclosure.members().map(machine.infoOf)),
    // By name alone: whatever else is theirs, such as secrets in their arguments, may be another program's.
    suspects: Effect.sync(() => container.suspects().map((stat) => ({ ...machine.infoOf(stat), command: stat.name }))),
    leave: () => {
      enclosure.leave()
      terminals?.release()
    },
    holders: (stream) =>
      Effect.sync(() => {
        // Where nobody can be asked what it has open, any member may hold what the child was given.
        if (!machine.isDirect && given.has(descriptorOf(stream))) return enclosure.members().map(machine.infoOf)
        const { isCertain, processes } = pipes.holders(stream)
        if (isCertain && leader !== undefined) container.adopt(processes.filter((each) => isYounger(each, leader)))
        return processes.map(machine.infoOf)
      }),
    turn,
    settle: settle(pid, () => hasExited, machine)
  }
}

const inFull = (cwd: string | undefined): string | undefined => {
  try {
    return resolve(cwd ?? ".")
  } catch {
    // Our own has been removed: it has no name any more.
    return undefined
  }
}

/** A pipe can be handed to anyone; a descendant at least has started later. */
const isYounger = (one: ProcStat.ProcStat, other: ProcStat.ProcStat): boolean =>
  Number(one.startTicks) >= Number(other.startTicks)

const read = (stream: StreamName, pipe: Readable, events: LaunchEvents): void => {
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

/** Corked, Node gives all of them to the system in one call. */
const write = (pipe: Writable, pieces: ReadonlyArray<Uint8Array>, done: (failure?: WriteFailure) => void): void => {
  const answer = (error: Error | null | undefined) => (error ? done(writeFailureOf(error)) : done())
  if (pieces.length > 1) pipe.cork()
  pieces.forEach((piece, index) => (index === pieces.length - 1 ? pipe.write(piece, answer) : pipe.write(piece)))
  if (pieces.length > 1) pipe.uncork()
}

/**
 * EPIPE or ECONNRESET from the system; from Node, that the pipe was destroyed because of them or of the child's end.
 */
const readerGone: ReadonlySet<string | undefined> = new Set([
  "EPIPE",
  "ECONNRESET",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_WRITE_AFTER_END"
])

const writeFailureOf = (error: Error): WriteFailure => {
  const code = codeOf(error)
  return { isReaderGone: readerGone.has(code), code: code?.startsWith("ERR_") === true ? undefined : code }
}

/**
 * Time for a death that has happened to become known. The kernel closes a dying process's sockets before its parent is
 * told, so that whoever talked to it may hear of it first. While the process is on its way out, a tenth of a second.
 */
const settle = (pid: number, hasExited: () => boolean, machine: Machine): Effect.Effect<void> => {
  const look = (left: number): Effect.Effect<void> =>
    Effect.suspend(() =>
      hasExited() || left === 0 || !isDying(machine, pid) ? Effect.void : Effect.zipRight(shortly, look(left - 1))
    )
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
