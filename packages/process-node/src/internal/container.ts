/**
 * What a child is contained in: who belongs to it, and how all of them are reached.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import type * as ProcStat from "@tether/host/ProcStat"
import type { Presence } from "@tether/process/ChildDriver"
import * as Effect from "effect/Effect"
import type { ProcessGroup } from "./group.js"

export interface Container {
  readonly leaderEnded: () => void
  readonly presence: () => Presence
  readonly signal: (signal: Signal) => boolean
  readonly search: Effect.Effect<boolean>
  readonly members: () => ReadonlyArray<ProcStat.ProcStat>
  /** These hold a pipe of the child's that nobody else was given. */
  /** Who may have been started by the child, though nothing shows it: named, and never signalled. */
  readonly suspects: () => ReadonlyArray<ProcStat.ProcStat>
  readonly adopt: (stats: ReadonlyArray<ProcStat.ProcStat>) => void
  /** It is over. */
  readonly release: () => void
}

/** The group, or where that is the level the leader, and nothing else. */
export const ofGroup = (group: ProcessGroup): Container => ({
  leaderEnded: () => group.leaderEnded(),
  presence: () => (group.isEmpty() ? "none" : "some"),
  signal: (signal) => group.signal(signal),
  search: Effect.succeed(false),
  members: () => group.members(),
  suspects: () => [],
  adopt: () => undefined,
  release: () => undefined
})
