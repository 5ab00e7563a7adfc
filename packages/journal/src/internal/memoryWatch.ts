/**
 * Whether the system has killed a process for want of memory, from what it counts. To look takes longer than many a
 * child lives: it is done beside, and seldom.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type { Ended } from "@tether/process/ChildObserver"
import type { EndedBy } from "@tether/process/ExitReport"
import type { ExitStatus } from "@tether/process/ExitStatus"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { OutOfMemory } from "../ExitRecord.js"
import { type KillCounter, makeKillCounter } from "./killCounter.js"
import type { Surroundings } from "./setting.js"

export interface MemoryWatch {
  /** A process begins. */
  readonly begun: (pid: number) => Effect.Effect<Watched>
  /** What speaks for it at its end. Absent where nothing does: it is never guessed. */
  readonly ended: (watched: Watched | undefined, end: Ended) => Effect.Effect<OutOfMemory | undefined>
}

export interface Watched {
  readonly pid: number
  /** What counts in its own cgroup, if it was found to have one. */
  cgroup: KillCounter | undefined
  hasEnded: boolean
}

/** A process that gets a cgroup of its own is put there soon after its start, but on a busy machine not at once. */
const untilPlaced = [Duration.millis(20), Duration.millis(200), Duration.seconds(2)] as const

/** Who begins within this time shares a look at the machine's counter, in milliseconds. */
const shared = 1000

/** While anything lives, the counters are looked at so often: a kill of an hour ago says nothing of one now. */
const lookEvery = Duration.seconds(10)

export const makeMemoryWatch = ({ clock, files }: Surroundings, scope: Scope.Scope): MemoryWatch => {
  const machine = makeKillCounter(files, clock, "/proc/vmstat")
  /** Those that have been looked at. */
  const living = new Set<Watched>()

  const lookAgain = whileWanted(
    scope,
    clock,
    () => living.size > 0,
    lookEvery,
    Effect.suspend(() =>
      Effect.zipRight(
        machine.look,
        Effect.forEach(living, (each) => each.cgroup?.look ?? place(each), { discard: true })
      )
    )
  )

  /** Looks for its own cgroup, and what that counts. */
  const place = (watched: Watched): Effect.Effect<void> =>
    Effect.flatMap(ownCounter(files, watched.pid), (path) => {
      if (path === undefined) return Effect.void
      watched.cgroup = makeKillCounter(files, clock, path)
      return watched.cgroup.look
    })

  /** Those that begin are looked at after each of these times, until one has found a cgroup. */
  const [soon, later, last] = untilPlaced
  const room = (after: Duration.Duration, next?: Room): Room =>
    makeRoom(scope, clock, after, next, (watched) => {
      if (!watched.hasEnded) living.add(watched)
      return Effect.zipRight(place(watched), lookAgain.begin)
    })
  const rooms = room(soon, room(later, room(last)))

  return {
    begun: (pid) =>
      Effect.suspend(() => {
        const watched: Watched = { pid, cgroup: undefined, hasEnded: false }
        const looking = machine.isFresh(shared) ? Effect.void : Effect.forkIn(machine.look, scope)
        return Effect.as(Effect.zipRight(looking, rooms.enter(watched)), watched)
      }),
    ended: (watched, { endedBy, status, stderr }) =>
      Effect.gen(function* () {
        if (watched !== undefined) {
          watched.hasEnded = true
          rooms.leave(watched)
          living.delete(watched)
          if (living.size === 0) yield* lookAgain.end
          if (status._tag === "Signaled" && status.signal === "SIGKILL" && endedBy === "outside")
            return yield* killed(machine, watched)
        }
        return isAborted(status) && !isOurs(endedBy) && heapMessage.test(stderr)
          ? { certainty: "probable", evidence: "V8 ran out of heap, by its last words" }
          : undefined
      })
  }
}

/** Where processes wait until they are looked at, and again in the next one where that has found no cgroup. */
interface Room {
  readonly enter: (watched: Watched) => Effect.Effect<void>
  readonly leave: (watched: Watched) => void
}

/** One fiber for all of them: a timer for each would cost more than most of them live. */
const makeRoom = (
  scope: Scope.Scope,
  clock: Clock.Clock,
  after: Duration.Duration,
  next: Room | undefined,
  look: (watched: Watched) => Effect.Effect<void>
): Room => {
  let arriving = new Set<Watched>()
  let arrived = new Set<Watched>()
  const lookAt = (watched: Watched) =>
    Effect.flatMap(look(watched), () =>
      watched.cgroup === undefined && !watched.hasEnded ? (next?.enter(watched) ?? Effect.void) : Effect.void
    )
  const rounds = whileWanted(
    scope,
    clock,
    () => arriving.size + arrived.size > 0,
    after,
    Effect.suspend(() => {
      const due = arrived
      arrived = arriving
      arriving = new Set()
      return Effect.forEach(due, lookAt, { discard: true })
    })
  )
  return {
    enter: (watched) =>
      Effect.suspend(() => {
        arriving.add(watched)
        return rounds.begin
      }),
    leave: (watched) => {
      arriving.delete(watched)
      arrived.delete(watched)
      next?.leave(watched)
    }
  }
}

/** A fiber of the scope that does this again and again, as long as it is wanted. */
const whileWanted = (
  scope: Scope.Scope,
  clock: Clock.Clock,
  isWanted: () => boolean,
  every: Duration.Duration,
  work: Effect.Effect<void>
) => {
  let fiber: Fiber.RuntimeFiber<void> | undefined
  const rounds = Effect.whileLoop({
    while: () => {
      if (isWanted()) return true
      fiber = undefined
      return false
    },
    body: () => Effect.zipRight(clock.sleep(every), work),
    step: () => undefined
  })
  return {
    begin: Effect.suspend(() => {
      if (fiber !== undefined) return Effect.void
      return Effect.map(Effect.forkIn(Effect.interruptible(rounds), scope), (begun) => {
        fiber = begun
      })
    }),
    end: Effect.suspend(() => {
      const ended = fiber
      fiber = undefined
      return ended === undefined ? Effect.void : Fiber.interruptFork(ended)
    })
  }
}

const killed = (machine: KillCounter, { cgroup }: Watched): Effect.Effect<OutOfMemory | undefined> =>
  Effect.gen(function* () {
    const inCgroup = cgroup === undefined ? 0 : yield* cgroup.growth
    if (inCgroup > 0) return { certainty: "certain", evidence: `its cgroup has just counted ${inCgroup} oom_kill` }
    const onMachine = yield* machine.growth
    return onMachine > 0
      ? { certainty: "probable", evidence: `the machine has just counted ${onMachine} oom_kill, in /proc/vmstat` }
      : undefined
  })

const heapMessage = /^FATAL ERROR: .*(?:JavaScript heap out of memory|Allocation failed)/m

/** V8 ends by one of these after its words; a shell in between makes a code of the signal. */
const isAborted = (status: ExitStatus): boolean =>
  status._tag === "Signaled"
    ? ["SIGABRT", "SIGTRAP", "SIGILL"].includes(status.signal)
    : [132, 133, 134].includes(status.code)

const isOurs = (endedBy: EndedBy): boolean => endedBy === "owner" || endedBy === "scope" || endedBy === "supervisor"

/**
 * Where the kills are counted in the cgroup of a process, if that is not also ours: what is counted in ours may be
 * about anyone.
 */
const ownCounter = (files: FileSystem.FileSystem, pid: number): Effect.Effect<string | undefined> =>
  Effect.map(Effect.all([counterOf(files, String(pid)), counterOf(files, "self")]), ([its, ours]) =>
    its === ours ? undefined : its
  )

/** Of the cgroup that limits a process's memory: of version 1, where that is still in use, or 2. */
const counterOf = (files: FileSystem.FileSystem, pid: string): Effect.Effect<string | undefined> =>
  Effect.map(Effect.option(files.readFileString(`/proc/${pid}/cgroup`)), (read) => {
    const text = Option.getOrElse(read, () => "")
    const first = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m.exec(text)?.[1]
    if (first !== undefined) return `/sys/fs/cgroup/memory${first}/memory.oom_control`
    const second = /^0::(\/.*)$/m.exec(text)?.[1]
    return second === undefined ? undefined : `/sys/fs/cgroup${second}/memory.events`
  })
