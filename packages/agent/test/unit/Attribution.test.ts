/**
 * Whose a result is, from what an agent says of it.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Ended } from "../../src/AgentAdapter.js"
import { Attribution } from "../../src/internal/attribution.js"

const ended = (more: Partial<Ended> = {}): Ended => ({
  _tag: "Ended",
  result: { subtype: "success", isError: false, text: "done" },
  ...more
})
const begun = (...promptIds: ReadonlyArray<string>) =>
  ({ _tag: "Begun", promptIds: promptIds.length === 0 ? undefined : promptIds }) as const
const own = ended({ isOwn: true })
const named = (...promptIds: ReadonlyArray<string>) => ended({ promptIds })

const isQuiet = (attribution: Attribution) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(attribution.quiet.await)
    yield* Effect.yieldNow()
    return fiber.unsafePoll() !== null
  })

/** Has asked and been answered once. */
const after = (result: Ended) => {
  const attribution = new Attribution()
  attribution.ask("1")
  attribution.begun(begun("1"))
  attribution.verdict(result)
  attribution.answered()
  return attribution
}

describe("a result", () => {
  it("that names the prompt is certain, whatever else was said or not", () => {
    const attribution = after(named("1"))
    attribution.ask("2")
    expect(attribution.verdict(own)).toBe("no")
    expect(attribution.verdict(named("1"))).toBe("no")
    expect(attribution.verdict(named("1", "2"))).toBe("certain")
  })

  it("with the origin of a background task is not the answer, even after the prompt was replayed", () => {
    for (const first of [ended(), named("1")]) {
      const attribution = after(first)
      attribution.ask("2")
      attribution.begun(begun("2"))
      expect(attribution.verdict(own)).toBe("no")
    }
  })

  it("without names is doubtful where results have names, and certain where the agent has taken the prompt", () => {
    const naming = after(named("1"))
    naming.ask("2")
    expect(naming.verdict(ended())).toBe("doubtful")
    const other = after(ended())
    other.ask("2")
    expect(other.verdict(ended())).toBe("likely")
    other.begun(begun("2"))
    expect(other.verdict(ended())).toBe("certain")
  })

  it("of what the agent had begun before is awaited first, unless it takes the prompt into that", () => {
    const attribution = after(ended())
    attribution.begun(begun())
    attribution.ask("2")
    expect(attribution.verdict(ended())).toBe("no")
    expect(attribution.verdict(ended())).toBe("likely")
    attribution.answered()
    attribution.begun(begun())
    attribution.ask("3")
    attribution.begun(begun("3"))
    expect(attribution.verdict(ended())).toBe("certain")
  })

  it.effect("is not owed by what has only spoken, once it was waited for", () =>
    Effect.gen(function* () {
      const attribution = after(ended())
      expect(yield* isQuiet(attribution)).toBe(true)
      attribution.spoke()
      expect(yield* isQuiet(attribution)).toBe(false)
      attribution.waitedFor()
      expect(yield* isQuiet(attribution)).toBe(true)
      attribution.ask("2")
      expect(attribution.verdict(ended())).toBe("likely")
      attribution.begun(begun())
      attribution.waitedFor()
      attribution.ask("3")
      expect(attribution.verdict(ended())).toBe("no")
    })
  )
})
