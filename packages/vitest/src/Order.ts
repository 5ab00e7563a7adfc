/**
 * An assertion about the order of events.
 */
import * as Equal from "effect/Equal"
import { inspect } from "node:util"
import { expect } from "vitest"

/**
 * What an event is expected to be: equal to a value, in which matchers such as `expect.any(Number)` may stand; a text
 * that holds this text; a text that this pattern finds; or one for which this answers with true.
 *
 * @example
 * ```ts
 * import type { Expected } from "@tether/vitest/Order"
 *
 * const stopped: Expected<string> = /^stopped with code \d+$/
 * ```
 */
export type Expected<A> = A | string | RegExp | ((event: A) => boolean)

/**
 * Throws unless the expected events occur in this order. Others may come before, between and after them. The error says
 * which one is missing or comes too early, and lists all events with their numbers.
 *
 * @example
 * ```ts
 * import { expectOrder } from "@tether/vitest/Order"
 *
 * const log = ["spawned server", "spawned worker", "sent SIGTERM to server", "server ended"]
 * expectOrder(log, ["spawned server", /SIGTERM/, (line) => line.endsWith("ended")])
 * ```
 */
export const expectOrder = <A>(events: Iterable<A>, expected: ReadonlyArray<Expected<NoInfer<A>>>): void => {
  const all = [...events]
  const found: Array<number> = []
  for (const each of expected) {
    const from = (found.at(-1) ?? -1) + 1
    const at = all.findIndex((event, index) => index >= from && matches(event, each))
    if (at === -1) throw failure(all, expected, found)
    found.push(at)
  }
}

const matches = <A>(event: A, expected: Expected<A>): boolean => {
  if (typeof expected === "function") return (expected as (event: A) => boolean)(event)
  if (typeof event === "string" && typeof expected === "string") return event.includes(expected)
  if (typeof event === "string" && expected instanceof RegExp) return event.search(expected) !== -1
  // Vitest's own equality, with its matchers, which it hands out in this shape only.
  const equal = expect.arrayContaining([expected as unknown]) as {
    readonly asymmetricMatch: (other: unknown) => boolean
  }
  return Equal.equals(event, expected) || equal.asymmetricMatch([event])
}

const failure = <A>(
  events: ReadonlyArray<A>,
  expected: ReadonlyArray<Expected<A>>,
  found: ReadonlyArray<number>
): Error => {
  const wanted = expected[found.length] as Expected<A>
  const last = found.at(-1)
  const early = events.findIndex((event, index) => !found.includes(index) && matches(event, wanted))
  const name = `expected event ${found.length + 1} of ${expected.length}, ${shown(wanted)},`
  const problem =
    last === undefined || early === -1
      ? `${name} is missing${last === undefined ? "" : ` after ${last + 1}`}`
      : `${name} comes too early: it is ${early + 1}, before ${last + 1}, which is ${shown(expected[found.length - 1])}`
  const lines = events.map((event, index) => `${found.includes(index) ? "✓" : " "} ${index + 1}. ${shown(event)}`)
  const error = new Error([problem, ...(lines.length === 0 ? ["there are no events"] : lines)].join("\n  "))
  Error.captureStackTrace(error, expectOrder)
  return error
}

const shown = (value: unknown): string => {
  if (typeof value === "string") return value
  if (typeof value === "function") return value.name === "" ? value.toString() : value.name
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY })
}
