/**
 * The journal as the observer of children. It is told of every child there is: what costs time is left out, or done
 * while the child runs.
 */
import type { Identity } from "@tether/host/ProcessIdentity"
import type { ChildObserver, Ended, Spawned } from "@tether/process/ChildObserver"
import * as Shell from "@tether/process/Shell"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Journal } from "./journal.js"
import type { Kept } from "./keeping.js"
import { makeMemoryWatch, type Watched } from "./memoryWatch.js"
import type { Surroundings } from "./setting.js"
import { withoutAbsent } from "./withoutAbsent.js"

interface Begun {
  readonly start: string
  readonly kept: Kept
  readonly identity: Identity | undefined
  readonly memory: Watched
}

export const makeObserver = (journal: Journal, surroundings: Surroundings, scope: Scope.Scope): ChildObserver => {
  const begun = new Map<number, Begun>()
  const memory = makeMemoryWatch(surroundings, scope)

  const spawned = (child: Spawned) =>
    Effect.gen(function* () {
      const identity = Option.getOrUndefined(yield* surroundings.processes.identify(child.pid))
      const record = yield* journal.service.make({ ev: "session-start", ...who(child, identity, surroundings.writer) })
      const kept = yield* journal.begin(record)
      begun.set(child.pid, { start: record.id, kept, identity, memory: yield* memory.begun(child.pid) })
      // Who has the handle may be killed at once. Meanwhile the child runs already.
      yield* kept
    })

  const exited = (child: Ended) =>
    Effect.gen(function* () {
      const beginning = begun.get(child.pid)
      begun.delete(child.pid)
      const oom = yield* memory.ended(beginning?.memory, child)
      const record = yield* journal.service.make({
        ev: "session-exit",
        ...who(child, beginning?.identity, surroundings.writer),
        ...(beginning !== undefined && { start: beginning.start }),
        ...(child.status._tag === "Exited" ? { deadStatus: child.status.code } : { deadSignal: child.status.signal }),
        endedBy: child.endedBy,
        ...(child.stopStep !== undefined && { stopStep: child.stopStep }),
        uptime: Math.round(Duration.toMillis(child.duration)),
        ...(oom !== undefined && { oom }),
        ...(child.stderr !== "" && { lastLines: child.stderr })
      })
      if (beginning !== undefined) yield* beginning.kept
      yield* yield* journal.begin(record)
    })

  // What is kept has a bound of its own, and counts what is lost.
  return { spawned, exited, gone: () => Effect.void, timeout: Duration.infinity }
}

/** Boot and namespace are the writer's own: a child that was over too soon to be identified had the same. */
const who = (child: Spawned, identity: Identity | undefined, writer: Identity | undefined) => ({
  identity: child.label,
  pid: child.pid,
  ...withoutAbsent({ startToken: identity?.startToken, bootId: writer?.bootId, pidNamespace: writer?.pidNamespace }),
  command: Shell.commandLine([child.command, ...child.args]),
  ...(child.cwd !== undefined && { cwd: child.cwd })
})
