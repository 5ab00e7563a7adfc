/**
 * Locks among processes that exist only for a test.
 */
import { type Before, Killed, layer as disk } from "@tether/vitest/FaultyDisk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { readFileSync } from "node:fs"
import * as FileLock from "../../src/FileLock.js"
import type { Liveness } from "../../src/ProcessIdentity.js"
import { named } from "./machine.js"

/** A world of processes: who is not said to be something else lives. */
export const world = () => {
  const fates = new Map<string, Liveness>()
  return {
    fates,
    as: (name: string, before?: Before, mixing = false) =>
      Layer.merge(
        named(name, (other) => fates.get(other) ?? "alive"),
        disk(before, mixing)
      )
  }
}

/** A lock whose owner has been killed while it held it: it does nothing any more. */
export const abandoned = (path: string, { as }: ReturnType<typeof world>, name: string) =>
  Effect.gen(function* () {
    let dead = false
    const before: Before = () => {
      if (dead) throw new Killed()
    }
    const scope = yield* Scope.make()
    yield* FileLock.tryAcquire(path, { label: "the dead" }).pipe(Scope.extend(scope), Effect.provide(as(name, before)))
    dead = true
  })

export const ownerOf = (path: string): string => JSON.parse(readFileSync(path, "utf8")).identity.startToken
