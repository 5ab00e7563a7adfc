/**
 * The file by which a host is on record as having lived.
 */
import { describe, expect, it, vi } from "@effect/vitest"
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import {
  isReaperOf,
  nameOnce,
  OwnRecord,
  parseRecord,
  readRecord,
  recordedHosts,
  timeNamespace
} from "../../src/internal/hostRecord.js"
import { name, ownRuntime } from "../support/records.js"

const runtime = ownRuntime()
const header = "tether-host 1\ncommand node server.js\nuid 0\n"
const hosts = () => join(runtime(), "hosts")
const modeOf = (path: string) => statSync(path).mode & 0o777

describe("a record", () => {
  it("is written private, and read back with what was added", () => {
    const own = OwnRecord.write(name)
    expect(own?.path).toBe(join(hosts(), name))
    expect([modeOf(hosts()), modeOf(join(hosts(), name))]).toEqual([0o700, 0o600])
    own?.allow(65_534)
    own?.allow(65_534)
    appendFileSync(join(hosts(), name), "reaper 9 4712\ndied 1795000000\n")
    const record = readRecord(name)
    expect(record).toMatchObject({
      uids: new Set([process.geteuid?.(), 65_534]),
      reapers: [{ pid: 9, startToken: "4712" }],
      diedAt: 1_795_000_000_000
    })
    expect(record?.command).toMatch(/^node /)
    expect(isReaperOf(record, { pid: 9, startToken: "4712" })).toBe(true)
    expect(isReaperOf(record, { pid: 9, startToken: "4713" })).toBe(false)
    expect(recordedHosts()).toContain(name)
  })

  it("is written once: nobody takes over the file of another", () => {
    OwnRecord.write(name)
    const again = OwnRecord.write(name)
    expect(again?.path).not.toBe(join(hosts(), name))
    rmSync(again?.path ?? "", { force: true })
  })

  it("of a directory that is open to others is neither written nor read there", () => {
    mkdirSync(hosts(), { mode: 0o755 })
    writeFileSync(join(hosts(), name), header, { mode: 0o600 })
    chmodSync(hosts(), 0o755)
    expect(readRecord(name)).toBeUndefined()
    const elsewhere = OwnRecord.write(name)
    expect(elsewhere?.path ?? "").not.toContain(runtime())
    rmSync(elsewhere?.path ?? "", { force: true })
  })

  it("is no link, and no file that others may write", () => {
    mkdirSync(hosts(), { mode: 0o700 })
    writeFileSync(join(runtime(), "planted"), header, { mode: 0o600 })
    symlinkSync(join(runtime(), "planted"), join(hosts(), name))
    expect(readRecord(name)).toBeUndefined()
    rmSync(join(hosts(), name))
    writeFileSync(join(hosts(), name), header)
    chmodSync(join(hosts(), name), 0o622)
    expect(readRecord(name)).toBeUndefined()
  })

  const isRoot = process.geteuid?.() === 0
  if (!isRoot) console.log("skipped: records and directories of another user, because only root can make them")
  it.skipIf(!isRoot)("is none that another user has written", () => {
    mkdirSync(hosts(), { mode: 0o700 })
    writeFileSync(join(hosts(), name), header, { mode: 0o600 })
    chownSync(join(hosts(), name), 65_534, 65_534)
    expect(readRecord(name)).toBeUndefined()
  })

  it("is written again where it was taken away, with the users and the reaper that were in it", () => {
    const own = OwnRecord.write(name)
    own?.allow(65_534)
    const written = readRecord(name)
    rmSync(hosts(), { recursive: true })
    own?.allow(65_533)
    expect(readRecord(name)).toBeUndefined()
    vi.spyOn(performance, "now").mockReturnValue(performance.now() + 2000)
    own?.renew(() => ({ pid: 9, startToken: "4712" }))
    const uids = new Set([process.geteuid?.(), 65_534, 65_533])
    expect(readRecord(name)).toMatchObject({
      ...written,
      uids,
      reapers: [{ pid: 9, startToken: "4712" }],
      lastSeenAt: expect.any(Number)
    })
  })

  it("has the time namespace of its start tokens", () => {
    OwnRecord.write(name)
    expect(readRecord(name)?.timeNamespace).toBe(timeNamespace())
    expect(parseRecord("/x", `${header}time 4026531834\n`, 0)?.timeNamespace).toBe("4026531834")
    expect(parseRecord("/x", header, 0)?.timeNamespace).toBeUndefined()
  })

  it("of more than 64 KiB is none, and not read", () => {
    mkdirSync(hosts(), { mode: 0o700 })
    writeFileSync(join(hosts(), name), header, { mode: 0o600 })
    truncateSync(join(hosts(), name), 3 * 1024 ** 3)
    expect(readRecord(name)).toBeUndefined()
    truncateSync(join(hosts(), name), header.length)
    expect(readRecord(name)).toBeDefined()
  })

  it("is neither written nor read below a directory in which other users can replace it", () => {
    OwnRecord.write(name)
    expect(readRecord(name)).toBeDefined()
    chmodSync(runtime(), 0o777)
    expect(readRecord(name)).toBeUndefined()
    expect(recordedHosts()).not.toContain(name)
    rmSync(hosts(), { recursive: true })
    const elsewhere = OwnRecord.write(name)
    rmSync(elsewhere?.path ?? "", { force: true })
    expect(elsewhere?.path ?? "").not.toContain(runtime())
    expect(readdirSync(runtime())).toEqual([])
    // In a sticky one, what is there can be replaced by its owner only.
    chmodSync(runtime(), 0o1777)
    expect(OwnRecord.write(name)?.path).toBe(join(hosts(), name))
  })

  it.skipIf(!isRoot)("is neither written nor read below a directory of another user", () => {
    OwnRecord.write(name)
    chownSync(runtime(), 65_534, 65_534)
    expect(readRecord(name)).toBeUndefined()
    const elsewhere = OwnRecord.write("7-4711-0-0-a2")
    rmSync(elsewhere?.path ?? "", { force: true })
    expect(elsewhere?.path ?? "").not.toContain(runtime())
  })

  it("names what was left alone once", () => {
    OwnRecord.write(name)
    const process = { pid: 12, startToken: "99" }
    const names = () => {
      const record = readRecord(name)
      return record !== undefined && nameOnce(record, process)
    }
    expect([names(), names()]).toEqual([true, false])
    expect(readdirSync(hosts())).toEqual([name])
  })
})

describe("the text of a record", () => {
  it.each<[what: string, text: string, uids: ReadonlyArray<number> | undefined]>([
    ["whole", header, [0]],
    ["with a last line that was not written whole", `${header}uid 1`, [0]],
    ["with lines of a later version", `${header}shape round\nuid 3\n`, [0, 3]],
    ["with numbers that are none", `${header}uid -1\nuid 1e3\nuid x\ndied soon\n`, [0]],
    ["of another format", "tether-host 2\nuid 0\n", undefined],
    ["empty", "", undefined]
  ])("%s", (_, text, uids) => {
    expect(parseRecord("/x", text, 0)?.uids).toEqual(uids === undefined ? undefined : new Set(uids))
  })
})
