import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as FaultyDisk from "@tether/vitest/FaultyDisk"
import * as Effect from "effect/Effect"
import { chmodSync, chownSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import * as StateDir from "../../src/StateDir.js"
import { directory } from "../support/machine.js"

const names = ["TETHER_STATE_DIR", "TETHER_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "HOME"] as const

/** The environment as it is while the effect runs. */
const within =
  (variables: Partial<Record<(typeof names)[number], string>>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        const before = names.map((name) => [name, process.env[name]] as const)
        for (const name of names) {
          const value = variables[name]
          if (value === undefined) delete process.env[name]
          else process.env[name] = value
        }
        return before
      }),
      () => effect,
      (before) =>
        Effect.sync(() => {
          for (const [name, value] of before) {
            if (value === undefined) delete process.env[name]
            else process.env[name] = value
          }
        })
    )

const modeOf = (path: string) => statSync(path).mode & 0o777
const uid = process.geteuid?.() ?? 0

const isWindows = process.platform === "win32"
if (isWindows) console.log("skipped: StateDir, because Windows has no owners and modes of directories")

describe.skipIf(isWindows)("StateDir", () => {
  it.scoped("is where the environment says at the time of the call", () =>
    Effect.gen(function* () {
      const base = yield* directory
      const [a, b, home] = [join(base, "a"), join(base, "b/c"), join(base, "home")]
      const all = { TETHER_STATE_DIR: a, XDG_STATE_HOME: b, HOME: home }
      expect(yield* within(all)(StateDir.stateDir("journal"))).toBe(`${a}/journal`)
      expect(yield* within({ ...all, TETHER_STATE_DIR: "" })(StateDir.stateDir("journal"))).toBe(`${b}/tether/journal`)
      expect(yield* within({ HOME: home })(StateDir.stateDir("journal"))).toBe(`${home}/.local/state/tether/journal`)
      expect(yield* within({ HOME: home, XDG_STATE_HOME: "relative" })(StateDir.stateDir("journal"))).toBe(
        `${home}/.local/state/tether/journal`
      )
      for (const path of [a, `${a}/journal`, b, `${b}/tether`, `${b}/tether/journal`, `${home}/.local/state/tether`]) {
        expect(modeOf(path)).toBe(0o700)
      }
      expect(yield* within({ TETHER_RUNTIME_DIR: a })(StateDir.runtimeDir("run"))).toBe(`${a}/run`)
      expect(yield* within({ XDG_RUNTIME_DIR: b })(StateDir.runtimeDir("run"))).toBe(`${b}/tether/run`)
      const name = `test-${process.pid}`
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => rmSync(`/tmp/tether-${uid}/${name}`, { recursive: true, force: true }))
      )
      expect(yield* within({})(StateDir.runtimeDir(name))).toBe(`/tmp/tether-${uid}/${name}`)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("is on the disk when it is new, by its name in the directory above", () =>
    Effect.gen(function* () {
      const base = yield* directory
      const synced: Array<string> = []
      const made = StateDir.stateDir("journal").pipe(
        within({ TETHER_STATE_DIR: join(base, "a/b") }),
        Effect.provide(FaultyDisk.layer((operation, path) => void (operation === "sync" && synced.push(path))))
      )
      yield* made
      expect(synced).toEqual([base, join(base, "a"), join(base, "a/b")])
      yield* made
      expect(synced).toHaveLength(3)
    })
  )

  it.effect("says when nothing tells where it is, or when what tells makes no sense", () =>
    Effect.gen(function* () {
      const nowhere = yield* Effect.flip(within({})(StateDir.stateDir("journal")))
      expect(nowhere).toMatchObject({ _tag: "FileError", reason: "Invalid" })
      expect(nowhere.message).toContain("XDG_STATE_HOME")
      const relative = yield* Effect.flip(
        within({ TETHER_STATE_DIR: "here", HOME: "/tmp" })(StateDir.stateDir("journal"))
      )
      expect(relative.message).toBe('cannot use the directory of TETHER_STATE_DIR, "here": its path is not absolute')
      for (const name of ["", ".", "..", "a/b", "a\\b", "a\0"]) {
        expect(yield* Effect.flip(within({ HOME: "/tmp" })(StateDir.stateDir(name)))).toMatchObject({
          reason: "Invalid"
        })
      }
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped.each<[string, (path: string) => void, string]>([
    [
      "is open to others",
      (path) => {
        mkdirSync(path)
        chmodSync(path, 0o750)
      },
      "it is open to others, with mode 0750; chmod 700 closes it"
    ],
    ["is a symbolic link", (path) => symlinkSync("/tmp", path), "it is a symbolic link"],
    ["is a file", (path) => writeFileSync(path, ""), "it is no directory"]
  ])("refuses a directory that %s", ([, make, problem]) =>
    Effect.gen(function* () {
      const base = yield* directory
      make(join(base, "journal"))
      const error = yield* Effect.flip(within({ TETHER_STATE_DIR: base })(StateDir.stateDir("journal")))
      expect(error).toMatchObject({ _tag: "FileError", reason: "NotPrivate", problem })
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("refuses a directory that a stranger has made first", (context) => {
    if (uid !== 0) {
      console.log("skipped: only root can make a stranger's directory")
      return context.skip()
    }
    return Effect.gen(function* () {
      const base = yield* directory
      mkdirSync(join(base, "tether"), { mode: 0o700 })
      chownSync(join(base, "tether"), 12345, 12345)
      const error = yield* Effect.flip(within({ XDG_RUNTIME_DIR: base })(StateDir.runtimeDir("run")))
      expect(error).toMatchObject({
        reason: "NotPrivate",
        problem:
          "it belongs to user 12345, must belong to the current user or root; it has mode 0700, TETHER_RUNTIME_DIR can name another directory"
      })
    }).pipe(Effect.provide(NodeFileSystem.layer))
  })

  it.scoped("keeps a socket where it belongs up to 103 bytes, and finds it in a short directory beyond", () =>
    Effect.gen(function* () {
      const base = yield* directory
      // Two bytes a letter.
      const directoryOf = (length: number) => {
        const rest = length - base.length - 1
        return `${base}/${"é".repeat(rest >> 1)}${"x".repeat(rest & 1)}`
      }
      const fits = directoryOf(103 - "/a.sock".length)
      expect(yield* StateDir.socketPath(fits, "a.sock")).toBe(`${fits}/a.sock`)
      const long = directoryOf(104 - "/a.sock".length)
      const short = yield* StateDir.socketPath(long, "a.sock")
      const kept = short.slice(0, short.lastIndexOf("/"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(kept, { recursive: true, force: true })))
      expect(short).toMatch(new RegExp(`^/tmp/tether-${uid}/[0-9a-f]{16}/a\\.sock$`))
      expect(modeOf(kept)).toBe(0o700)
      // The same for everybody, whatever his environment is.
      expect(yield* within({ XDG_RUNTIME_DIR: base })(StateDir.socketPath(`${long}/`, "a.sock"))).toBe(short)
      expect(yield* StateDir.socketPath(long, "b.sock")).toBe(`${kept}/b.sock`)
      const longName = yield* StateDir.socketPath(long, "n".repeat(104))
      expect(new TextEncoder().encode(longName).length).toBeLessThanOrEqual(StateDir.maxSocketPath)
      const other = yield* StateDir.socketPath(`${long}2`, "a.sock")
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => rmSync(other.replace("/a.sock", ""), { recursive: true, force: true }))
      )
      expect(other).not.toBe(short)
      // And it is one that can be listened on.
      const server = createServer()
      yield* Effect.async<void>((resume) => {
        server.listen(short, () => resume(Effect.void))
      })
      expect(statSync(short).isSocket()).toBe(true)
      server.close()
      expect(yield* Effect.flip(StateDir.socketPath("relative", "a.sock"))).toMatchObject({ reason: "Invalid" })
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("does not use a short directory that was squatted", () =>
    Effect.gen(function* () {
      const long = `${yield* directory}/${"x".repeat(120)}`
      const kept = (yield* StateDir.socketPath(long, "a.sock")).replace("/a.sock", "")
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(kept, { recursive: true, force: true })))
      chmodSync(kept, 0o777)
      expect(yield* Effect.flip(StateDir.socketPath(long, "a.sock"))).toMatchObject({
        reason: "NotPrivate",
        path: kept
      })
      rmSync(kept, { recursive: true })
      symlinkSync("/tmp", kept)
      expect(yield* Effect.flip(StateDir.socketPath(long, "a.sock"))).toMatchObject({
        reason: "NotPrivate",
        path: kept
      })
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})
