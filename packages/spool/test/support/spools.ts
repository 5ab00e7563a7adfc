import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
/**
 * Spools for tests, and handlers that remember.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as WaitUntil from "@tether/vitest/WaitUntil"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Answer from "../../src/Answer.js"
import * as Spool from "../../src/Spool.js"

export const host = Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer)

export const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-spool-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

export const Task = Schema.Struct({ n: Schema.Int, note: Schema.optional(Schema.String) })

export type Task = typeof Task.Type

export const make = (directory: string, options: Partial<Spool.Options<Task, typeof Task.Encoded>> = {}) =>
  Spool.make({ directory, schema: Task, fsync: false, keyOf: ({ n }) => String(n), ...options })

/** Takes what it has not seen, and knows the rest by its key. `fails` says which records it does not take. */
export class Taker {
  readonly taken: Array<number> = []
  readonly seen = new Set<string>()
  fails: (n: number) => boolean = () => false

  readonly handle: Spool.Handler<Task> = ({ key, record: { n } }) =>
    Effect.sync(() => {
      if (this.fails(n)) return Answer.failed(`not ${n}`)
      if (this.seen.has(key)) return Answer.known
      this.seen.add(key)
      this.taken.push(n)
      return Answer.done
    })
}

/** The files below a directory, by their paths in it; those of drainers that are at work are called `claimed`. */
export const filesIn = (directory: string): ReadonlyArray<string> =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .toSorted()

export const quiet = Logger.replace(Logger.defaultLogger, Logger.none)

export const logged = () => {
  const messages: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => {
    messages.push(`${logLevel.label} ${(Array.isArray(message) ? message : [message]).map(String).join(" ")}`)
  })
  return { layer: Logger.replace(Logger.defaultLogger, logger), messages }
}

export const numbers = (count: number, from = 1): ReadonlyArray<Task> =>
  Array.from({ length: count }, (_, index) => ({ n: from + index }))

/** The file system with some operations of our own. */
export const changed = (change: (real: FileSystem.FileSystem) => Partial<FileSystem.FileSystem>) =>
  Effect.updateService(FileSystem.FileSystem, (real) => ({ ...real, ...change(real) }))

/** The deadline is for what hangs: a busy machine meets it. */
export const waitUntil = (isSo: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.asVoid(WaitUntil.waitUntil(isSo, "1 minute"))
