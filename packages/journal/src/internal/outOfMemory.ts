/**
 * Whether the system has killed a process for want of memory, from what it counts.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type { Ended } from "@tether/process/ChildObserver"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { OutOfMemory } from "../ExitRecord.js"

/** Kills for want of memory, of the machine and of a cgroup, when the process began. */
export interface Counts {
  readonly machine: number | undefined
  readonly cgroup: { readonly path: string; readonly kills: number; readonly isItsOwn: boolean } | undefined
}

export const countsOf = (files: FileSystem.FileSystem, pid: number): Effect.Effect<Counts> =>
  Effect.gen(function*() {
    const [machine, path, ours] = yield* Effect.all([
      countIn(files, "/proc/vmstat"),
      cgroupOf(files, String(pid)),
      cgroupOf(files, "self")
    ])
    const kills = path === undefined ? undefined : yield* countIn(files, eventsOf(path))
    return {
      machine,
      cgroup: path === undefined || kills === undefined ? undefined : { path, kills, isItsOwn: path !== ours }
    }
  })

/** Absent where nothing speaks for it: it is never guessed. */
export const evidenceOf = (
  files: FileSystem.FileSystem,
  before: Counts | undefined,
  { endedBy, status, stderr }: Ended
): Effect.Effect<OutOfMemory | undefined> =>
  Effect.gen(function*() {
    if (status._tag === "Signaled" && status.signal === "SIGKILL" && endedBy === "outside") {
      const cgroup = before?.cgroup
      const kills = cgroup === undefined ? undefined : yield* countIn(files, eventsOf(cgroup.path))
      if (cgroup !== undefined && kills !== undefined && kills > cgroup.kills) {
        return cgroup.isItsOwn
          ? { certainty: "certain", evidence: `memory.events of its cgroup counts ${kills - cgroup.kills} oom_kill` }
          : { certainty: "probable", evidence: `memory.events of the cgroup that it shared counts ${kills - cgroup.kills} oom_kill` }
      }
      const machine = yield* countIn(files, "/proc/vmstat")
      if (before?.machine !== undefined && machine !== undefined && machine > before.machine) {
        return { certainty: "probable", evidence: `/proc/vmstat counts ${machine - before.machine} oom_kill while it ran` }
      }
    }
    return heapMessage.test(stderr) ? { certainty: "probable", evidence: "V8 ran out of heap, by its last words" } : undefined
  })

const heapMessage = /FATAL ERROR: .*(?:JavaScript heap out of memory|Allocation failed)/

const countIn = (files: FileSystem.FileSystem, path: string): Effect.Effect<number | undefined> =>
  Effect.map(Effect.option(files.readFileString(path)), (text) => {
    const found = /^oom_kill (\d+)$/m.exec(Option.getOrElse(text, () => ""))
    return found === null ? undefined : Number(found[1])
  })

const eventsOf = (path: string): string => `/sys/fs/cgroup${path}/memory.events`

const cgroupOf = (files: FileSystem.FileSystem, pid: string): Effect.Effect<string | undefined> =>
  Effect.map(Effect.option(files.readFileString(`/proc/${pid}/cgroup`)), (text) =>
    /^0::(\/.*)$/m.exec(Option.getOrElse(text, () => ""))?.[1])
