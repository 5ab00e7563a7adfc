import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { isAlive, tether } from "../support/tether.js"

let folder = ""
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tether-cli-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe("the exit code is the child's", () => {
  it.each<[script: string, code: number]>([
    ["exit 0", 0],
    ["exit 3", 3],
    ["exit 137", 137],
    ["exit 255", 255],
    ["kill -TERM $$", 143],
    ["kill -KILL $$", 137],
    ["kill -SEGV $$", 139],
    ["kill -HUP $$", 129]
  ])("%s: %i", async (script, code) => {
    expect(await tether(["run", "--", "sh", "-c", script])).toMatchObject({ code, stdout: "" })
  })

  it("says in one line how a child failed, and nothing of one that did not", async () => {
    const failed = await tether(["run", "--label", "build", "--", "sh", "-c", "echo broken >&2; exit 3"])
    expect(failed.stderr).toMatch(
      /^\[build:err\] broken\ntether: "build" \(sh -c 'echo broken >&2; exit 3'\) exited with code 3 after [\d.]+ m?s\n$/
    )
    const signalled = await tether(["run", "--label", "build", "--", "sh", "-c", "kill -9 $$"])
    expect(signalled.stderr).toMatch(
      /^tether: "build" \(sh -c 'kill -9 \$\$'\) was ended by SIGKILL after [\d.]+ m?s\n$/
    )
    const succeeded = await tether(["run", "--", "true"])
    expect(succeeded).toEqual({ code: 0, stdout: "", stderr: "" })
  })
})

describe("a child that cannot be started", () => {
  it("127: there is no such program", async () => {
    const { code, stderr } = await tether(["run", "--", "no-such-program-anywhere"])
    expect(stderr).toMatch(/^tether: cannot start "no-such-program-anywhere": .*\(ENOENT\)\n$/)
    expect(code).toBe(127)
  })

  it("126: it may not be executed", async () => {
    const file = join(folder, "plain.txt")
    writeFileSync(file, "no program")
    const { code, stderr } = await tether(["run", "--", file])
    expect(stderr).toMatch(/^tether: cannot start .*\(EACCES\)\n$/)
    expect(code).toBe(126)
  })

  it("126: it is a directory", async () => {
    expect(await tether(["run", "--", folder])).toMatchObject({ code: 126 })
  })

  it("127: its interpreter does not exist", async () => {
    const file = join(folder, "script")
    writeFileSync(file, "#!/no/such/interpreter\n", { mode: 0o755 })
    expect(await tether(["run", "--", file])).toMatchObject({ code: 127 })
  })

  it("2: it has no name", async () => {
    expect(await tether(["run", "--", ""])).toMatchObject({ code: 2, stderr: expect.stringContaining("no name") })
  })

  it("2: its name is too long for the system", async () => {
    const { code, stderr } = await tether(["run", "--", `${folder}/${"x".repeat(5000)}`])
    expect(stderr).toMatch(/^tether: cannot start /)
    expect(code).toBe(2)
  })
})

describe("leftovers", () => {
  it("what the command leaves in its group is stopped and named", async () => {
    const script = "sleep 300 >/dev/null 2>&1 & echo pid=$!"
    const { code, stderr, stdout } = await tether(["run", "--label", "x", "--", "sh", "-c", script])
    const pid = Number(/pid=(\d+)/.exec(stdout)?.[1])
    expect(pid).toBeGreaterThan(0)
    expect(isAlive(pid)).toBe(false)
    expect(stderr).toMatch(new RegExp(`^tether: warn: "x" ended and left a process alive: ${pid} \\(sleep\\)`))
    expect(code).toBe(0)
  })
})
