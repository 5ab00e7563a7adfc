/**
 * What the hook is made of.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Logfmt from "@tether/host/Logfmt"
import { exitCauseHook } from "@tether/tmux/ExitCauseHook"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { deathFields } from "../../src/internal/deathFields.js"
import { keys, pairsOf, recordsIn, start } from "../support/deaths.js"

describe("the fields that are known at the start", () => {
  it.scoped("and those of the death are read by the journal as one record", () =>
    Effect.gen(function* () {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-death-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true }))
      )
      const { after, before } = deathFields(start.identity, start)
      const line = `ts=2026-11-25T03:12:45.120Z ${before} dead_status=3 dead_signal= id=X ${after} ended_by=child uptime_ms=7`
      writeFileSync(join(directory, "exits.log"), `${line}\n`)
      const { ts: _, ...known } = start
      expect(yield* recordsIn(directory)).toEqual([
        {
          ...known,
          ts: Date.parse("2026-11-25T03:12:45.120Z"),
          ev: "session-exit",
          id: "X",
          start: start.id,
          deadStatus: 3,
          endedBy: "child",
          uptime: 7
        }
      ])
      expect(Logfmt.encode(pairsOf(line))).toBe(line)
      expect(pairsOf(line).map(([key]) => key)).toEqual([...keys[0], ...keys[1], "ended_by", "uptime_ms"])
    })
  )
})

describe("the value of the hook", () => {
  it("has nothing in it that tmux or a shell could take for something else", () => {
    const strange = `"'#{x}#[y]%H$(z)\`\\\n;é🚀`
    const plain = exitCauseHook("", "/")
    const added = new Set(exitCauseHook(strange, `/${strange}`))
    for (const character of plain) added.delete(character)
    expect([...added].filter((character) => !/[a-zA-Z0-9]/.test(character))).toEqual([])
    expect(exitCauseHook(strange, `/${strange}`).split("#").length).toBe(plain.split("#").length)
  })

  it("keeps ordinary names as they are", () => {
    expect(exitCauseHook("web.1", "/var/log/my builds/exits.log")).toContain("/var/log/my builds/exits.log")
    expect(exitCauseHook("web.1", "/var/log/my builds/exits.log")).toContain(
      "ev=session-exit identity=web.1 dead_status="
    )
  })
})
