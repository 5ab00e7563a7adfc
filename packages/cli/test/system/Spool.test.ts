/**
 * What hooks have deferred, from a shell: with real hooks, a real daemon, and real kills.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, describe, expect, it } from "vitest"
import { bin, startProgram, until } from "../support/tether.js"

const root = mkdtempSync(join(tmpdir(), "tether-spool-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const recorded = join(import.meta.dirname, "../../../vitest/fixtures/agents/claude-tool-turn.transcript.jsonl")

let count = 0

/** A user with a state directory of its own, who runs `tether`. */
const user = (env: Readonly<Record<string, string>> = {}) => {
  const state = join(root, `state-${++count}`)
  const deferrals = join(state, "deferred-captures")
  const start = (...args: ReadonlyArray<string>) =>
    startProgram(process.execPath, [bin, ...args], { env: { TETHER_STATE_DIR: state, HOME: state, ...env } })
  const run = async (...args: ReadonlyArray<string>) => {
    const ended = await start(...args).ended
    return { ...ended, json: () => JSON.parse(ended.stdout) as Readonly<Record<string, unknown>> }
  }
  const hook = async (session: string, ...more: ReadonlyArray<string>) =>
    // With a deadline that leaves time to ask a daemon, however long the hook took to start.
    (
      await run("capture-transcript", "--no-spawn", "--deadline", "30000", "--session-id", session, ...more, recorded)
    ).json()
  return {
    state,
    deferrals,
    start,
    run,
    hook,
    files: () => readdirSync(deferrals).filter((name) => name.endsWith(".jsonl")),
    captured: (session: string) =>
      readFileSync(join(state, "captures", `${session}.jsonl`), "utf8")
        .trimEnd()
        .split("\n")
  }
}

describe("tether spool", () => {
  it("shows what is deferred, and hands it over", async () => {
    const { captured, files, hook, run } = user()
    expect((await run("spool", "ls")).stderr).toContain("nothing is deferred")
    await hook("one")
    await hook("two")
    const { stdout } = await run("spool", "ls")
    expect(stdout.split("\n")[0]).toMatch(/^STATE +AGE +RECORDS +SESSION +FILE +NEXT TRY +REASON$/)
    expect(stdout).toMatch(/ready +\d+\w* +3 +one +one-\d+-/)
    expect((await run("spool", "ls", "--json")).json()).toMatchObject({
      stats: { ready: 2, dead: 0 },
      files: [{ session: "one", records: 3 }, { session: "two" }]
    })
    expect((await run("spool", "drain", "--json")).json()).toEqual({
      filesDrained: 2,
      filesFailed: 0,
      inserted: 6,
      reinforced: 0,
      skipped: 0,
      failed: 0,
      remaining: 0,
      stoppedBy: "end"
    })
    expect(files()).toEqual([])
    expect(captured("one").map((line) => (JSON.parse(line) as { readonly cue: string }).cue)).toEqual(
      [1, 2, 3].map((n) => `session one turn ${n}`)
    )
    await hook("one")
    expect((await run("spool", "drain")).stdout).toContain("0 new, 3 known")
    expect(captured("one")).toHaveLength(3)
  })

  it("hands nothing over twice, however many drain at once, and goes on behind half a line", async () => {
    const { captured, hook, run, state } = user()
    await Promise.all(Array.from({ length: 4 }, () => hook("one")))
    mkdirSync(join(state, "captures"), { mode: 0o700 })
    writeFileSync(join(state, "captures/one.jsonl"), `{"text":"torn","key":"0123456789abcdef0123456789abcdef"`)
    await Promise.all([1, 2, 3].map(() => run("spool", "drain")))
    const lines = captured("one")
    expect(lines).toHaveLength(4)
    expect(new Set(lines.slice(1).map((line) => (JSON.parse(line) as { readonly key: string }).key)).size).toBe(3)
  })

  it("shows why a record was not taken, and when it is tried again", async () => {
    const handler = join(root, "refuses.mjs")
    writeFileSync(
      handler,
      `import * as Effect from "${pathToFileURL(createRequire(import.meta.url).resolve("effect/Effect")).href.replace("/cjs/", "/esm/")}"
export const handler = () => Effect.succeed({ _tag: "Failed", error: "the database is away" })
`
    )
    const { hook, run } = user({ TETHER_CAPTURE_HANDLER: handler })
    await hook("one")
    expect((await run("spool", "drain")).code).toBe(1)
    const listed = await run("spool", "ls")
    expect(listed.stdout).toMatch(/^waiting .* one-\S+ +in (1m|\d+s)\S* +the database is away$/m)
    const { files, stats } = (await run("spool", "ls", "--json")).json()
    expect(stats).toMatchObject({ ready: 0, waiting: 1 })
    expect(files).toMatchObject([{ retry: { attempts: 1, unsettled: 3, error: "the database is away" } }])
    const doctor = await run("spool", "doctor")
    expect(doctor.stdout).toMatch(/waiting .*next attempt in .*first error: the database is away/s)
    expect(doctor.code).toBe(0)
  })

  it("keeps as evidence what cannot be handed over, and says what is stranded", async () => {
    const { deferrals, files, hook, run } = user()
    await hook("good")
    writeFileSync(join(deferrals, "bad.jsonl"), `{"version":1}\nnot a record\n`)
    writeFileSync(join(deferrals, "newer.jsonl"), `{"version":2}\n`)
    writeFileSync(join(deferrals, "empty.jsonl"), "")
    writeFileSync(join(deferrals, "s.live.jsonl"), `{"version":1}\n`)
    const drained = await run("spool", "drain", "--json")
    expect(drained.code).toBe(1)
    expect(drained.json()).toMatchObject({ inserted: 3, failed: 1, filesDrained: 2, filesFailed: 1, remaining: 1 })
    expect(files()).toEqual(["newer.jsonl", "s.live.jsonl"])
    expect(readFileSync(join(deferrals, "dead/bad.jsonl"), "utf8")).toContain("not a record")
    const doctor = await run("spool", "doctor")
    expect(doctor.code).toBe(1)
    expect(doctor.stdout).toMatch(/dead +bad\.jsonl +record 1: it is not JSON/)
    expect(doctor.stdout).toMatch(/newer +newer\.jsonl/)
    expect((await run("spool", "doctor", "--json")).json()).toMatchObject({
      findings: [{ kind: "dead" }, { kind: "newer" }]
    })
    expect((await run("spool", "replay", "bad.jsonl")).stdout).toContain("1 dead letters")
    expect((await run("spool", "replay", "none.jsonl")).code).toBe(1)
    rmSync(join(deferrals, "bad.jsonl"))
    rmSync(join(deferrals, "newer.jsonl"))
    expect(await run("spool", "doctor")).toMatchObject({ code: 0, stdout: "nothing is stranded\n" })
  })

  it("serves hooks while it runs, takes up what was deferred before, and leaves nothing behind", async () => {
    const { captured, files, hook, run, start, state } = user()
    await hook("before")
    const daemon = start("spool", "serve")
    await until("it listens", () => daemon.stderr().includes("listens at"))
    const socket = join(state, "spool/daemon.sock")
    expect((statSync(socket).mode & 0o777).toString(8)).toBe("600")
    await until(
      "the deferral is taken",
      () => existsSync(join(state, "captures/before.jsonl")) && captured("before").length === 3
    )
    // A hook waits for its answer for 600 ms at most: on a busy machine it may defer.
    let session = "live"
    let result = await hook(session)
    for (let count = 1; result.status === "deferred" && count < 20; count++) {
      session = `live-${count}`
      result = await hook(session)
    }
    expect(result).toEqual({ status: "delivered", events: 3, inserted: 3, reinforced: 0, skipped: 0, failed: 0 })
    expect(captured(session)).toHaveLength(3)
    await until("nothing waits", () => files().length === 0)

    const second = await run("spool", "serve")
    expect(second.code).toBe(1)
    expect(second.stderr).toContain(`process ${daemon.process.pid}`)
    const unlock = await run("spool", "unlock")
    expect(unlock.code).toBe(1)
    expect(unlock.stderr).toContain(String(daemon.process.pid))

    daemon.process.kill("SIGTERM")
    expect((await daemon.ended).code).toBe(0)
    expect(existsSync(socket)).toBe(false)
    expect(await run("spool", "unlock")).toMatchObject({ code: 0 })
    expect(await hook("after")).toMatchObject({ status: "deferred" })
  })

  it("loses nothing of a daemon that is killed, and takes its place at once", async () => {
    const { captured, hook, start } = user()
    for (const session of ["a", "b"]) {
      const daemon = start("spool", "serve")
      await until("it listens", () => daemon.stderr().includes("listens at"))
      await hook(session)
      daemon.process.kill("SIGKILL")
      await daemon.ended
      expect(await hook(`${session}-late`)).toMatchObject({ status: "deferred", because: "ECONNREFUSED" })
    }
    const last = start("spool", "serve")
    await until("all is taken", () =>
      ["a", "a-late", "b", "b-late"].every((session) => {
        try {
          return captured(session).length === 3
        } catch {
          return false
        }
      })
    )
    last.process.kill("SIGTERM")
    await last.ended
  })

  it("writes the files of a service manager, and touches none of somebody else's", async () => {
    const { run, state } = user()
    const installed = await run("spool", "install", "systemd")
    const folder = join(state, ".config/systemd/user")
    expect(installed.stdout).toBe(`${folder}/tether-spool.service\n${folder}/tether-spool.socket\n`)
    expect(readFileSync(join(folder, "tether-spool.service"), "utf8")).toContain(`"spool" "serve"`)
    expect(await run("spool", "uninstall", "systemd")).toMatchObject({ code: 0 })
    expect(readdirSync(folder)).toEqual([])
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, "tether-spool.service"), "[Unit]\n")
    const refused = await run("spool", "install", "systemd")
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain("it is not ours")
    expect(readdirSync(folder)).toEqual(["tether-spool.service"])
  })

  it("makes nothing where its socket cannot be", async () => {
    const { run, state } = user({ TETHER_DAEMON_SOCKET: `/tmp/${"s".repeat(120)}` })
    for (const words of [["serve"], ["install", "systemd"]]) {
      const { code, stderr } = await run("spool", ...words)
      expect(code).toBe(1)
      expect(stderr).toContain("its path is longer than 103 bytes")
    }
    expect(existsSync(state)).toBe(false)
  })

  it("refuses what it does not know", async () => {
    const { run } = user()
    const { code, stderr } = await run("spool", "empty")
    expect(code).toBe(2)
    expect(stderr).toContain("tether spool knows serve, ls, drain")
    expect((await run("spool")).code).toBe(2)
    expect((await run("spool", "--help")).stdout).toContain("doctor")
  })
})
