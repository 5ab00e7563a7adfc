/**
 * Which drainer is at which file. A drainer has a directory of its own, which a lock beside it keeps; a file is claimed
 * by a rename into it, of which one succeeds. Who finds the lock of a drainer that is gone takes the lock, and puts the
 * files back.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as FileLock from "@tether/host/FileLock"
import type { LockHeld } from "@tether/host/LockHeld"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as SortableId from "@tether/host/SortableId"
import * as TerminalText from "@tether/host/TerminalText"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { namesIn, removeEmpty } from "./directory.js"
import { move } from "./moving.js"
import { claimsDirectory, deadDirectory } from "./names.js"

/** The files that one drainer is at. */
export interface Claims {
  /** Takes a file. False if somebody else was first. */
  readonly take: (name: string) => Effect.Effect<boolean, FileError | LockHeld>
  readonly pathOf: (name: string) => string
  /** It is to be drained again, by anyone. */
  readonly giveBack: (name: string) => Effect.Effect<void, FileError>
  readonly bury: (name: string) => Effect.Effect<void, FileError>
  readonly remove: (name: string) => Effect.Effect<void, FileError>
}

type Needs = FileSystem.FileSystem | ProcessIdentity

/** Claims that are given back when the scope closes. */
export const makeClaims = (directory: string): Effect.Effect<Claims, FileError | LockHeld, Needs | Scope.Scope> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const own = `${directory}/${claimsDirectory}/${SortableId.make()(yield* Clock.currentTimeMillis)}`
    const scope = yield* Effect.scope
    const context = yield* Effect.context<Needs>()
    let isLocked = false
    /**
     * On a full disk there is no room for a lock, and what is drained is what makes room. Without a lock others may put
     * back what we are at as soon as they have room for theirs: it is handed over twice then, under the same keys.
     */
    const lock = Effect.suspend(() =>
      isLocked ? Effect.void : FileLock.acquire(lockOf(own), { label: "spool drainer" })
    ).pipe(
      Effect.tap(() => {
        isLocked = true
      }),
      Effect.catchIf(
        (error) => error._tag === "FileError" && error.reason === "NoSpace",
        () => Effect.void
      ),
      Effect.provideService(Scope.Scope, scope),
      Effect.provide(context)
    )
    // Before the directory: one without a lock belongs to nobody.
    yield* lock
    if (!isLocked)
      yield* Effect.logWarning(`no space is left for a lock: ${TerminalText.quote(directory)} is drained without one`)
    yield* Effect.acquireRelease(
      // The mode is set, since the umask may leave nothing of the one that is asked for.
      FileAttempt.attempt(
        "make the directory",
        own
      )(Effect.zipRight(fs.makeDirectory(own, { mode: 0o700 }), fs.chmod(own, 0o700))),
      () => Effect.catchAll(vacate(directory, own), (error) => Effect.logWarning(error.message))
    ).pipe(Effect.provideService(FileSystem.FileSystem, fs))
    const pathOf = (name: string) => `${own}/${name}`
    const moveTo = (action: string, name: string, to: string) =>
      Effect.uninterruptible(
        Effect.provideService(move(action, directory, pathOf(name), to, name), FileSystem.FileSystem, fs)
      )
    // The system ends what it has begun: who is interrupted must know where the file is before the claims are given
    // back.
    return {
      take: (name) =>
        fs.rename(`${directory}/${name}`, pathOf(name)).pipe(
          Effect.as(true),
          Effect.catchIf(FileAttempt.isNotFound, () => Effect.succeed(false)),
          FileAttempt.attempt("claim", `${directory}/${name}`),
          Effect.tap((isOurs) =>
            !isOurs && name.includes(illegible)
              ? Effect.fail(FileAttempt.refused("claim", `${directory}/${name}`, "Invalid", "its name is no UTF-8"))
              : Effect.void
          ),
          Effect.uninterruptible,
          (claim) => Effect.zipRight(lock, claim)
        ),
      pathOf,
      giveBack: (name) => moveTo("give back", name, directory),
      bury: (name) => moveTo("bury", name, `${directory}/${deadDirectory}`),
      remove: (name) => Effect.uninterruptible(FileAttempt.attempt("remove", pathOf(name))(fs.remove(pathOf(name))))
    }
  })

const lockOf = (claims: string): string => `${claims}.lock`

/** What a name has in place of what is no UTF-8. A file of such a name cannot be asked for. */
export const illegible = "\u{fffd}"

/** Takes the lock of another drainer, if that is gone. */
export const tryLock = (
  directory: string,
  id: string
): Effect.Effect<void, FileError | LockHeld, Needs | Scope.Scope> =>
  FileLock.tryAcquire(lockOf(`${directory}/${claimsDirectory}/${id}`), { label: "spool drainer" })

/** Something may come into a directory while it is emptied, but not without an end. */
const mostRounds = 10

/** Puts back what is in a directory of claims, and removes it once nothing is. What cannot be put back stays in it. */
const vacate = (directory: string, claims: string): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.uninterruptible(
    Effect.gen(function* () {
      for (let round = 0; round < mostRounds; round++) {
        yield* Effect.validateAll(
          yield* namesIn(claims),
          (name) => move("give back", directory, `${claims}/${name}`, directory, name),
          {
            discard: true
          }
        ).pipe(Effect.mapError(([first]) => first))
        if (yield* removeEmpty(claims)) return
      }
    })
  )

/** Puts back what drainers had that are gone. Of whom nothing can be told keeps what it has. */
export const takeOver = (directory: string): Effect.Effect<void, FileError, Needs> =>
  Effect.flatMap(
    Effect.zipRight(sweep(directory), claimants(directory)),
    Effect.forEach(
      (id) => {
        const claims = `${directory}/${claimsDirectory}/${id}`
        return tryLock(directory, id).pipe(
          Effect.zipRight(vacate(directory, claims)),
          Effect.scoped,
          Effect.catchTag("LockHeld", () => Effect.void),
          // What one drainer has left in disorder is no reason to drain nothing.
          Effect.catchTag("FileError", (error) => Effect.logWarning(error.message))
        )
      },
      { discard: true }
    )
  )

/** The drainers that have claims, or had. */
export const claimants = (directory: string): Effect.Effect<ReadonlyArray<string>, FileError, FileSystem.FileSystem> =>
  Effect.map(namesIn(`${directory}/${claimsDirectory}`), (names) => [
    ...new Set(names.flatMap((name) => /^([0-9A-Z]{26})(?:\.lock)?$/.exec(name)?.[1] ?? []))
  ])

/**
 * Removes what drainers have left that were killed while they took their lock: one that lives has it within a minute.
 */
const sweep = (directory: string): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const aMinuteAgo = SortableId.make()(Math.max(0, (yield* Clock.currentTimeMillis) - 60_000))
    const names = yield* namesIn(`${directory}/${claimsDirectory}`)
    const left = names.filter((name) => /^[0-9A-Z]{26}\.lock\./.test(name) && name < aMinuteAgo)
    yield* Effect.forEach(left, (name) => Effect.ignore(fs.remove(`${directory}/${claimsDirectory}/${name}`)), {
      discard: true
    })
  })

/** The files that are claimed, by whom. */
export const claimed = (
  directory: string
): Effect.Effect<
  ReadonlyArray<{ readonly claimant: string; readonly file: string }>,
  FileError,
  FileSystem.FileSystem
> =>
  Effect.flatMap(claimants(directory), (ids) =>
    Effect.map(
      Effect.forEach(ids, (id) =>
        Effect.map(namesIn(`${directory}/${claimsDirectory}/${id}`), (files) =>
          files.map((file) => ({ claimant: id, file }))
        )
      ),
      (all) => all.flat()
    )
  )
