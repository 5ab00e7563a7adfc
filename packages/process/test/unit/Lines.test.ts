import { describe, expect, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Stream from "effect/Stream"
import * as Lines from "../../src/Lines.js"

const bytesOf = (text: string) => new TextEncoder().encode(text)

const split = (chunks: ReadonlyArray<Uint8Array>, options?: Lines.Options) =>
  Stream.fromIterable(chunks).pipe(Lines.split(options), Stream.runCollect, Effect.map(Chunk.toReadonlyArray))

const texts = (text: string, options?: Lines.Options) =>
  Effect.map(split([bytesOf(text)], options), (lines) => lines.map((line) => line.text))

/** Cuts bytes at the given places, wherever these fall. */
const cutAt = (bytes: Uint8Array, cuts: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  const edges = [0, ...places, bytes.length]
  return edges.slice(1).map((edge, index) => bytes.slice(edges[index], edge))
}

/** What splitting means, said once more in the slowest and plainest way. */
const plainly = (bytes: Uint8Array, max: number, policy: "keep" | "split"): ReadonlyArray<Lines.Line> => {
  const lines: Array<Lines.Line> = []
  let current: Array<number> = []
  const finish = (terminated: boolean) => {
    if (terminated && policy === "keep" && current.at(-1) === 0x0d) current.pop()
    let kept = Uint8Array.from(current.slice(0, max))
    if (current.length > max) kept = kept.slice(0, wholeCharacters(kept))
    lines.push({
      text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(kept),
      terminated,
      truncatedBytes: current.length - kept.length
    })
    current = []
  }
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number
    if (byte === 0x0a) finish(true)
    else if (byte === 0x0d && policy === "split") {
      finish(true)
      if (bytes[i + 1] === 0x0a) i++
    } else current.push(byte)
  }
  if (current.length > 0) finish(false)
  return lines
}

const wholeCharacters = (bytes: Uint8Array): number => {
  for (let length = bytes.length; length > Math.max(0, bytes.length - 4); length--) {
    const byte = bytes[length - 1] as number
    if ((byte & 0xc0) === 0x80) continue
    const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return bytes.length - (length - 1) < needs ? length - 1 : bytes.length
  }
  return bytes.length
}

describe("Lines.split", () => {
  it.effect.each<[string, string, ReadonlyArray<string>]>([
    ["nothing", "", []],
    ["one line", "a\n", ["a"]],
    ["a last line without newline", "a\nb", ["a", "b"]],
    ["only newlines", "\n\n\n", ["", "", ""]],
    ["CRLF", "a\r\nb\r\n", ["a", "b"]],
    ["one trailing CR and no more", "a\r\r\n", ["a\r"]],
    ["a CR inside", "10%\r20%\n", ["10%\r20%"]],
    ["a CR at the end of input", "a\r", ["a\r"]],
    ["U+2028, U+2029 and U+0085", "a\u2028b\u2029c\u0085d\n", ["a\u2028b\u2029c\u0085d"]],
    ["NUL", "a\0b\n", ["a\0b"]],
    ["a byte order mark", "\ufeffa\nb\n", ["\ufeffa", "b"]],
    ["a vertical tab and a form feed", "a\vb\fc\n", ["a\vb\fc"]]
  ])("frames %s", ([, input, expected]) => Effect.map(texts(input), (lines) => expect(lines).toEqual(expected)))

  it.effect("replaces lone continuation bytes and overlong forms, and nothing else", () =>
    Effect.gen(function* () {
      const lines = yield* split([Uint8Array.from([0x80, 0x61, 0x0a, 0xc0, 0x80, 0x0a, 0x62])])
      expect(lines.map((line) => line.text)).toEqual(["\ufffda", "\ufffd\ufffd", "b"])
    })
  )

  it.effect("ends lines at a CR too when asked, and counts CRLF once", () =>
    Effect.gen(function* () {
      expect(yield* texts("10%\r20%\r\ndone\n", { carriageReturn: "split" })).toEqual(["10%", "20%", "done"])
    })
  )

  it.effect("marks the last line that had no newline", () =>
    Effect.gen(function* () {
      const lines = yield* split([bytesOf("a\nb")])
      expect(lines.map((line) => line.terminated)).toEqual([true, false])
    })
  )

  it.effect("truncates a line over the limit, says by how much, and goes on", () =>
    Effect.gen(function* () {
      const lines = yield* split([bytesOf(`${"x".repeat(25)}\nshort\n`)], { maxLineBytes: 10 })
      expect(lines).toEqual([
        { text: "x".repeat(10), terminated: true, truncatedBytes: 15 },
        { text: "short", terminated: true, truncatedBytes: 0 }
      ])
    })
  )

  it.effect("does not count the CR of a line that fits exactly", () =>
    Effect.gen(function* () {
      const lines = yield* split([bytesOf("0123456789\r\n")], { maxLineBytes: 10 })
      expect(lines).toEqual([{ text: "0123456789", terminated: true, truncatedBytes: 0 }])
    })
  )

  // Every hard case of bytes, as pieces that are put together at random.
  const piece = fc.oneof(
    fc
      .constantFrom(
        "\n",
        "\r\n",
        "\r",
        "",
        "a",
        "ä",
        "€",
        "🙂",
        "\u2028",
        "\u2029",
        "\u0085",
        "\0",
        "\ufeff",
        "\x1b[31m",
        "line of some length",
        "x".repeat(300)
      )
      .map(bytesOf),
    fc.uint8Array({ minLength: 1, maxLength: 6 })
  )
  const bytes = fc.array(piece, { maxLength: 60 }).map((pieces) => Uint8Array.from(pieces.flatMap((each) => [...each])))
  const cuts = fc.array(fc.nat(20_000), { maxLength: 30 })

  it.prop(
    "gives the same lines whatever the cuts, the limit and the policy",
    [bytes, cuts, fc.constantFrom(1, 3, 7, 64, 1 << 20), fc.constantFrom<"keep" | "split">("keep", "split")],
    ([input, places, maxLineBytes, carriageReturn]) => {
      // A runtime for each of the runs, as it.effect.prop has it, would take longer than all of them.
      const lines = Effect.runSync(split(cutAt(input, places), { maxLineBytes, carriageReturn }))
      expect(lines).toEqual(plainly(input, maxLineBytes, carriageReturn))
    },
    { fastCheck: { numRuns: 500 } }
  )

  it.effect("splits UTF-8 right at every offset", () =>
    Effect.gen(function* () {
      const input = bytesOf("ä€🙂\u2028\r\nß\n")
      for (let cut = 0; cut <= input.length; cut++) {
        const lines = yield* split([input.slice(0, cut), input.slice(cut)])
        expect(lines.map((line) => line.text)).toEqual(["ä€🙂\u2028", "ß"])
      }
    })
  )

  it.effect("passes a failure of the source on, after the lines before it", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const exit = yield* Stream.make(bytesOf("a\nb")).pipe(
        Stream.concat(Stream.fail("broken")),
        Lines.split(),
        Stream.runForEach((line) => Effect.sync(() => seen.push(line.text))),
        Effect.flip
      )
      expect(exit).toBe("broken")
      expect(seen).toEqual(["a"])
    })
  )
})
