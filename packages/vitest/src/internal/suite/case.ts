/**
 * What a case of the suite is, and how one is written.
 */
import type { ChildSpawner } from "@tether/process/ChildSpawner"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"

export type Capability = "signals" | "stops" | "groups" | "trees" | "holders" | "pipelines" | "descriptors" | "files"

export interface Case {
  readonly name: string
  readonly needs: Capability | undefined
  readonly run: Effect.Effect<void, unknown, ChildSpawner>
}

type Body<E> = Effect.Effect<unknown, E, ChildSpawner | Scope.Scope>

// Children are left, killed and cut here on purpose: the warnings would hide what matters.
const quiet = Logger.replace(Logger.defaultLogger, Logger.none)

export const make = <E>(name: string, body: Body<E>, needs?: Capability): Case => ({
  name,
  needs,
  run: Effect.scoped(body).pipe(Effect.asVoid, Effect.provide(quiet))
})

/** A case of what not every runtime can do. */
export const makeFor = <E>(needs: Capability, name: string, body: Body<E>): Case => make(name, body, needs)

/**
 * Time for what must not happen. In small parts: a loop that was kept busy wakes all sleepers of that while in one
 * turn, and who takes more than one turn to do wrong would still seem right.
 */
export const letTimePass = (time: Duration.DurationInput): Effect.Effect<void> => {
  const parts = 25
  return Effect.asVoid(Effect.repeatN(Effect.sleep(Duration.unsafeDivide(time, parts)), parts - 1))
}
