import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chmodSync, existsSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as FileLock from "../../src/FileLock.js"
import * as RotatingFile from "../../src/RotatingFile.js"
import * as StateDir from "../../src/StateDir.js"
import { directory, directoryIn, live } from "../support/machine.js"
import {
  asStranger,
  folder,
  give,
  noStrangers,
  sticky,
  stranger,
  trusting,
  whyNot,
  withoutRoot
} from "../support/strangers.js"

const isWindows = process.platform === "win32"
if (isWindows) console.log("skipped: trusted paths, because Windows has no owners and modes")
if (noStrangers !== undefined) console.log(`skipped: entries of other users: ${noStrangers}`)

const modeOf = (path: string) => statSync(path).mode & 0o7777

describe.skipIf(isWindows || noStrangers !== undefined)("what belongs to another user", () => {
  it.scoped("is not used as a state directory, and the error says whose it is and what to do", () =>
    Effect.gen(function* () {
      const base = yield* directory
      const theirs = folder(join(base, "theirs"), 0o755)
      give(theirs)
      const open = folder(join(base, "open"), 0o777)
      const asked = (path: string) => trusting([], ["State:journal"], { TETHER_STATE_DIR: path })
      expect(asked(theirs)).toEqual([
        `cannot make the directory "${theirs}/journal": "${theirs}" belongs to user ${stranger} (mode 0755), ` +
          `must belong to the current user or root; choose another directory`
      ])
      expect(asked(open)[0]).toContain(
        `other users can write to "${open}" (owner 0, mode 0777); run chmod go-w, or chmod +t, on it`
      )
      expect(existsSync(join(open, "journal"))).toBe(false)
      chmodSync(open, 0o1777)
      expect(asked(open)).toEqual([join(open, "journal")])
    }).pipe(Effect.provide(live))
  )
})

const notAnother = whyNot(asStranger)
const notRootless = notAnother ?? whyNot([...asStranger, ...withoutRoot])
if (notAnother !== undefined) console.log(`skipped: programs of another user: ${notAnother}`)
else if (notRootless !== undefined) console.log(`skipped: programs in a user namespace: ${notRootless}`)

describe.skipIf(isWindows || notAnother !== undefined)("a program of another user", () => {
  it.scoped("trusts what is its own and what is root's, and nothing else", () =>
    Effect.gen(function* () {
      const base = yield* directory
      chmodSync(base, 0o755)
      const shared = sticky(base)
      for (const [name, owner] of [
        ["mine", stranger],
        ["roots", 0],
        ["theirs", stranger + 1]
      ] as const) {
        const path = join(shared, name)
        writeFileSync(path, "")
        give(path, owner)
      }
      const words = ["mine", "roots", "theirs"].map((name) => `File:${join(shared, name)}`)
      expect(trusting(asStranger, words)).toEqual([
        "trusted",
        "trusted",
        `it belongs to user ${stranger + 1}, must belong to the current user or root`
      ])
    })
  )

  // Root may enter directories of any mode: this is a user who cannot go on where a mode is only asked for.
  it.scoped.each([0o777, 0o277])("makes directories of mode 0700, whatever its umask is: %o", (umask) =>
    Effect.gen(function* () {
      const base = yield* directory
      give(base)
      const state = join(base, "a/b/c")
      const prefix = [...asStranger, "sh", "-c", `umask ${umask.toString(8)}; exec "$@"`, "sh"]
      expect(trusting(prefix, ["State:journal"], { TETHER_STATE_DIR: state })).toEqual([join(state, "journal")])
      for (const path of ["a", "a/b", "a/b/c", "a/b/c/journal"]) expect(modeOf(join(base, path))).toBe(0o700)
    })
  )
})

describe.skipIf(isWindows || notRootless !== undefined)("a program in a user namespace without a root", () => {
  it.scoped("trusts its own files, though / seems to belong to another user", () =>
    Effect.gen(function* () {
      // Not TMPDIR: if that is a directory of root in `/tmp`, it seems to belong to another user, and is not trusted.
      const base = yield* directoryIn("/tmp")
      chmodSync(base, 0o755)
      give(base)
      const mine = folder(join(base, "mine"), 0o700)
      give(mine)
      const theirs = folder(join(base, "theirs"), 0o700)
      give(theirs, stranger + 1)
      const file = join(sticky(base), "file")
      writeFileSync(file, "")
      give(file, stranger + 1)
      const [own, others, sealed] = trusting(
        [...asStranger, ...withoutRoot],
        [`File:${join(mine, "new")}`, `File:${file}`, `Directory:${theirs}`]
      )
      expect(own).toBe("trusted")
      expect(others).toContain("it belongs to user 65534")
      expect(sealed).toContain("it belongs to user 65534")
      expect(
        trusting([...asStranger, ...withoutRoot], ["State:journal"], { TETHER_STATE_DIR: join(mine, "state") })
      ).toEqual([join(mine, "state/journal")])
    })
  )
})

describe.skipIf(isWindows)("under any umask", () => {
  it.scoped.each([0o777, 0o277, 0o077, 0])("files and directories have the modes that they are to have: %o", (umask) =>
    Effect.gen(function* () {
      const base = yield* directory
      yield* Effect.acquireRelease(
        Effect.sync(() => process.umask(umask)),
        (before) => Effect.sync(() => process.umask(before))
      )
      const logs = join(base, "var/logs")
      const file = yield* RotatingFile.open(join(logs, "exits.log"))
      yield* file.append("a=1")
      yield* file.rotate
      yield* file.append("a=2")
      yield* FileLock.acquire(join(logs, "lock"))
      yield* StateDir.makePrivate(join(base, "run/private"))
      for (const path of ["var", "var/logs", "run", "run/private"]) expect(modeOf(join(base, path))).toBe(0o700)
      for (const path of ["var/logs/exits.log", "var/logs/exits.log.1"]) expect(modeOf(join(base, path))).toBe(0o600)
      expect(modeOf(join(logs, "lock"))).toBe(0o644)
    }).pipe(Effect.provide(live))
  )
})
