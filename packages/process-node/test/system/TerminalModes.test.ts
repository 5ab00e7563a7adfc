/**
 * The modes of a terminal that children inherit.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { program } from "../support/hosts.js"
import { missing, openTerminal } from "../support/terminal.js"

if (missing !== undefined) console.warn(`skipped: the modes of a terminal, because ${missing}`)

const node = `'${process.execPath}' '${program("terminal.mjs")}'`

/** What the program says, line by line, until it ends. */
const says = (script: string) =>
  Effect.gen(function* () {
    const terminal = yield* openTerminal(script)
    yield* terminal.end
    return terminal.shown().trimEnd().split(/\r?\n/)
  })

describe.skipIf(missing !== undefined).concurrent("the modes of a terminal that a child inherits", () => {
  it.scopedLive("are restored before control returns, however the child ended", () =>
    Effect.gen(function* () {
      // Without the warning of what was left over.
      const told = (yield* says(`${node} ends`)).filter((line) => /: (same|changed)$/.test(line))
      expect(told).toEqual([
        "killed: same",
        "exited with 0: same",
        "stderr alone: same",
        "uncontained: same",
        "stopped: same",
        "scope closed: same",
        "timed out: same",
        "interrupted: same",
        "pipeline: same",
        "not started: same",
        "left over: same"
      ])
    })
  )

  it.scopedLive("let Ctrl-C end the program after a child that left them raw was killed", () =>
    Effect.gen(function* () {
      const terminal = yield* openTerminal(`trap : INT; ${node} keys; echo "code $?"`)
      yield* terminal.shows("go on")
      terminal.type("\x03")
      yield* terminal.shows("code 130")
    })
  )

  it.scopedLive("are those before the first of several children, restored after the last", () =>
    Effect.gen(function* () {
      expect(yield* says(`${node} together`)).toEqual(["while another has it: changed", "after the last: same"])
    })
  )

  it.scopedLive("stay as the program itself set them for a prompt of its own", () =>
    Effect.gen(function* () {
      expect(yield* says(`${node} prompt`)).toEqual(["own raw mode: true", "given back: same"])
    })
  )

  it.scopedLive("are restored when the program exits while the child runs", () =>
    Effect.gen(function* () {
      const script = `a=$(stty -g); ${node} exit; echo "code $?"; [ "$a" = "$(stty -g)" ] && echo same`
      expect((yield* says(script)).slice(-2)).toEqual(["code 3", "same"])
    })
  )

  it.scopedLive("are left alone in the background, where nothing stops the program", () =>
    Effect.gen(function* () {
      // With `-m` the shell gives each job a group of its own, and none but the foreground's may change the modes.
      const script = `sh -mc "${node.replaceAll("'", "")} killed & wait"; stty sane`
      expect((yield* says(script)).join("\n")).toContain("killed: changed")
    })
  )

  it.scopedLive("stay as they are where there is no stty, without a word", () =>
    Effect.gen(function* () {
      const folder = mkdtempSync(join(tmpdir(), "tether-no-stty-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true, force: true })))
      symlinkSync("/bin/sh", join(folder, "sh"))
      const lines = yield* says(`PATH=${folder} ${node} killed; /usr/bin/env PATH=/usr/bin:/bin stty sane`)
      expect(lines).toEqual(["killed: changed"])
    })
  )
})
