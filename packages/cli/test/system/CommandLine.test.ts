import { describe, expect, it } from "vitest"
import { bin, startProgram, tether } from "../support/tether.js"

describe("words about itself", () => {
  it("--help shows how it is used, without a terminal's colours", async () => {
    const { code, stderr, stdout } = await tether(["--help"])
    expect(code).toBe(0)
    expect(stderr).toBe("")
    expect(stdout).toContain("tether run [options] -- COMMAND ARGS…")
    for (const command of ["run", "ps", "reap", "doctor"])
      expect(stdout).toMatch(new RegExp(`^  ${command} +[A-Z]`, "m"))
    expect(stdout).not.toContain("\x1b")
  })

  it.each([
    ["run", "--help"],
    ["run", "-h"],
    ["run", "--json", "--help"]
  ])("%s %s shows every option", async (...words) => {
    const { code, stdout } = await tether(words)
    expect(code).toBe(0)
    for (const option of [
      "--label NAME",
      "--kill-after DURATION",
      "--redact NAME",
      "--stdin",
      "--no-prefix",
      "--json"
    ]) {
      expect(stdout).toContain(option)
    }
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(120)
  })

  it.each([
    ["ps", ["--tree", "--json"]],
    ["reap", ["--dry-run", "--grace DURATION", "--json"]],
    ["doctor", ["--json"]]
  ])("%s --help shows its own options", async (command, options) => {
    const { code, stderr, stdout } = await tether([command, "--help"])
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    expect(stdout).toContain(`Usage: tether ${command} [options]`)
    for (const option of options) expect(stdout).toContain(`  ${option}`)
    expect(stdout).not.toContain("--kill-after")
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(120)
  })

  it("--version shows the package's version", async () => {
    expect(await tether(["--version"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\S*\n$/)
    })
  })

  it("--completions writes a script for a shell", async () => {
    const { code, stdout } = await tether(["--completions", "bash"])
    expect(code).toBe(0)
    expect(stdout).toContain("\ncomplete -F _tether tether\n")
  })
})

describe("the program", () => {
  it("ends with the code of words that make no sense", async () => {
    expect(await tether(["run", "--nonsense", "--", "ls"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("usage:")
    })
  })
})

describe("what stands behind -- is the command's", () => {
  it("whatever it looks like", async () => {
    const words = [
      "--help",
      "-h",
      "--version",
      "--wizard",
      "--log-level",
      "debug",
      "--completions",
      "bash",
      "--label",
      "x",
      "--json",
      "--",
      "run",
      "",
      " ",
      "*",
      "$HOME",
      "--redact=NOPE",
      "-"
    ]
    const print = "console.log(JSON.stringify(process.argv.slice(1)))"
    const { code, stdout } = await tether(["run", "--no-prefix", "--", process.execPath, "-e", print, "--", ...words])
    expect(JSON.parse(stdout)).toEqual(words)
    expect(code).toBe(0)
  })

  it("and what a shell opens for it reaches it", async () => {
    const line = `"$0" "$1" run --no-prefix -- cat <(echo one) <(echo two)`
    expect(await startProgram("bash", ["-c", line, process.execPath, bin]).ended).toMatchObject({
      code: 0,
      stdout: "one\ntwo\n"
    })
  })

  it("a program may be called like an option, or like our command", async () => {
    expect(await tether(["run", "--", "--help"])).toMatchObject({
      code: 127,
      stderr: expect.stringContaining(`"--help"`)
    })
    expect(await tether(["run", "--", "run"])).toMatchObject({ code: 127, stderr: expect.stringContaining(`"run"`) })
  })
})
