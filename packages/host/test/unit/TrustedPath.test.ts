import { describe, expect, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import {
  chmodSync,
  existsSync,
  lchownSync,
  linkSync,
  lstat,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import * as FileLock from "../../src/FileLock.js"
import { type Entry, replaceProblem, type Self } from "../../src/internal/ownership.js"
import { isUnmapped, othersIn } from "../../src/internal/self.js"
import * as RotatingFile from "../../src/RotatingFile.js"
import * as StateDir from "../../src/StateDir.js"
import * as TrustedPath from "../../src/TrustedPath.js"
import { linkedModule } from "../support/loader.js"
import { directory, live, logged } from "../support/machine.js"
import { putPipe } from "../support/pipe.js"
import { folder, give, noStrangers, sticky, stranger } from "../support/strangers.js"

const isWindows = process.platform === "win32"
if (isWindows) console.log("skipped: trusted paths, because Windows has no owners and modes")
if (noStrangers !== undefined) console.log(`skipped: entries of other users: ${noStrangers}`)

describe("the rule", () => {
  const self: Self = { uid: 1000, overflowUid: undefined, hasOthers: (gid) => gid === 50 }
  const rootless: Self = { ...self, overflowUid: 65_534 }
  const entry = (uid: number, gid: number, mode: number): Entry => ({ path: `/${uid}`, uid, gid, mode })
  const ours = entry(1000, 1000, 0o700)
  const theirs = entry(1001, 1001, 0o700)
  const unmapped = entry(65_534, 65_534, 0o755)

  it.each<[string, Entry, Entry | undefined, Self, RegExp | undefined]>([
    ["of root", entry(0, 0, 0o755), ours, self, undefined],
    ["of root, for an entry of another user, who cannot replace it", entry(0, 0, 0o755), theirs, self, undefined],
    ["of the current user", ours, ours, self, undefined],
    ["of another user", theirs, ours, self, /belongs to user 1001 \(mode 0700\)/],
    ["of another user, though nothing is in it", theirs, undefined, self, /belongs to user 1001/],
    ["for all", entry(0, 0, 0o777), ours, self, /other users can write to .*owner 0, mode 0777.*chmod go-w/],
    ["for all and sticky", entry(0, 0, 0o1777), ours, self, undefined],
    ["for all and sticky, with nothing in it", entry(0, 0, 0o1777), undefined, self, undefined],
    ["for all and sticky, with an entry of root", entry(0, 0, 0o1777), entry(0, 0, 0o755), self, undefined],
    ["for all and sticky, with an entry of another user", entry(0, 0, 0o1777), theirs, self, /user 1001/],
    ["for all and sticky, of another user, who may remove anything", entry(1001, 0, 0o1777), ours, self, /user 1001/],
    ["for the group of the current user alone", entry(1000, 1000, 0o775), ours, self, undefined],
    ["for the group of root alone", entry(0, 0, 0o775), ours, self, undefined],
    ["for another group", entry(1000, 100, 0o775), ours, self, /other users can write/],
    ["for another group, of root", entry(0, 104, 0o775), ours, self, /other users can write/],
    ["for another group and sticky", entry(0, 104, 0o1775), ours, self, undefined],
    [
      "for a group of its number that has other members",
      entry(50, 50, 0o775),
      undefined,
      { ...self, uid: 50 },
      /write/
    ],
    ["of nobody, where nobody is a user", unmapped, ours, self, /belongs to user 65534/],
    ["of the overflow user", unmapped, ours, rootless, undefined],
    ["of the overflow user and for all", entry(65_534, 65_534, 0o777), ours, rootless, /other users can write/],
    ["of the overflow user, for all and sticky", entry(65_534, 65_534, 0o1777), ours, rootless, undefined],
    ["for all and sticky, with an entry of the overflow user", entry(0, 0, 0o1777), unmapped, rootless, /user 65534/]
  ])("for a directory %s", (_, parent, child, who, problem) => {
    const found = replaceProblem(parent, child, who)
    if (problem === undefined) expect(found).toBeUndefined()
    else expect(found).toMatch(problem)
  })

  it("says what is wrong in a text that harms no terminal", () => {
    const path = "/a\x1b[2J\u009b2J\u202eb"
    for (const problem of [
      replaceProblem({ ...theirs, path }, ours, self),
      replaceProblem({ ...entry(0, 0, 0o777), path }, ours, self),
      replaceProblem(entry(0, 0, 0o1777), { ...theirs, path }, self)
    ]) {
      expect(problem).toContain("\\u009b2J\\u202eb")
      expect(problem).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/)
    }
  })

  it.each<[string, string, boolean]>([
    ["all users are mapped", "         0          0 4294967295\n", false],
    ["one is", "      1000       1000          1\n", true],
    ["root and a range are, as in a container", "0 1000 1\n1 100000 65535\n", false],
    ["root and a short range are", "0 1000 1\n1 100000 1000\n", true],
    ["none is", "", false]
  ])("knows whether 65534 stands for users without a number: %s", (_, map, is) => {
    expect(isUnmapped(map, 65_534)).toBe(is)
  })

  it("knows whether a group has members besides the user of its name", () => {
    const has = othersIn("root:x:0:\nada:x:1000:ada\nweb:x:33:ada,grace\nbob:x:1001:grace\n")
    expect([0, 1000, 33, 1001, 4711].map(has)).toEqual([false, false, true, true, false])
  })
})

describe.skipIf(isWindows)("a path", () => {
  it.scoped("of the current user is trusted, also through a link, and so is one where nothing is yet", () =>
    Effect.gen(function* () {
      const base = yield* directory
      writeFileSync(join(base, "file"), "")
      mkdirSync(join(base, "real"))
      symlinkSync("real", join(base, "link"))
      for (const [path, kind] of [
        ["file", "File"],
        ["link/../file", "File"],
        ["link", "Directory"],
        ["link/new", "File"],
        ["missing/below/missing", "Socket"]
      ] as const)
        expect(yield* TrustedPath.problemOf(join(base, path), kind)).toBeUndefined()
    }).pipe(Effect.provide(live))
  )

  it.scoped.each<[string, TrustedPath.Kind, (path: string) => void, string]>([
    ["a link to a file", "File", (path) => symlinkSync("/etc/passwd", path), "it is a symbolic link"],
    ["a link that leads nowhere", "File", (path) => symlinkSync("nowhere", path), "it is a symbolic link"],
    ["a pipe", "File", (path) => putPipe(path), "it is no regular file"],
    ["a directory", "File", (path) => mkdirSync(path), "it is no regular file"],
    ["a file", "Socket", (path) => writeFileSync(path, ""), "it is not a socket"],
    ["a file", "Directory", (path) => writeFileSync(path, ""), "it is no directory"]
  ])("is not used where %s is and a %s is expected", ([, kind, make, text]) =>
    Effect.gen(function* () {
      const path = join(yield* directory, "it")
      make(path)
      expect(yield* TrustedPath.problemOf(path, kind)).toEqual({ reason: "Invalid", text })
    }).pipe(Effect.provide(live))
  )

  it.scoped("is looked at without harm to the module loader, which follows links as before", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "pipe")
      putPipe(path)
      const linked = yield* linkedModule
      yield* TrustedPath.problemOf(path, "File")
      expect(linked.isFollowed()).toBe(true)
    }).pipe(Effect.provide(live))
  )

  it.scoped("that leads in a circle is an error, and not a wait", () =>
    Effect.gen(function* () {
      const base = yield* directory
      symlinkSync("b", join(base, "a"))
      symlinkSync("a", join(base, "b"))
      expect(yield* Effect.flip(TrustedPath.problemOf(join(base, "a/file"), "File"))).toMatchObject({
        _tag: "FileError"
      })
    }).pipe(Effect.provide(live))
  )

  it.scoped("below a directory for all that is not sticky is not used, wherever on the way that is", () =>
    Effect.gen(function* () {
      const open = folder(join(yield* directory, "open"), 0o777)
      mkdirSync(join(open, "mine"), { mode: 0o700 })
      writeFileSync(join(open, "mine/file"), "")
      const error = yield* Effect.flip(TrustedPath.check("append to", join(open, "mine/file"), "File"))
      expect(error).toMatchObject({ reason: "NotPrivate" })
      expect(error.message).toContain(`other users can write to "${open}" (owner ${process.geteuid?.()}, mode 0777)`)
      chmodSync(open, 0o1777)
      expect(yield* TrustedPath.problemOf(join(open, "mine/file"), "File")).toBeUndefined()
    }).pipe(Effect.provide(live))
  )

  it.scoped("is used though its group can write there, where that is the private group of its owner", () =>
    Effect.gen(function* () {
      const base = yield* directory
      const open = folder(join(base, "open"), 0o775)
      if (statSync(open).gid !== statSync(open).uid) return console.log("skipped: this user has no private group")
      yield* StateDir.makeOwn(open, ["below"])
      writeFileSync(join(open, "file"), "")
      for (const [path, kind] of [
        [open, "Directory"],
        [join(open, "file"), "File"],
        [join(open, "new/file"), "File"]
      ] as const)
        expect(yield* TrustedPath.problemOf(path, kind)).toBeUndefined()
      yield* Effect.scoped(RotatingFile.open(join(open, "new/exits.log")))
    }).pipe(Effect.provide(live))
  )

  it.scoped("is a file of ours with a second name, in a sticky directory, and is not used", () =>
    Effect.gen(function* () {
      const base = yield* directory
      const shared = sticky(base)
      writeFileSync(join(base, "diary"), "")
      linkSync(join(base, "diary"), join(base, "copy"))
      expect(yield* TrustedPath.problemOf(join(base, "copy"), "File")).toBeUndefined()
      linkSync(join(base, "diary"), join(shared, "log"))
      expect((yield* TrustedPath.problemOf(join(shared, "log"), "File"))?.text).toContain("a hard link")
    }).pipe(Effect.provide(live))
  )
})

describe.skipIf(isWindows || noStrangers !== undefined)("what belongs to another user", () => {
  it.scoped("is not used, be it a socket, a file or a directory, wherever it is", () =>
    Effect.gen(function* () {
      const base = yield* directory
      for (const where of [base, sticky(base)]) {
        const socket = join(where, "d.sock")
        const server = createServer()
        yield* Effect.acquireRelease(
          Effect.async<void>((resume) => void server.listen(socket, () => resume(Effect.void))),
          () => Effect.sync(() => server.close())
        )
        give(socket)
        const file = join(where, "file")
        writeFileSync(file, "")
        give(file)
        const folder = join(where, "folder")
        mkdirSync(folder, { mode: 0o755 })
        give(folder)
        const whose = `it belongs to user ${stranger}, must belong to the current user or root`
        expect(yield* TrustedPath.problemOf(socket, "Socket")).toEqual({ reason: "NotPrivate", text: whose })
        expect(yield* TrustedPath.problemOf(file, "File")).toEqual({ reason: "NotPrivate", text: whose })
        expect(yield* TrustedPath.problemOf(folder, "Directory")).toMatchObject({
          text: `${whose}; it has mode 0755, choose another directory`
        })
        expect((yield* TrustedPath.problemOf(join(folder, "new"), "File"))?.text).toContain(`user ${stranger}`)
        // Our own link into it makes it no more ours.
        symlinkSync(socket, join(base, `to-${where.length}`))
        expect(yield* TrustedPath.problemOf(join(base, `to-${where.length}`), "Socket")).toMatchObject({ text: whose })
      }
    }).pipe(Effect.provide(live))
  )

  it.scoped("is a link in a sticky directory, and is not followed; one of ours is", () =>
    Effect.gen(function* () {
      const base = yield* directory
      const shared = sticky(base)
      mkdirSync(join(base, "mine"))
      symlinkSync(join(base, "mine"), join(shared, "link"))
      expect(yield* TrustedPath.problemOf(join(shared, "link/file"), "File")).toBeUndefined()
      lchownSync(join(shared, "link"), stranger, stranger)
      expect((yield* TrustedPath.problemOf(join(shared, "link/file"), "File"))?.text).toContain(
        `"${shared}/link" belongs to user ${stranger}`
      )
    }).pipe(Effect.provide(live))
  )

  it.scoped("is not used though it is exchanged for a link to something of ours while it is looked at", () =>
    Effect.gen(function* () {
      const base = yield* directory
      const shared = sticky(base)
      const theirs = folder(join(shared, "run"), 0o755)
      give(theirs)
      writeFileSync(join(base, "d.sock"), "")
      // As another user would do it who sees each look.
      const exchanged = yield* TrustedPath.problemOf(join(theirs, "d.sock"), "File").pipe(
        Effect.provideService(TrustedPath.Lstat, (path, done) =>
          lstat(path, (error, stats) => {
            if (path === theirs) {
              rmSync(theirs, { recursive: true, force: true })
              symlinkSync(base, theirs)
              lchownSync(theirs, stranger, stranger)
            }
            done(error, stats)
          })
        )
      )
      expect(exchanged?.text).toContain(`user ${stranger}`)
    }).pipe(Effect.provide(live))
  )

  it.scoped.each<[string, (path: string, victim: string) => void, string]>([
    ["a link to a file of ours", (path, victim) => symlinkSync(victim, path), "it is a symbolic link"],
    ["a link to a new file", (path, victim) => symlinkSync(`${victim}-new`, path), "it is a symbolic link"],
    ["a hard link to a file of ours", (path, victim) => linkSync(victim, path), "a hard link"],
    ["a pipe", (path) => putPipe(path), "it is no regular file"],
    ["a file", (path) => [writeFileSync(path, "theirs\n"), give(path)], `it belongs to user ${stranger}`]
  ])("and is planted in place of a rotating file is not written to: %s", ([, plant, problem]) =>
    Effect.gen(function* () {
      const base = yield* directory
      const victim = join(base, "victim")
      writeFileSync(victim, "before\n")
      const path = join(sticky(base), "exits.log")
      plant(path, victim)
      const error = yield* Effect.flip(Effect.scoped(RotatingFile.open(path)))
      expect(error.message).toContain(problem)
      expect(readFileSync(victim, "utf8")).toBe("before\n")
      expect(existsSync(`${victim}-new`)).toBe(false)
    }).pipe(Effect.provide(live))
  )

  it.scoped("and is planted when a rotating file was rotated is not written to", () =>
    Effect.gen(function* () {
      const base = yield* directory
      const victim = join(base, "victim")
      const path = join(sticky(base), "exits.log")
      const file = yield* RotatingFile.open(path)
      yield* file.append("a=1")
      yield* file.rotate
      symlinkSync(victim, path)
      expect((yield* Effect.flip(file.append("a=2"))).message).toContain("it is a symbolic link")
      expect(existsSync(victim)).toBe(false)
      rmSync(path)
      yield* file.append("a=3")
      expect(readFileSync(path, "utf8")).toBe("a=3\n")
    }).pipe(Effect.provide(live))
  )

  it.scoped("can be read, but not written to, as a rotating file", () =>
    Effect.gen(function* () {
      const theirs = folder(join(yield* directory, "theirs"), 0o755)
      const path = join(theirs, "exits.log")
      writeFileSync(path, "a=1\n")
      give(path)
      give(theirs)
      const files = yield* RotatingFile.files(path)
      expect(files.map(({ bytes }) => bytes)).toEqual([4])
      expect((yield* Effect.flip(Effect.scoped(RotatingFile.open(path)))).reason).toBe("NotPrivate")
      expect((yield* Effect.flip(Effect.scoped(RotatingFile.open(join(theirs, "new/exits.log"))))).reason).toBe(
        "NotPrivate"
      )
      expect(existsSync(join(theirs, "new"))).toBe(false)
    }).pipe(Effect.provide(live))
  )

  it.scoped("is not waited for by a reader where it is a pipe", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "exits.log")
      writeFileSync(path, "a=1\n")
      putPipe(`${path}.1`)
      expect(Chunk.toReadonlyArray(yield* Stream.runCollect(RotatingFile.read(path)))).toEqual(["a=1"])
    }).pipe(Effect.provide(live))
  )

  it.scoped("is no lock, and keeps nobody waiting", () =>
    Effect.gen(function* () {
      const path = join(sticky(yield* directory), "journal.lock")
      // Held by a process that lives: it would never be had.
      yield* Effect.scoped(
        Effect.map(FileLock.acquire(path), () => {
          writeFileSync(`${path}.theirs`, readFileSync(path))
          give(`${path}.theirs`)
        })
      )
      renameSync(`${path}.theirs`, path)
      for (const acquire of [FileLock.acquire(path), FileLock.tryAcquire(path)]) {
        const error = yield* Effect.flip(Effect.scoped(acquire))
        expect(error).toMatchObject({ _tag: "FileError", reason: "NotPrivate" })
        expect(error.message).toContain(`it belongs to user ${stranger}, must belong to the current user or root`)
      }
    }).pipe(Effect.provide(live))
  )
})

describe.skipIf(isWindows)("a warning", () => {
  it.effect("names what is ignored once, in plain words", () => {
    const { layer, messages } = logged()
    return Effect.gen(function* () {
      yield* TrustedPath.ignored("socket", "/x/d.sock", "it belongs to user 65534")
      yield* TrustedPath.ignored("socket", "/x/d.sock", "it belongs to user 65534")
      yield* TrustedPath.ignored("socket", "/x/\u001b.sock", "it is not a socket")
      expect(messages).toEqual([
        "ignoring socket /x/d.sock: it belongs to user 65534",
        'ignoring socket "/x/\\u001b.sock": it is not a socket'
      ])
    }).pipe(Effect.provide(layer))
  })
})
