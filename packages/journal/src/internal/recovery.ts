/**
 * What was begun and has no end, when a journal is opened.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type { FileError } from "@tether/host/FileError"
import * as FileLock from "@tether/host/FileLock"
import type { LockHeld } from "@tether/host/LockHeld"
import { type Identity, type Liveness, ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ExitRecord } from "../ExitRecord.js"
import type { Journal } from "./journal.js"
import type { Surroundings } from "./setting.js"
import { withoutAbsent } from "./withoutAbsent.js"

/** One program at a time, so that none is given two ends. */
export const recover = (directory: string, journal: Journal, surroundings: Surroundings): Effect.Effect<void, FileError | LockHeld> =>
  Effect.scoped(Effect.gen(function*() {
    yield* FileLock.acquire(`${directory}/recovery.lock`, { label: "exit journal" })
    const open = yield* Stream.runFold(journal.service.records(), new Map<string, ExitRecord>(), (starts, record) => {
      if (record.ev === "session-start") starts.set(record.id, record)
      else if (record.start !== undefined) starts.delete(record.start)
      return starts
    })
    for (const start of open.values()) yield* resolve(start, journal, surroundings)
  })).pipe(
    Effect.provideService(FileSystem.FileSystem, surroundings.files),
    Effect.provideService(ProcessIdentity, surroundings.processes)
  )

const resolve = (start: ExitRecord, { service }: Journal, { files, processes, writer: self }: Surroundings): Effect.Effect<void, FileError> =>
  Effect.gen(function*() {
    const [subject, writer] = [subjectOf(start), writerOf(start)]
    const writerIs = writer === undefined ? "unknown" : yield* processes.liveness(writer)
    // Its own end of the story is still to come.
    if (writerIs === "alive") return
    const subjectIs = subject === undefined ? yield* livenessByPid(start, files, self) : yield* processes.liveness(subject)
    if (subjectIs !== "gone") {
      const state = subjectIs === "alive" ? "still alive, and nobody watches it" : "in a state that cannot be told from here"
      return yield* Effect.logWarning(`the exit journal knows of "${start.identity}" (pid ${start.pid ?? "unknown"}), which is ${state}`)
    }
    const { bootId, command, cwd, identity, pid, pidNamespace, startToken } = start
    yield* service.append({
      ev: "session-exit",
      identity,
      start: start.id,
      endedBy: "unknown",
      reason: reasonOf(start, self?.bootId, writerIs),
      ...withoutAbsent({ command, cwd, pid, startToken, bootId, pidNamespace })
    })
  })

/** One that was over before it could be told from others: where nobody has its number, it is not there. */
const livenessByPid = (
  { pid, pidNamespace }: ExitRecord,
  files: FileSystem.FileSystem,
  self: Identity | undefined
): Effect.Effect<Liveness> =>
  // In another pid namespace the number is somebody else's.
  pid === undefined || pidNamespace !== self?.pidNamespace
    ? Effect.succeed("unknown")
    : Effect.all([files.exists("/proc/self"), files.exists(`/proc/${pid}`)]).pipe(
      Effect.map(([canTell, isThere]): Liveness => canTell && !isThere ? "gone" : "unknown"),
      Effect.orElseSucceed((): Liveness => "unknown")
    )

const reasonOf = (start: ExitRecord, bootId: string | undefined, writerIs: "gone" | "unknown"): string => {
  if (start.bootId !== undefined && bootId !== undefined && start.bootId !== bootId) return "reboot"
  return writerIs === "gone" ? "supervisor-died" : "vanished"
}

const subjectOf = ({ bootId, pid, pidNamespace, startToken }: ExitRecord): Identity | undefined =>
  pid === undefined || startToken === undefined ? undefined : { pid, startToken, bootId, pidNamespace }

const writerOf = ({ bootId, pidNamespace, writer }: ExitRecord): Identity | undefined => {
  const found = /^(\d+):(.+)$/.exec(writer ?? "")
  const [, pid, startToken] = found ?? []
  return pid === undefined || startToken === undefined
    ? undefined
    : { pid: Number(pid), startToken, bootId, pidNamespace }
}
