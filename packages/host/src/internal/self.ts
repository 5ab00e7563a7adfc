/**
 * Who the current user is, as far as ownership goes.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { Self } from "./ownership.js"

/** Whom it suffices to know for most paths: asked without reading a file. */
export const strictSelf = (uid: number): Self => ({ uid, overflowUid: undefined, hasOthers: () => true })

/** The current user, its user namespace, and the groups of the machine. */
export const fullSelf = (fs: FileSystem.FileSystem, uid: number): Effect.Effect<Self> =>
  Effect.gen(function* () {
    const read = (path: string) => Effect.orElseSucceed(fs.readFileString(path), () => "")
    const overflow = Number((yield* read("/proc/sys/kernel/overflowuid")).trim() || 65_534)
    return {
      uid,
      overflowUid: isUnmapped(yield* read("/proc/self/uid_map"), overflow) ? overflow : undefined,
      hasOthers: othersIn(yield* read("/etc/group"))
    }
  })

const everyUid = 0xffff_ffff

/**
 * Whether this number stands for owners that have none here. In a namespace that gives the number to a user of its own,
 * that user's files cannot be told from those of others: then it does not.
 */
export const isUnmapped = (uidMap: string, uid: number): boolean => {
  const ranges = uidMap
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([inside, , count]) => (inside === undefined || count === undefined ? [] : [{ inside, count }]))
  const mapped = ranges.reduce((sum, { count }) => sum + count, 0)
  if (ranges.length === 0 || mapped >= everyUid) return false
  return !ranges.some(({ count, inside }) => uid >= inside && uid < inside + count)
}

/** A user may be listed in the group of his own name. A group that is not in the file has no known members. */
export const othersIn =
  (groups: string) =>
  (gid: number): boolean =>
    groups.split("\n").some((line) => {
      const [name, , number, members = ""] = line.split(":")
      return number === String(gid) && members.split(",").some((member) => member !== "" && member !== name)
    })
