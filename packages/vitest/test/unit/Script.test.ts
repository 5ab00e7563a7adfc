import { describe, expect, it } from "@effect/vitest"
import * as Script from "@tether/vitest/Script"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"

const json = Schema.parseJson(Script.schema)
const encode = Schema.encodeSync(json)
const decode = Schema.decodeEither(json)

const all: ReadonlyArray<Script.Step> = [
  Script.stdout("text", new Uint8Array([0xff, 0])),
  Script.write("fd7", ...Script.cut("café", 4)),
  Script.wait("1 second"),
  Script.hang,
  Script.readLine(),
  Script.readLine("quit"),
  Script.readToEnd,
  Script.echo,
  Script.on("SIGHUP", Script.stdout("again\n")),
  Script.ignore("SIGTERM"),
  Script.leave(Script.hang),
  Script.leaveWith({ holds: [], escapes: true }, Script.leave()),
  Script.close("stdin"),
  Script.repeat(3, Script.stdout("x")),
  Script.forever(Script.wait(1)),
  Script.die("SIGSTOP"),
  Script.freeze,
  Script.exit(255)
]

describe("a script", () => {
  it.each([
    Script.make(...all),
    Script.withPipes(Script.make(), 0),
    Script.refuse("NotFound", "no such program", "ENOENT")
  ])("is the same when it was JSON %#", (script) => expect(Either.getOrThrow(decode(encode(script)))).toEqual(script))

  it("that waits or repeats without end is JSON too", () => {
    for (const step of [Script.wait(Number.POSITIVE_INFINITY), Script.repeat(Number.POSITIVE_INFINITY)]) {
      expect(Either.isRight(decode(encode(Script.make(step))))).toBe(true)
    }
  })

  it.each([
    `{"_tag":"Wait","milis":5}`,
    `{"_tag":"Wait","millis":-1}`,
    `{"_tag":"Repeat","time":5,"steps":[]}`,
    `{"_tag":"Exit","code":256}`,
    `{"_tag":"Die","signal":"SIGFOO"}`,
    `{"_tag":"React","signal":"SIGKILL","steps":[]}`,
    `{"_tag":"Write","stream":"fd1","chunks":[]}`,
    `{"_tag":"Write","stream":"fd-1","chunks":[]}`,
    `{"_tag":"Read","until":"end","line":"x"}`,
    `{"_tag":"Nothing"}`
  ])("does not hold what makes no sense: %s", (step) => {
    expect(Either.isLeft(decode(`{"_tag":"Running","steps":[${step}]}`))).toBe(true)
  })

  it("does not hold a word that is misspelt", () => {
    expect(Either.isLeft(decode(`{"_tag":"Running","steps":[],"pipebytes":0}`))).toBe(true)
  })

  it("is cut where it was asked for, and nowhere else", () => {
    const text = (chunks: ReadonlyArray<Uint8Array>) => chunks.map((chunk) => Buffer.from(chunk).toString("latin1"))
    expect(text(Script.cut("abcdef", 4, 2, 2, 0, 9))).toEqual(["ab", "cd", "ef"])
    expect(text(Script.bytewise("ab"))).toEqual(["a", "b"])
  })
})
