/**
 * The log of a session, as a real tmux and a shell write it.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { logWriterCommand, type LogWriterOptions } from "../../src/internal/logWriter.js"
import { make, missing, type Server } from "../support/server.js"

if (missing !== undefined) console.warn(`skipped: the log of a session, because ${missing}`)

const lost = "[tether: output was lost here]"

/**
 * A pane that runs a script once its output goes to the writer; what the terminal makes of newlines is switched off. It
 * stays until it gets another Enter: of a pane that ends at once tmux itself may lose the last kilobytes, also with a
 * plain `cat`.
 */
const piped = (server: Server, script: string, options: LogWriterOptions) =>
  Effect.gen(function* () {
    const ready = join(server.directory, "ready")
    const program = `PATH=/usr/bin:/bin; stty -opost -echo; : >${ready}; read -r line; ${script}; read -r line`
    const pane = yield* server.session("-s", "s", "/bin/sh", "-c", program)
    yield* server.until("the terminal echoes nothing", () => existsSync(ready))
    rmSync(ready)
    writeFileSync(options.done, "")
    yield* server.run("pipe-pane", "-t", pane, logWriterCommand(options))
    yield* server.run("send-keys", "-t", pane, "Enter")
    return pane
  })

/** Lets the pane go once its last output is in the log, and the writer has ended. */
const complete = (server: Server, pane: string, options: LogWriterOptions, last: string) =>
  Effect.gen(function* () {
    yield* server.until("the last of the output is in the log", () => textOf(kept(options)).endsWith(last))
    expect(existsSync(options.done)).toBe(true)
    yield* server.run("send-keys", "-t", pane, "Enter")
    yield* server.until("the writer has ended", () => !existsSync(options.done))
    yield* server.until(
      "the session is gone",
      async () => (await Effect.runPromise(server.run("list-sessions"))) === ""
    )
  })

const numbers = (count: number): string => Array.from({ length: count }, (_, index) => `${index + 1}\n`).join("")

/** All that is kept, the oldest first. */
const kept = ({ file, keep = 2 }: LogWriterOptions): ReadonlyArray<string> =>
  [...Array.from({ length: keep }, (_, index) => `${file}.${keep - index}`), file].filter((each) => existsSync(each))

const textOf = (files: ReadonlyArray<string>): string => files.map((file) => readFileSync(file, "latin1")).join("")

const differs = (found: string, wanted: string) =>
  found === wanted
    ? undefined
    : `${found.length} bytes instead of ${wanted.length}: ${JSON.stringify(found.slice(0, 100))}`

describe.skipIf(missing !== undefined)("the output of a pane", () => {
  it.scopedLive("is complete and in order, ten of ten", () =>
    Effect.gen(function* () {
      const server = yield* make
      const wanted = numbers(200_000)
      for (let round = 0; round < 10; round++) {
        const options = {
          file: join(server.directory, `${round}.log`),
          done: join(server.directory, `${round}.open`)
        }
        const pane = yield* piped(server, "seq 1 200000", options)
        yield* complete(server, pane, options, "\n200000\n")
        expect(differs(textOf([options.file]), wanted)).toBeUndefined()
      }
      expect(statSync(join(server.directory, "0.log")).mode & 0o777).toBe(0o600)
    })
  )

  it.scopedLive("loses no byte at the turn of a rotation", () =>
    Effect.gen(function* () {
      const server = yield* make
      const options = {
        file: join(server.directory, "s.log"),
        done: join(server.directory, "open"),
        maxBytes: 256 * 1024,
        keep: 99
      }
      const pane = yield* piped(server, "seq 1 400000", options)
      yield* complete(server, pane, options, "\n400000\n")
      expect(differs(textOf(kept(options)), numbers(400_000))).toBeUndefined()
      expect(kept(options).length).toBeGreaterThanOrEqual(11)
      for (const file of kept(options)) expect(statSync(file).size).toBeLessThanOrEqual(options.maxBytes)
    })
  )

  it.scopedLive("is rotated into two files, the youngest of which is .1", () =>
    Effect.gen(function* () {
      const server = yield* make
      const options = {
        file: join(server.directory, "s.log"),
        done: join(server.directory, "open"),
        maxBytes: 64 * 1024
      }
      const pane = yield* piped(server, "seq 1 100000", options)
      yield* complete(server, pane, options, "\n100000\n")
      expect(
        readdirSync(server.directory)
          .filter((name) => name.startsWith("s.log"))
          .sort()
      ).toEqual(["s.log", "s.log.1", "s.log.2"])
      const text = textOf(kept(options))
      expect(text.length).toBeGreaterThan(128 * 1024 - 3 * 8192)
      expect(numbers(100_000).endsWith(text)).toBe(true)
    })
  )

  it.scopedLive("begins a new file where the old one is full, and goes on with one that is not", () =>
    Effect.gen(function* () {
      const server = yield* make
      for (const [name, before, files] of [
        ["full", "x".repeat(70_000), 2],
        ["half", "half\n", 1]
      ] as const) {
        const options = {
          file: join(server.directory, `${name}.log`),
          done: join(server.directory, `${name}.open`),
          maxBytes: 64 * 1024
        }
        writeFileSync(options.file, before)
        const pane = yield* piped(server, "echo new", options)
        yield* complete(server, pane, options, "new\n")
        expect(kept(options).length).toBe(files)
        expect(textOf(kept(options))).toBe(`${before}new\n`)
      }
    })
  )

  it.scopedLive("is in the log as soon as it is there", () =>
    Effect.gen(function* () {
      const server = yield* make
      const options = { file: join(server.directory, "s.log"), done: join(server.directory, "open") }
      const pane = yield* piped(server, 'while read -r line; do echo "$line"; done', options)
      let wanted = ""
      for (const word of ["one", "two", "three"]) {
        yield* server.run("send-keys", "-t", pane, "-l", word, ";", "send-keys", "-t", pane, "Enter")
        wanted += `${word}\n`
        yield* server.until(
          `${word} is in the log`,
          () => existsSync(options.file) && textOf([options.file]) === wanted
        )
      }
      expect(existsSync(options.done)).toBe(true)
    })
  )

  it.scopedLive("goes to any file", () =>
    Effect.gen(function* () {
      const server = yield* make
      const directory = join(server.directory, `it's "so" 100%H #{pane_id} #[x] ##`)
      mkdirSync(directory)
      for (const name of ["$(id) `id` \\n", "a\nb\n", "; é漢🚀 %", "%%#%d'"]) {
        const options = { file: join(directory, name), done: join(directory, `${name}!`) }
        const pane = yield* piped(server, "echo out", options)
        yield* complete(server, pane, options, "out\n")
        expect(textOf([options.file])).toBe("out\n")
      }
      expect(readdirSync(directory).length).toBe(4)
    })
  )

  it.scopedLive("that is on its way when the server is ended is written", () =>
    Effect.gen(function* () {
      const server = yield* make
      const options = { file: join(server.directory, "s.log"), done: join(server.directory, "open") }
      yield* piped(server, "echo last; sleep 1000", options)
      yield* server.until("the log has begun", () => existsSync(options.file) && textOf([options.file]) !== "")
      yield* server.run("kill-server")
      yield* Effect.promise(() => until(() => !existsSync(options.done)))
      expect(textOf([options.file])).toBe("last\n")
    })
  )
})

const until = async (holds: () => boolean): Promise<void> => {
  const deadline = Date.now() + 60_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not within 60 seconds: ${holds}`)
    await sleep(5)
  }
}

/** A writer whose input is in our hands, run as tmux runs it. */
const writer = (options: LogWriterOptions, shell = "/bin/sh") => {
  writeFileSync(options.done, "")
  const script = logWriterCommand(options).replaceAll("%%", "%")
  const child = spawn(shell, ["-c", script], {
    argv0: "sh",
    env: { PATH: "/nonexistent" },
    stdio: ["pipe", "ignore", "ignore"]
  })
  const closed = once(child, "close")
  return {
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    write: (text: string) =>
      new Promise<void>((resolve, reject) =>
        child.stdin.write(text, "latin1", (error) => (error ? reject(error) : resolve()))
      ),
    end: async () => {
      child.stdin.end()
      expect(await closed).toEqual([0, null])
      expect(existsSync(options.done)).toBe(false)
    },
    // Of a test that has failed.
    abandon: () => child.kill("SIGKILL")
  }
}

const within = async (run: (directory: string) => Promise<void>): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), "tether-writer-"))
  try {
    await run(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Why no small disk can be had; undefined where one can. */
const noDisk = ((): string | undefined => {
  const directory = mkdtempSync(join(tmpdir(), "tether-disk-"))
  try {
    const { error, status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tether", directory], {
      encoding: "utf8"
    })
    if (error !== undefined) return error.message
    if (status !== 0) return stderr.trim()
    execFileSync("umount", [directory])
    return undefined
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})()
if (noDisk !== undefined)
  console.warn(`skipped: the log on a disk that is full, because none can be mounted: ${noDisk}`)

describe.each(["/bin/dash", "/bin/bash"])("a writer, run by %s", (shell) => {
  const absent = !existsSync(shell)
  if (absent) console.warn(`skipped: the writer of a log in ${shell}, because there is none`)

  it.skipIf(absent || noDisk !== undefined)(
    "takes all that comes while the disk is full, and says that something is lost",
    () =>
      within(async (directory) => {
        const disk = join(directory, "disk")
        mkdirSync(disk)
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tether", disk])
        const options = { file: join(disk, "s.log"), done: join(directory, "open") }
        const { abandon, end, write } = writer(options, shell)
        try {
          await write("begin\n")
          await until(() => existsSync(options.file) && textOf([options.file]) === "begin\n")
          const ballast = join(disk, "ballast")
          spawnSync("dd", ["if=/dev/zero", `of=${ballast}`, "bs=4096"], { stdio: "ignore" })
          // More than any pipe holds: whoever wrote it was not held up.
          for (let count = 0; count < 64; count++) await write("lost\n".repeat(13_107))
          expect(statSync(options.file).size).toBeLessThan(8192)
          rmSync(ballast)
          let sent = ""
          await until(() => {
            const next = `${sent.length}.`
            sent += next
            void write(next)
            return textOf([options.file]).includes(lost)
          })
          await write("\nlast\n")
          await end()
          const text = textOf([options.file])
          const parts = text.split(`\n${lost}\n`)
          expect(parts.length).toBe(2)
          // A block is lost as a whole, wherever in a line it ends; and some were still on their way when there was
          // room again.
          expect(parts[0]).toMatch(/^begin\n[lost\n]*$/)
          expect(parts[1]).toMatch(/^[lost\n]*[0-9.]*\nlast\n$/)
        } finally {
          abandon()
          execFileSync("umount", ["-l", disk])
        }
      })
  )

  it.skipIf(absent || noDisk !== undefined)("ends also when the disk stays full", () =>
    within(async (directory) => {
      const disk = join(directory, "disk")
      mkdirSync(disk)
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tether", disk])
      const { abandon, end, write } = writer({ file: join(disk, "s.log"), done: join(directory, "open") }, shell)
      try {
        for (let count = 0; count < 64; count++) await write("x".repeat(65_536))
        await end()
      } finally {
        abandon()
        execFileSync("umount", ["-l", disk])
      }
    })
  )

  it.skipIf(absent)("goes on without its directory, and in a new one", () =>
    within(async (directory) => {
      const logs = join(directory, "logs")
      mkdirSync(logs)
      const options = { file: join(logs, "s.log"), done: join(directory, "open") }
      const { abandon, end, write } = writer(options, shell)
      try {
        await write("begin\n")
        await until(() => existsSync(options.file) && textOf([options.file]) === "begin\n")
        rmSync(logs, { recursive: true })
        for (let count = 0; count < 64; count++) await write("lost\n".repeat(13_107))
        expect(existsSync(logs)).toBe(false)
        mkdirSync(logs)
        await until(() => {
          void write("more\n")
          return existsSync(options.file)
        })
        await write("last\n")
        await end()
        expect(textOf([options.file])).toMatch(/^\n\[tether: output was lost here\]\n[lostmre\n]*last\n$/)
      } finally {
        abandon()
      }
    })
  )

  it.skipIf(absent)("says at the end, where it could before, that something is lost", () =>
    within(async (directory) => {
      const logs = join(directory, "logs")
      const options = { file: join(logs, "s.log"), done: join(directory, "open") }
      const { abandon, end, write } = writer(options, shell)
      try {
        for (let count = 0; count < 64; count++) await write("lost\n".repeat(13_107))
        mkdirSync(logs)
        await end()
        expect(textOf([options.file])).toContain(`\n${lost}\n`)
      } finally {
        abandon()
      }
    })
  )

  it.skipIf(absent)("is ended by its input alone", () =>
    within(async (directory) => {
      const options = { file: join(directory, "s.log"), done: join(directory, "open") }
      const { abandon, end, kill, write } = writer(options, shell)
      try {
        await write("begin\n")
        await until(() => existsSync(options.file) && textOf([options.file]) === "begin\n")
        for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) kill(signal)
        await write("end\n")
        await end()
        expect(textOf([options.file])).toBe("begin\nend\n")
      } finally {
        abandon()
      }
    })
  )

  it.skipIf(absent)("keeps every byte of many small pieces", () =>
    within(async (directory) => {
      const options = { file: join(directory, "s.log"), done: join(directory, "open"), maxBytes: 20_000, keep: 9 }
      const { abandon, end, write } = writer(options, shell)
      try {
        let wanted = ""
        for (let count = 0; count < 5000; count++) {
          const piece = `${count}\0\xff`
          wanted += piece
          await write(piece)
        }
        await end()
        expect(differs(textOf(kept(options)), wanted)).toBeUndefined()
        expect(kept(options).length).toBeGreaterThan(1)
      } finally {
        abandon()
      }
    })
  )
})

describe("an input that cannot be read", () => {
  it("ends the writer, and does not make it turn in circles", () =>
    within(async (directory) => {
      const options = { file: join(directory, "s.log"), done: join(directory, "open") }
      writeFileSync(options.done, "")
      // A directory is none.
      const script = `exec <"${directory}"; ${logWriterCommand(options).replaceAll("%%", "%")}`
      const { status } = spawnSync("/bin/sh", ["-c", script], {
        timeout: 60_000,
        killSignal: "SIGKILL",
        stdio: "ignore"
      })
      expect(status).toBe(0)
      expect(existsSync(options.done)).toBe(false)
    }))
})
