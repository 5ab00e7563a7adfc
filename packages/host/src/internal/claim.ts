/**
 * How a file that names its owner is taken from an owner that has lost it, so that one claimant out of many wins.
 *
 * The rule: a lock file that holds the id `a` is replaced or removed only by who has the claim on `a`, which is a
 * second file, made by `link` (one maker wins) and naming its maker. Whoever has the claim looks again whether the lock
 * still holds `a`, because it may have been claimed, replaced and released in between: ids are never used twice, so if
 * it does, it will until we change it. Then the claim is renamed over the lock: it is gone, and the lock is ours, in
 * one step.
 *
 * A claimant may be killed at any point. Its claim then is itself a file of an owner that is gone, and is taken in the
 * same way.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as ActiveTime from "../ActiveTime.js"
import type { FileError } from "../FileError.js"
import { LockHeld, type LockOwner } from "../LockHeld.js"
import * as ProcessIdentity from "../ProcessIdentity.js"
import { doing, isNotFound, isTaken } from "./fileErrors.js"
import { hash } from "./hash.js"
import * as LockFile from "./lockFile.js"
import type { Watch } from "./lockWatch.js"
import { nameOf } from "./paths.js"

type Needs = FileSystem.FileSystem | ProcessIdentity.ProcessIdentity

/** Who wants the lock at `path`; `own` is the path of a whole file that names it. */
export interface Claimant {
  readonly path: string
  readonly own: string
  readonly owner: LockOwner
  readonly watch: Watch
}

/** Why the owner of a file keeps it, or `undefined` if it has lost it. */
export const verdict = (
  me: Claimant,
  target: string,
  seen: LockFile.Seen
): Effect.Effect<LockHeld | undefined, never, Needs> =>
  Effect.gen(function* () {
    const processes = yield* ProcessIdentity.ProcessIdentity
    const identity = seen.owner?.identity
    const liveness = identity === undefined ? "unknown" : yield* processes.liveness(identity)
    if (liveness === "gone") return undefined
    if (
      liveness === "unknown" &&
      me.watch.isStale(nameOf(target), seen, yield* Clock.currentTimeMillis, yield* ActiveTime.now)
    )
      return undefined
    return new LockHeld({ path: me.path, owner: seen.owner, liveness })
  })

const claimPath = (me: Claimant, target: string, id: string): string =>
  `${me.path}.${hash(`${nameOf(target)}\0${id}`)}.claim`

/** Gives `path` to a file that is at `own`, unless something is there. */
export const linked = (me: Claimant, path: string): Effect.Effect<boolean, FileError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.link(me.own, path)).pipe(
    Effect.as(true),
    Effect.catchIf(isTaken, () => Effect.succeed(false)),
    doing("lock", me.path)
  )

/** Has the claim on a file while it still holds what was seen there, or says who keeps us from it. */
type Claimed = { readonly claim: string } | "changed" | LockHeld

/** Makes the claim on what was seen at `target`, and looks again. */
export const claimed = (me: Claimant, target: string, seen: LockFile.Seen): Effect.Effect<Claimed, FileError, Needs> =>
  Effect.gen(function* () {
    const claim = claimPath(me, target, seen.id)
    while (!(yield* linked(me, claim))) {
      const holder = yield* LockFile.read(claim)
      if (holder === undefined) continue
      const held = yield* verdict(me, claim, holder)
      if (held !== undefined) return held
      const outcome = yield* supplant(me, claim, holder)
      if (outcome === "ours") break
      if (outcome !== "changed") return outcome
    }
    const now = yield* Effect.onError(LockFile.read(target), () => dropped(claim))
    // A refresh shows that an owner of unknown liveness lives.
    if (now !== undefined && now.id === seen.id && now.refreshedAt === seen.refreshedAt) return { claim }
    yield* dropped(claim)
    return "changed"
  })

/** Gives a claim back. */
export const dropped = (claim: string): Effect.Effect<void, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.ignore(fs.remove(claim, { force: true })))

/** Puts our file in the place of what was seen at `target`, whose owner has lost it. */
export const supplant = (
  me: Claimant,
  target: string,
  seen: LockFile.Seen
): Effect.Effect<"ours" | "changed" | LockHeld, FileError, Needs> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const outcome = yield* claimed(me, target, seen)
    if (outcome === "changed" || outcome instanceof LockHeld) return outcome
    yield* fs.rename(outcome.claim, target).pipe(
      // Somebody who could not tell that we live has taken the claim.
      Effect.catchIf(isNotFound, () => Effect.void),
      doing("take over the lock", me.path),
      Effect.onError(() => dropped(outcome.claim))
    )
    const now = yield* LockFile.read(target)
    return now?.id === me.owner.nonce ? "ours" : "changed"
  })
