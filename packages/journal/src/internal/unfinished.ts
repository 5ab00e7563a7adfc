/**
 * What has become of a process that has a beginning on record, and no end.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type { Identity, Liveness } from "@tether/host/ProcessIdentity"
import * as Effect from "effect/Effect"
import type { ExitRecord } from "../ExitRecord.js"
import type { Unfinished } from "./service.js"
import type { Surroundings } from "./setting.js"

export const stateOf =
  ({ files, processes, writer: self }: Surroundings) =>
  (start: ExitRecord): Effect.Effect<Unfinished> =>
    Effect.gen(function* () {
      const [subject, writer] = [subjectOf(start), writerOf(start)]
      const writerIs = writer === undefined ? "unknown" : yield* processes.liveness(writer)
      const liveness =
        subject === undefined ? yield* livenessByPid(start, files, self) : yield* processes.liveness(subject)
      if (writerIs === "alive") return { start, state: "watched", liveness }
      return liveness === "gone"
        ? { start, state: liveness, liveness, reason: reasonOf(start, self?.bootId, writerIs) }
        : { start, state: liveness, liveness }
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
        Effect.map(([canTell, isThere]): Liveness => (canTell && !isThere ? "gone" : "unknown")),
        Effect.orElseSucceed((): Liveness => "unknown")
      )

const reasonOf = (
  start: ExitRecord,
  bootId: string | undefined,
  writerIs: "gone" | "unknown"
): Unfinished["reason"] => {
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
