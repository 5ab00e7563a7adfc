import { describe, expect, it } from "@effect/vitest"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import { Exited, Signaled } from "@tether/process/ExitStatus"
import * as Supervise from "@tether/process/Supervise"
import * as Fixture from "@tether/vitest/Fixture"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"

const run = (name: Fixture.Name, ...args: ReadonlyArray<string>) =>
  Effect.provide(Supervise.run(Fixture.command(name, ...args), { check: false }), NodeChildSpawner.layer)

/** The comment below the first line, which names the interpreter. */
const headerOf = (source: string): string => {
  const [, ...lines] = source.split("\n")
  const end = lines.findIndex((line) => !/^(#|\/\/) /.test(line))
  return lines
    .slice(0, end)
    .map((line) => line.replace(/^(#|\/\/) /, ""))
    .join(" ")
}

describe("fixtures", () => {
  it("are all in the table, and say what they do in the comment at their top", () => {
    const table = readFileSync(Fixture.path("README.md"), "utf8")
    const rows = [...table.matchAll(/^\| `([a-z0-9-]+)` \| (.*) \|$/gm)].map(([, name, text]) => [
      name,
      (text ?? "").replaceAll("`", "")
    ])
    const files = readdirSync(Fixture.path("")).filter((file) => /\.(sh|mjs)$/.test(file))
    const said = files.map((file) => [file.replace(/\.\w+$/, ""), headerOf(readFileSync(Fixture.path(file), "utf8"))])
    expect(rows.toSorted()).toEqual(said.toSorted())
  })

  it.live("do what they say", () =>
    Effect.gen(function* () {
      expect(yield* run("fails-with-stderr", "7")).toMatchObject({
        status: Exited(7),
        stderr: { tail: "first\nlast words\n" }
      })
      expect(yield* run("dies-by-signal", "ABRT")).toMatchObject({ status: Signaled("SIGABRT") })
      expect((yield* run("prints-utf8-split")).stdout.tail).toBe("é漢🦀\n")
      expect((yield* run("prints-crlf-split")).stdout).toMatchObject({ tail: "one\r\ntwo\r\n", lines: 2 })
      expect((yield* run("prints-no-newline")).stdout).toMatchObject({ tail: "one\ntwo", lines: 2 })
      expect(yield* run("leaves-group-member", "2")).toMatchObject({ status: Exited(2), leftovers: [{}] })
      expect((yield* run("prints-lines", "5")).stdout.lines).toBe(5)
      expect((yield* run("closes-stdout", "0")).stderr.tail).toBe("still here\n")
    })
  )
})
