/**
 * The journal as the observer of children.
 */
import type { FileError } from "@tether/host/FileError"
import type { Identity } from "@tether/host/ProcessIdentity"
import type { ChildObserver, Ended, Spawned } from "@tether/process/ChildObserver"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ExitRecord } from "../ExitRecord.js"
import type { Journal } from "./journal.js"
import * as OutOfMemory from "./outOfMemory.js"
import type { Draft } from "./service.js"
import type { Surroundings } from "./setting.js"
import { withoutAbsent } from "./withoutAbsent.js"

interface Begun {
  readonly start: string | undefined
  readonly identity: Identity | undefined
  readonly counts: OutOfMemory.Counts
}

/** So long is a child's end kept from being seen. */
const bound = Duration.seconds(1)

export const makeObserver = (journal: Journal, surroundings: Surroundings): ChildObserver["Type"] => {
  const begun = new Map<number, Begun>()

  const spawned = (child: Spawned) =>
    Effect.gen(function*() {
      const identity = Option.getOrUndefined(yield* surroundings.processes.identify(child.pid))
      const counts = yield* OutOfMemory.countsOf(surroundings.files, child.pid)
      const record = yield* kept(journal, { ev: "session-start", ...who(child, identity, surroundings.writer) })
      begun.set(child.pid, { start: record?.id, identity, counts })
    })

  const exited = (child: Ended) =>
    Effect.gen(function*() {
      const beginning = begun.get(child.pid)
      begun.delete(child.pid)
      const oom = yield* OutOfMemory.evidenceOf(surroundings.files, beginning?.counts, child)
      yield* kept(journal, {
        ev: "session-exit",
        ...who(child, beginning?.identity, surroundings.writer),
        ...(beginning?.start !== undefined && { start: beginning.start }),
        ...(child.status._tag === "Exited" ? { deadStatus: child.status.code } : { deadSignal: child.status.signal }),
        endedBy: child.endedBy,
        ...(child.stopStep !== undefined && { stopStep: child.stopStep }),
        uptime: Math.round(Duration.toMillis(child.duration)),
        ...(oom !== undefined && { oom }),
        ...(child.stderr !== "" && { lastLines: child.stderr })
      })
    })

  // Ours comes first, and counts what is lost.
  return { spawned, exited, gone: () => Effect.void, timeout: Duration.times(bound, 2) }
}

/** Boot and namespace are the writer's own: a child that was over too soon to be identified had the same. */
const who = (child: Spawned, identity: Identity | undefined, writer: Identity | undefined) => ({
  identity: child.label,
  pid: child.pid,
  ...withoutAbsent({ startToken: identity?.startToken, bootId: writer?.bootId, pidNamespace: writer?.pidNamespace }),
  command: [child.command, ...child.args].join(" "),
  ...(child.cwd !== undefined && { cwd: child.cwd })
})

/** Whatever becomes of the record, the child goes on. */
const kept = (journal: Journal, draft: Draft): Effect.Effect<ExitRecord | undefined> =>
  // A write that hangs cannot be interrupted, and is not waited for.
  Effect.disconnect(journal.service.append(draft)).pipe(
    Effect.timeoutFail({ duration: bound, onTimeout: () => `not written within ${Duration.format(bound)}` }),
    Effect.catchAll((problem: FileError | string) =>
      Effect.as(said(journal, draft, typeof problem === "string" ? problem : problem.message), undefined))
  )

const said = (journal: Journal, draft: Draft, problem: string): Effect.Effect<void> =>
  Effect.flatMap(journal.lose, (losses) =>
    losses > 1 ? Effect.void : Effect.logError(`the exit journal loses records, of which this is the first ("${draft.identity}"): ${problem}`))
