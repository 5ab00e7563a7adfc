import { describe, expect, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Lines from "../../src/Lines.js"

describe("Lines.split", () => {
  it.effect("keeps memory bounded over gigabytes without a newline", () =>
    Effect.gen(function* () {
      const block = new Uint8Array(1 << 20).fill(0x61)
      const lines = yield* Stream.repeatValue(block).pipe(
        Stream.take(2048),
        Lines.split({ maxLineBytes: 1000 }),
        Stream.runCollect
      )
      expect(Chunk.toReadonlyArray(lines)).toEqual([
        { text: "a".repeat(1000), terminated: false, truncatedBytes: 2048 * (1 << 20) - 1000 }
      ])
    })
  )
})
