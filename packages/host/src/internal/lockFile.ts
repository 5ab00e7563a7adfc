/**
 * The file of a lock: who its owner is, and when it last showed itself.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { FileError } from "../FileError.js"
import * as FileTime from "../FileTime.js"
import type { LockOwner } from "../LockHeld.js"
import * as RecordFields from "../RecordFields.js"
import { doing, isNotFound, refused } from "./fileErrors.js"
import { hash } from "./hash.js"
import { isOwn, ownerProblem } from "./ownership.js"
import { ownUid } from "./runtime.js"
import { writeNew } from "./writing.js"

/**
 * What a lock's file holds: one that can be told from every other by `id`. `owner` is missing if the file is none of
 * ours; then its content, inode and time are its id.
 */
export interface Seen {
  readonly id: string
  readonly owner: LockOwner | undefined
  readonly refreshedAt: number
}

// `null` and not `undefined`, which JSON leaves out.
const Stored = Schema.parseJson(
  Schema.Struct({
    pid: RecordFields.Pid,
    identity: Schema.NullOr(
      Schema.Struct({
        pid: RecordFields.Pid,
        startToken: RecordFields.Id,
        bootId: Schema.NullOr(RecordFields.Id),
        pidNamespace: Schema.NullOr(RecordFields.Id)
      })
    ),
    label: Schema.String,
    nonce: RecordFields.Id,
    since: RecordFields.Timestamp
  })
)

const encode = Schema.encodeSync(Stored)
const decode = Schema.decodeUnknownOption(Stored)

const toStored = (owner: LockOwner): typeof Stored.Type => ({
  ...owner,
  identity:
    owner.identity === undefined
      ? null
      : {
          ...owner.identity,
          bootId: owner.identity.bootId ?? null,
          pidNamespace: owner.identity.pidNamespace ?? null
        }
})

const fromStored = (stored: typeof Stored.Type): LockOwner => ({
  ...stored,
  identity:
    stored.identity === null
      ? undefined
      : {
          ...stored.identity,
          bootId: stored.identity.bootId ?? undefined,
          pidNamespace: stored.identity.pidNamespace ?? undefined
        }
})

/** What is at this path, or `undefined` if nothing is. */
export const read = (path: string): Effect.Effect<Seen | undefined, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const info = yield* fs.stat(path)
    // A pipe would be waited for.
    if (info.type !== "File") return yield* refused("read the lock", path, "Invalid", "it is no regular file")
    // Another user could hold it for ever, in the name of any process.
    const made = { uid: Option.getOrElse(info.uid, () => -1) }
    const uid = ownUid()
    if (uid !== undefined && !isOwn(made, { uid }))
      return yield* refused("read the lock", path, "NotPrivate", ownerProblem(made))
    const text = yield* fs.readFileString(path)
    const refreshedAt = Option.getOrElse(FileTime.modifiedAt(info), () => 0)
    const owner = Option.getOrUndefined(Option.map(decode(text), fromStored))
    if (owner !== undefined) return { id: owner.nonce, owner, refreshedAt }
    return {
      id: hash(`${text}\0${Option.getOrElse(info.ino, () => 0)}\0${refreshedAt}`),
      owner: undefined,
      refreshedAt
    }
  }).pipe(
    Effect.catchIf(isNotFound, () => Effect.succeed(undefined)),
    doing("read the lock", path)
  )

/** Writes a whole lock file of this owner that nobody looks at yet. */
export const write = (
  path: string,
  owner: LockOwner,
  now: number
): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    // Without the sync, a lock that was held in a power cut may come back empty, and then its owner is unknown.
    yield* writeNew(fs, path, encoder.encode(`${encode(toStored(owner))}\n`), { mode: 0o644, fsync: true })
    yield* fs.utimes(path, new Date(now), new Date(now))
  }).pipe(doing("write the lock", path))

const encoder = new TextEncoder()
