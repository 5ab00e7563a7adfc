import { existsSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { bin, program, isAlive, start, startProgram, tether, until } from "../support/tether.js"

const sh = (script: string, ...options: Array<string>) => ["run", ...options, "--", "sh", "-c", script]

describe("lines", () => {
  it("are relayed with the label and the stream, each to where it belongs", async () => {
    const { stderr, stdout } = await tether(sh("echo one; echo two >&2; echo three; printf four", "--label", "x"))
    expect(stdout).toBe("[x:out] one\n[x:out] three\n[x:out] four\n")
    expect(stderr).toBe("[x:err] two\n")
  })

  it("have the program's name for a label where none is given", async () => {
    expect(await tether(["run", "--", "echo", "a", "b"])).toMatchObject({ stdout: "[echo:out] a b\n" })
  })

  it("arrive while the child lives", async () => {
    const started = start(sh("echo early; sleep 300", "--label", "x"))
    await until("the line", () => started.stdout() === "[x:out] early\n")
    started.process.kill("SIGTERM")
    expect((await started.ended).code).toBe(143)
  })

  it("--no-prefix leaves them as they are, also where the label needs to be made harmless", async () => {
    const { stderr, stdout } = await tether(
      sh("echo '[x:out] y'; echo two >&2", "--no-prefix", "--label", "a\x1b[31mb\nc:out] ")
    )
    expect(stdout).toBe("[x:out] y\n")
    expect(stderr).toBe("two\n")
  })

  it("carry no control sequence, and no colour where there is no terminal", async () => {
    const script = String.raw`printf '\033[31mred\033[0m \033]0;title\007 \033[2J bell\007\n'`
    const { stdout } = await tether(sh(script, "--label", "x\x1b[2Jy"))
    expect(stdout).toBe("[xy:out] red   bell␇\n")
  })
})

describe("--raw", () => {
  const bytesOf = async (...words: ReadonlyArray<string>) => {
    const started = start(["run", "--raw", ...words], { ownStdout: true })
    const pieces: Array<Uint8Array> = []
    started.process.stdout?.on("data", (piece: Uint8Array) => pieces.push(piece))
    const { code, stderr } = await started.ended
    await until("the end of stdout", () => started.process.stdout?.readableEnded === true)
    return { code, stderr, bytes: Buffer.concat(pieces) }
  }

  it("passes on every byte as it was written, half characters and half lines too", async () => {
    const script = String.raw`printf '\033[31mred\r\n\377\000half'; printf 'of stderr' >&2; exit 3`
    const { bytes, code, stderr } = await bytesOf("--", "sh", "-c", script)
    expect(bytes).toEqual(Buffer.from("\x1b[31mred\r\n\xff\x00half", "latin1"))
    expect(stderr).toMatch(/^of stderrtether: "sh" .* exited with code 3/)
    expect(code).toBe(3)
    const large = await bytesOf("--", "cat", process.execPath)
    expect(large.bytes.equals(readFileSync(process.execPath))).toBe(true)
  })

  it("ends a command whose reader goes away", async () => {
    const line = `'${process.execPath}' '${bin}' run --raw -- yes | head -n 1; echo done`
    expect((await startProgram("sh", ["-c", line]).ended).stdout).toBe("y\ndone\n")
  })

  it("is refused together with --redact, which would change the bytes", async () => {
    const { code, stderr } = await tether(["run", "--raw", "--redact", "HOME", "--", "true"])
    expect(code).toBe(2)
    expect(stderr).toContain("give one of them")
  })
})

describe("stdin", () => {
  it("is empty by default", async () => {
    expect(await tether(["run", "--", "cat"], { input: "hello\n" })).toEqual({ code: 0, stdout: "", stderr: "" })
  })

  it("is ours with --stdin, to the last byte", async () => {
    const { stdout } = await tether(["run", "--no-prefix", "--stdin", "--", "wc", "-c"], {
      input: new Uint8Array(5_000_000)
    })
    expect(stdout.trim()).toBe("5000000")
  })
})

describe("--redact", () => {
  it("replaces a secret in lines, label, messages and report", async () => {
    const env = { TOKEN: "s3cret", OTHER: "hidden" }
    const words = [
      "run",
      "--json",
      "--redact",
      "TOKEN",
      "--redact",
      "OTHER",
      "--",
      "sh",
      "-c",
      "echo $TOKEN s3cret; echo hidden >&2; exit 1"
    ]
    const { code, stderr, stdout } = await tether(words, { env })
    expect(code).toBe(1)
    expect(stdout + stderr).not.toMatch(/s3cret|hidden/)
    expect(stderr).toContain("<redacted>")
    expect(JSON.parse(stdout)).toMatchObject({
      stdout: { tail: "<redacted> <redacted>\n" },
      stderr: { tail: "<redacted>\n" }
    })
  })

  it("replaces it in the message of a failed start", async () => {
    const { stderr } = await tether(["run", "--redact", "TOKEN", "--", "/no/s3cret/x"], { env: { TOKEN: "s3cret" } })
    expect(stderr).toContain("<redacted>")
    expect(stderr).not.toContain("s3cret")
  })
})

describe("--json", () => {
  it("writes the report to stdout, alone and in one line, and all lines to stderr", async () => {
    const { code, stderr, stdout } = await tether(sh("echo one; echo two >&2; exit 4", "--json", "--label", "x"))
    expect(code).toBe(4)
    expect(stdout.split("\n")).toHaveLength(2)
    expect(JSON.parse(stdout)).toMatchObject({
      label: "x",
      status: { _tag: "Exited", code: 4 },
      endedBy: "child",
      durationMillis: expect.any(Number),
      drained: { _tag: "Eof" },
      stdout: { bytes: 4, lines: 1, tail: "one\n" },
      stderr: { bytes: 4, lines: 1, tail: "two\n" },
      leftovers: []
    })
    expect(stderr).toContain("[x:out] one\n")
    expect(stderr).toContain("[x:err] two\n")
  })

  it("writes the error where there is no report", async () => {
    const { code, stdout } = await tether(["run", "--json", "--", "no-such-program-anywhere"])
    expect(code).toBe(127)
    expect(JSON.parse(stdout)).toMatchObject({ _tag: "SpawnError", reason: "NotFound", code: "ENOENT" })
  })
})

describe("readers", () => {
  const numbered = (count: number) => [
    "run",
    "--label",
    "n",
    "--",
    process.execPath,
    program("numbered-lines.mjs"),
    String(count)
  ]

  /** The first line that is not as it was written, or is missing, or is one too many. */
  const firstWrong = (text: string, count: number, prefix: string): string | undefined => {
    const lines = text.split("\n")
    for (let i = 0; i < count; i++) {
      if (lines[i] !== `${prefix}${String(i).padStart(10, "0")} ${"x".repeat(73)}`) return `line ${i}: ${lines[i]}`
    }
    return lines.length === count + 1 ? undefined : `${lines.length} lines`
  }

  it("a slow one loses no line of 20 MB", async () => {
    const count = 240_000
    const started = start(numbered(count), { ownStdout: true })
    let text = ""
    for await (const chunk of started.process.stdout as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString("latin1")
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect((await started.ended).code).toBe(0)
    expect(firstWrong(text, count, "[n:out] ")).toBeUndefined()
  })

  it("one that pauses loses nothing either, though the child ended long before", async () => {
    // More than the pipe to the reader takes, and less than all that is between it and the child.
    const count = 5000
    const script = `echo pid=$$ >&2; exec '${process.execPath}' '${program("numbered-lines.mjs")}' ${count}`
    const started = start(sh(script, "--no-prefix"), { ownStdout: true })
    const pid = await until("the pid", () => /pid=(\d+)/.exec(started.stderr())?.[1])
    await until("the child's end", () => !isAlive(Number(pid)))
    // Longer than the library's own patience with a consumer that takes nothing: five seconds.
    await new Promise((resolve) => setTimeout(resolve, 6000))
    let text = ""
    for await (const chunk of started.process.stdout as AsyncIterable<Uint8Array>) text += Buffer.from(chunk).toString()
    expect(firstWrong(text, count, "")).toBeUndefined()
    expect((await started.ended).code).toBe(0)
  })

  it("one that goes away ends the child, quietly", async () => {
    const started = start(sh("echo $$; exec yes", "--label", "y"), { ownStdout: true })
    const pid = await new Promise<number>((resolve) =>
      started.process.stdout?.once("data", (chunk) => {
        resolve(Number(/out\] (\d+)/.exec(String(chunk))?.[1]))
        started.process.stdout?.destroy()
      })
    )
    expect(pid).toBeGreaterThan(0)
    expect(await started.ended).toMatchObject({ code: 141, stderr: "" })
    expect(isAlive(pid)).toBe(false)
  })

  it("one that goes away ends also a child that ignores SIGPIPE, and its last words on stderr arrive", async () => {
    const script = "trap '' PIPE; trap 'echo bye >&2; exit 7' TERM; while :; do echo y; sleep 0.01; done"
    const started = start(sh(script, "--label", "y", "--kill-after", "10m"), { ownStdout: true })
    started.process.stdout?.once("data", () => started.process.stdout?.destroy())
    expect(await started.ended).toMatchObject({ code: 7, stderr: expect.stringContaining("[y:err] bye\n") })
  })

  if (!existsSync("/dev/full")) console.warn("skipped: a full disk, because there is no /dev/full")
  it.skipIf(!existsSync("/dev/full"))("one that cannot take it ends the child, and is named", async () => {
    const script = `exec '${process.execPath}' '${bin}' run --label y -- sh -c 'echo $$ >&2; exec yes' > /dev/full`
    const { code, stderr } = await startProgram("sh", ["-c", script]).ended
    // What comes from different streams is in no certain order.
    expect(stderr.trimEnd().split("\n").toSorted()).toEqual([
      expect.stringMatching(/^\[y:err\] \d+$/),
      expect.stringMatching(/^tether: cannot write to stdout: ENOSPC.*; the command was stopped for that$/)
    ])
    expect(isAlive(Number(/err\] (\d+)/.exec(stderr)?.[1]))).toBe(false)
    expect(code).toBe(141)
  })

  it.skipIf(!existsSync("/dev/full"))("one that cannot take it does not end a child that has ended", async () => {
    const script = `exec '${process.execPath}' '${bin}' run --label y -- sh -c 'echo hi; exit 3' > /dev/full`
    const { code, stderr } = await startProgram("sh", ["-c", script]).ended
    expect(stderr).toMatch(/^tether: cannot write to stdout: ENOSPC/m)
    // Where the machine is slow, the child may still be there.
    expect(stderr.includes("stopped for that")).toBe(code === 141)
  })

  it.skipIf(!existsSync("/dev/full"))(
    "a stderr that cannot take it ends the child, and is named on stdout",
    async () => {
      const script = `exec '${process.execPath}' '${bin}' run --label y -- sh -c 'echo no >&2; exec sleep 300' 2> /dev/full`
      const { code, stdout } = await startProgram("sh", ["-c", script]).ended
      expect(stdout).toMatch(/^tether: cannot write to stderr: ENOSPC.*; the command was stopped for that\n$/)
      expect(code).toBe(141)
    }
  )

  it.skipIf(!existsSync("/dev/full"))(
    "a stderr that cannot take it leaves stdout to the report with --json",
    async () => {
      const script = `exec '${process.execPath}' '${bin}' run --json -- sh -c 'echo no >&2; exec sleep 300' 2> /dev/full`
      const { code, stdout } = await startProgram("sh", ["-c", script]).ended
      expect(JSON.parse(stdout)).toMatchObject({ status: { _tag: "Signaled", signal: "SIGPIPE" } })
      expect(code).toBe(141)
    }
  )
})
