/**
 * Output as one value, and words for a shell.
 */
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import type { OutputTooLarge } from "@tether/process/OutputTooLarge"
import type { ProcessFailed } from "@tether/process/ProcessFailed"
import * as Shell from "@tether/process/Shell"
import * as Supervise from "@tether/process/Supervise"
import * as Fixture from "@tether/vitest/Fixture"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Logger from "effect/Logger"
import { spawnSync } from "node:child_process"
import * as NodeChildSpawner from "../../src/NodeChildSpawner.js"
import { marked } from "../support/os.js"

const sh = (script: string) => Command.make("sh", "-c", script)
const layer = NodeChildSpawner.layer
const string = (command: Command.Command, options?: Supervise.CollectOptions) =>
  Effect.provide(Supervise.string(command, options), layer)
/** As a word is once it was UTF-8: half of a surrogate pair is U+FFFD. */
const wellFormed = (word: string): string =>
  new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(word))
const lines = (command: Command.Command, options?: Supervise.CollectOptions) =>
  Effect.provide(Supervise.lines(command, options), layer)

describe("string", () => {
  it.live("is all of stdout, as it is", () =>
    Effect.map(string(sh("printf 'a\\r\\n\\n'; echo no >&2")), (text) => expect(text).toBe("a\r\n\n"))
  )
  it.live("is empty where there is nothing", () =>
    Effect.map(string(Command.make("true")), (text) => expect(text).toBe(""))
  )
  it.live("is decoded right wherever a read ends", () =>
    Effect.map(string(Fixture.command("prints-utf8-split")), (text) => expect(text).toBe("é漢🦀\n"))
  )
  it.live("keeps a byte order mark, and shows what is no text", () =>
    Effect.map(string(sh(`printf '\\357\\273\\277a\\377'`)), (text) => expect(text).toBe("\uFEFFa\uFFFD"))
  )
  it.live("fails on a bad status, with both tails", () =>
    Effect.map(Effect.flip(string(sh("echo out; echo err >&2; exit 3"))), (error) =>
      expect([error._tag, (error as ProcessFailed).stdout, (error as ProcessFailed).stderr]).toEqual([
        "ProcessFailed",
        "out\n",
        "err\n"
      ])
    )
  )
  it.live("takes as much as the limit, and not a byte more", () => {
    const mark = `limit-${process.pid}`
    return Effect.gen(function* () {
      expect(yield* string(sh("printf 12345"), { limit: 5 })).toBe("12345")
      const error = yield* Effect.flip(
        string(sh("printf 'ab\\303\\251'; sleep 300"), { limit: 3, env: { TEST_MARK: mark }, label: "much" })
      )
      expect([error._tag, (error as OutputTooLarge).kept, (error as OutputTooLarge).limit]).toEqual([
        "OutputTooLarge",
        "ab",
        3
      ])
      expect(error.message).toBe(
        `"much" wrote more than 3 bytes, and was stopped. If it may, give it more: option "limit".`
      )
      expect(marked(mark)).toEqual([])
      const flood = yield* Effect.flip(string(Fixture.command("floods-stdout"), { limit: 1_000_000 }))
      expect((flood as OutputTooLarge).kept).toHaveLength(1_000_000)
    })
  })
  it.live.each([-1, 1.5, Number.NaN])("refuses a limit of %f before anything starts", (limit) =>
    Effect.map(Effect.flip(string(Command.make("true"), { limit })), (error) =>
      expect([error._tag, error.message]).toEqual([
        "SpawnError",
        expect.stringContaining("limit must be a whole number of bytes")
      ])
    )
  )

  it.live("has a limit where none is given", () =>
    Effect.map(Effect.flip(string(Fixture.command("floods-stdout"))), (error) =>
      expect((error as OutputTooLarge).limit).toBe(16 * 1024 * 1024)
    )
  )
  it.live("is cut where a daemon holds it open, and fails then only with whole", () =>
    Effect.gen(function* () {
      const daemon = sh("sleep 300 & echo ok")
      const quiet = Logger.replace(Logger.defaultLogger, Logger.none)
      const options = { drainGrace: "100 millis" } as const
      expect(yield* Effect.provide(string(daemon, options), quiet)).toBe("ok\n")
      const error = yield* Effect.flip(string(daemon, { ...options, whole: true })).pipe(Effect.provide(quiet))
      expect(error).toMatchObject({ _tag: "IncompleteOutputError", reason: "Cut", kept: "ok\n" })
      expect(yield* string(sh("sleep 300 >/dev/null & echo ok"), { whole: true }).pipe(Effect.provide(quiet))).toBe(
        "ok\n"
      )
    })
  )
  it.live("reads the streams beside it too", () =>
    Effect.map(
      string(sh("head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero >&3; echo done"), {
        stderr: "bytes",
        fds: { 3: "bytes" }
      }),
      (text) => expect(text).toBe("done\n")
    )
  )
})

describe("lines", () => {
  it.live("end at newlines only", () =>
    Effect.map(lines(sh(`printf 'a\\rb\\r\\nc\\342\\200\\250d\\n\\ne'`)), (all) =>
      expect(all).toEqual(["a\rb", "c\u2028d", "", "e"])
    )
  )
  it.live("are none where there are none", () =>
    Effect.map(lines(Command.make("true")), (all) => expect(all).toEqual([]))
  )
  it.live("end where the options say", () =>
    Effect.map(lines(sh(`printf '1%%\\r2%%\\r\\nxxx\\n'`), { carriageReturn: "split", maxLineBytes: 3 }), (all) =>
      expect(all).toEqual(["1%", "2%", "xxx"])
    )
  )
  it.live("longer than maxLineBytes are a failure", () =>
    Effect.map(Effect.flip(lines(sh("echo xxxxxx"), { maxLineBytes: 3 })), (error) =>
      expect(error).toMatchObject({ _tag: "IncompleteOutputError", reason: "LongLine", missing: 3, kept: "xxx" })
    )
  )
  it.live("may be of any length up to the limit", () =>
    Effect.map(lines(sh("head -c 1500000 /dev/zero | tr '\\0' x")), (all) =>
      expect(all.map((line) => line.length)).toEqual([1_500_000])
    )
  )
  it.live("have a limit in bytes", () =>
    Effect.map(Effect.flip(lines(Command.make("seq", "1", "1000"), { limit: 10 })), (error) =>
      expect((error as OutputTooLarge).kept).toBe("1\n2\n3\n4\n5\n")
    )
  )
  it.live("are read in linear time", () =>
    Effect.map(lines(Command.make("seq", "1", "1000000")), (all) =>
      expect([all.length, all.at(-1)]).toEqual([1_000_000, "1000000"])
    )
  )
})

describe("a shell", () => {
  it.live("does not run what stands in an argument", () =>
    Effect.gen(function* () {
      const hostile = ["$(echo run)", "`echo run`", "a'b", "$HOME", "; echo run", "*", "", "a\nb", "\\"]
      const printed = yield* string(Command.make("printf '<%s>'", ...hostile).pipe(Command.runInShell(true)))
      expect(printed).toBe(hostile.map((word) => `<${word}>`).join(""))
    })
  )

  it.live("gets a word back as it was, whatever is in it", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "")),
            { minLength: 1, maxLength: 5 }
          ),
          (words) =>
            Effect.runPromise(
              Effect.map(
                string(sh(Shell.quote`printf '%s\n' ${words}`)),
                (text) => text === words.map((word) => `${wellFormed(word)}\n`).join("")
              )
            )
        ),
        { numRuns: 40 }
      )
    )
  )

  const noBash = spawnSync("bash", ["-c", "true"]).error !== undefined
  if (noBash) console.warn("skipped: what bash reads of a command line that is shown, because there is no bash")

  it.live.skipIf(noBash)("a command line that is shown is read by bash as the words that it was made of", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.oneof(
              fc.string({ unit: "binary", maxLength: 12 }).filter((word) => !word.includes("\0")),
              fc.string({
                unit: fc.constantFrom(..."a='\"\\$`!~#*?[]{}()<>|&; \n\r\t\x1b\x7f\x9b-\u{e9}"),
                maxLength: 12
              })
            ),
            { minLength: 1, maxLength: 8 }
          ),
          (words) => {
            const line = Shell.commandLine(["printf", "%s\\0", ...words])
            expect(line).not.toMatch(/[\0-\x1f\x7f-\x9f]/)
            return Effect.runPromise(
              Effect.map(string(Command.make("bash", "-c", line)), (text) => {
                expect(text.split("\0")).toEqual([...words.map(wellFormed), ""])
              })
            )
          }
        ),
        { numRuns: 60 }
      )
    )
  )

  it("words are quoted one by one, in a template or alone", () => {
    expect(Shell.quote("it's")).toBe(`'it'\\''s'`)
    expect(Shell.quote`cp -- ${["a b", "c"]} ${3} ${"$x"}`).toBe("cp -- 'a b' 'c' '3' '$x'")
    expect(Shell.quote`sed 's/\(a*\)b/\1c/' ${"f"}`).toBe(String.raw`sed 's/\(a*\)b/\1c/' 'f'`)
  })
})
