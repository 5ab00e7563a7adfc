import { describe, expect, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as FileTime from "../../src/FileTime.js"
import { Identity } from "../../src/ProcessIdentity.js"
import * as RecordFields from "../../src/RecordFields.js"

const farthest = 8.64e15

describe("a field of a record on disk", () => {
  it.each<readonly [string, Schema.Schema<never>, ReadonlyArray<unknown>, ReadonlyArray<unknown>]>([
    [
      "is a time that a Date holds",
      RecordFields.Timestamp as never,
      [0, Date.now(), 1.5, farthest, -farthest],
      [farthest + 1, -farthest - 1, 1e308, -1e308, Number.NaN, Number.POSITIVE_INFINITY, "0", null, undefined]
    ],
    ["is a length of time", RecordFields.Millis as never, [0, -1, 2 * farthest], [1e308, Number.NaN, "1"]],
    [
      "is an id",
      RecordFields.Id as never,
      ["01M8MZB6JGGYEH0W3Z5NEZT3S3", "4711:88123", "pid:[4026531836]", "x".repeat(256)],
      ["", "a\x1b[2J", "a\nb", "a\x7f", "\u009b2J", "a\u202eb", "é", "x".repeat(257), 7, null]
    ],
    [
      "is a pid",
      RecordFields.Pid as never,
      [1, 4_194_304, 4_294_967_295],
      [0, -1, 1.5, 4_294_967_296, 1e308, Number.NaN, "1", null]
    ]
  ])("%s, or fails", (_, schema, good, bad) => {
    const is = Schema.is(schema)
    expect(good.filter((value) => !is(value))).toEqual([])
    expect(bad.filter((value) => is(value))).toEqual([])
    for (const time of schema === (RecordFields.Timestamp as never) ? good : [])
      expect(new Date(time as number).toISOString()).toBeTruthy()
  })

  it("names no process that cannot be", () => {
    const is = Schema.is(Identity)
    const identity = { pid: 7, startToken: "1", bootId: undefined, pidNamespace: undefined }
    expect(is(identity)).toBe(true)
    for (const bad of [
      { pid: 0 },
      { pid: 1e308 },
      { startToken: "\x1b" },
      { bootId: "a\nb" },
      { pidNamespace: "\u2028" }
    ])
      expect(is({ ...identity, ...bad })).toBe(false)
  })
})

describe("FileTime.modifiedAt", () => {
  const at = (mtime: Option.Option<Date>) => FileTime.modifiedAt({ mtime } as never)

  it("is none where the file system stores a time that no Date holds", () => {
    expect([Option.none(), Option.some(new Date(Number.NaN)), Option.some(new Date(1e17))].map(at)).toEqual([
      Option.none(),
      Option.none(),
      Option.none()
    ])
    expect(at(Option.some(new Date(5)))).toEqual(Option.some(5))
  })
})
