import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { useOrDefer } from "../../src/UseOrDefer.js"

describe("useOrDefer", () => {
  it.effect("defers also where the live way throws before it is an effect", () =>
    Effect.gen(function* () {
      const spool = { put: () => Effect.succeed("/spool/1.jsonl") }
      const live = (): Effect.Effect<void> => {
        throw new Error("no such way")
      }
      expect(yield* useOrDefer(live, spool)([1])).toEqual({
        _tag: "Deferred",
        path: "/spool/1.jsonl",
        because: "no such way"
      })
    })
  )
})
