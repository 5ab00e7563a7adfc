/**
 * Taking a lock, keeping it, and giving it back.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as ActiveTime from "../ActiveTime.js"
import type { FileError } from "../FileError.js"
import { LockHeld, type LockOwner } from "../LockHeld.js"
import * as ProcessIdentity from "../ProcessIdentity.js"
import * as TerminalText from "../TerminalText.js"
import { type Claimant, claimed, dropped, linked, supplant, verdict } from "./claim.js"
import type { FileLock } from "./heldLock.js"
import * as LockFile from "./lockFile.js"
import { sweep } from "./lockSweep.js"
import { makeWatch, type Watch } from "./lockWatch.js"
import { ownPid, randomId } from "./runtime.js"
import { check } from "./trust.js"
import { warn } from "./warn.js"

type Needs = FileSystem.FileSystem | ProcessIdentity.ProcessIdentity

/** Milliseconds, and the name of the owner. */
export interface Timing {
  readonly label: string
  readonly pollEvery: number
  readonly refreshEvery: number
  readonly staleAfter: number
}

/** Takes the lock, trying for `wait` milliseconds, and holds it until the scope closes. */
export const acquireWithin = (
  path: string,
  timing: Timing,
  wait: number,
  watch: Watch = makeWatch(timing.staleAfter, timing.refreshEvery)
): Effect.Effect<FileLock, LockHeld | FileError, Scope.Scope | Needs> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      yield* check("lock", path, "File")
      const me = yield* claimant(path, timing.label, watch)
      const deadline = (yield* ActiveTime.now) + wait
      while (true) {
        const outcome = yield* attempt(me)
        if (outcome === "ours") break
        const left = deadline - (yield* ActiveTime.now)
        if (left <= 0) return yield* outcome
        yield* restore(ActiveTime.sleep(Math.min(timing.pollEvery, left)))
      }
      return yield* kept(me, timing.refreshEvery)
    })
  )

const claimant = (path: string, label: string, watch: Watch): Effect.Effect<Claimant, never, Needs> =>
  Effect.gen(function* () {
    const processes = yield* ProcessIdentity.ProcessIdentity
    const pid = ownPid()
    const identity = Option.getOrUndefined(yield* processes.identify(pid))
    const nonce = randomId()
    const owner: LockOwner = { pid, identity, label, nonce, since: yield* Clock.currentTimeMillis }
    return { path, own: `${path}.${nonce}.new`, owner, watch }
  })

/** One try, without waiting. */
const attempt = (me: Claimant): Effect.Effect<"ours" | LockHeld, FileError, Needs> =>
  Effect.gen(function* () {
    // Who only waits leaves no file of its own.
    const seen = yield* LockFile.read(me.path)
    const held = seen === undefined ? undefined : yield* verdict(me, me.path, seen)
    if (held !== undefined) return held
    return yield* LockFile.write(me.own, me.owner, yield* Clock.currentTimeMillis).pipe(
      Effect.zipRight(contest(me)),
      // It may be ours all the same, and whoever is alive and does not know that it holds a lock holds it for ever.
      Effect.onError(() => released(me, () => Effect.void)),
      Effect.ensuring(dropped(me.own))
    )
  })

const contest = (me: Claimant): Effect.Effect<"ours" | LockHeld, FileError, Needs> =>
  Effect.gen(function* () {
    while (true) {
      const seen = yield* LockFile.read(me.path)
      if (seen === undefined) {
        if (yield* linked(me, me.path)) return "ours"
        continue
      }
      const held = yield* verdict(me, me.path, seen)
      if (held !== undefined) return held
      const outcome = yield* supplant(me, me.path, seen)
      if (outcome === "ours") yield* sweep(me)
      // Every change is the success of somebody: nobody goes round here for ever.
      if (outcome !== "changed") return outcome
    }
  })

/** The lock that is ours, until the scope closes. */
const kept = (me: Claimant, refreshEvery: number): Effect.Effect<FileLock, never, Scope.Scope | Needs> =>
  Effect.gen(function* () {
    const lost = yield* Deferred.make<void>()
    // Said once, by whoever notices first.
    const saidLost = (seen: LockFile.Seen | undefined) =>
      Effect.flatMap(Deferred.succeed(lost, undefined), (first) => (first ? warn(lossOf(me, seen)) : Effect.void))
    yield* Effect.addFinalizer(() => released(me, saidLost))
    yield* Effect.forkScoped(Effect.interruptible(refreshing(me, refreshEvery, saidLost)))
    return {
      path: me.path,
      owner: me.owner,
      isHeld: yield* Effect.map(Effect.context<Needs>(), (context) =>
        LockFile.read(me.path).pipe(
          Effect.map((seen) => seen?.id === me.owner.nonce),
          Effect.orElseSucceed(() => false),
          Effect.provide(context)
        )
      ),
      lost: Deferred.await(lost)
    }
  })

type SaidLost = (seen: LockFile.Seen | undefined) => Effect.Effect<void>

const lossOf = (me: Claimant, seen: LockFile.Seen | undefined): string => {
  const name = me.owner.label === "" ? "" : ` of ${TerminalText.quote(me.owner.label)}`
  const what =
    seen === undefined
      ? "somebody has removed it"
      : seen.owner === undefined
        ? "something else is in its place"
        : `process ${seen.owner.pid} ${TerminalText.quote(seen.owner.label)} has it now`
  return `the lock ${TerminalText.quote(me.path)}${name} is lost: ${what}`
}

const refreshing = (me: Claimant, every: number, saidLost: SaidLost): Effect.Effect<void, never, Needs> =>
  Effect.gen(function* () {
    let isOurs = true
    while (isOurs) {
      yield* Effect.sleep(every)
      isOurs = yield* Effect.uninterruptible(refreshed(me, saidLost))
    }
  })

/** Shows that we are there, if the lock is still ours. An error of the file system is no loss: the next time may do. */
const refreshed = (me: Claimant, saidLost: SaidLost): Effect.Effect<boolean, never, Needs> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const seen = yield* LockFile.read(me.path)
    if (seen?.id !== me.owner.nonce) {
      yield* saidLost(seen)
      return false
    }
    const now = new Date(yield* Clock.currentTimeMillis)
    yield* fs.utimes(me.path, now, now)
    return true
  }).pipe(Effect.orElseSucceed(() => true))

/** Removes the lock if it is still ours, under the claim on it: a claimant may just be taking it over. */
const released = (me: Claimant, saidLost: SaidLost): Effect.Effect<void, never, Needs> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const seen = yield* LockFile.read(me.path)
    if (seen?.id !== me.owner.nonce) return yield* saidLost(seen)
    // A disk without room for the claim must not keep the lock for ever.
    const outcome = yield* claimed({ ...me, own: me.path }, me.path, seen).pipe(
      Effect.catchAll(() => Effect.succeed("unclaimed" as const))
    )
    if (outcome === "unclaimed") return yield* fs.remove(me.path)
    if (outcome === "changed") return yield* released(me, saidLost)
    // Somebody who cannot tell that we live is taking it over just now.
    if (outcome instanceof LockHeld) return
    yield* Effect.ensuring(fs.remove(me.path), dropped(outcome.claim))
  }).pipe(
    Effect.catchAll((error) => warn(`the lock ${TerminalText.quote(me.path)} could not be released`, error.message))
  )
