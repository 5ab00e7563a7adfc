import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Tmux from "../../src/Tmux.js"
import * as TmuxSession from "../../src/TmuxSession.js"
import { eventually, field, inPlace, type Place, whyNot } from "../support/sessions.js"

const program = join(import.meta.dirname, "../../node_modules/.programs/prompt.mjs")

const prompting = ({ exitLogDir, logDir, path }: Place, mode = "", options: Partial<TmuxSession.LaunchOptions> = {}) =>
  TmuxSession.launch({
    identity: "it",
    command: Command.make(process.execPath, program, join(path, "messages"), mode),
    logDir,
    exitLogDir,
    ...options
  })

const messages = ({ path }: Place): ReadonlyArray<string> => {
  try {
    return readFileSync(join(path, "messages"), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as string)
  } catch {
    return []
  }
}

const hasPrompt = (screen: string) => /^>$/m.test(screen)

const ready: TmuxSession.ReadyOptions = { isInputReady: hasPrompt }

describe.skipIf(whyNot !== undefined)("a delivery", () => {
  it.live("of 200 kB with all that a shell, tmux or a terminal could mind arrives as it is", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        const session = yield* prompting(place, "", { ready })
        const part = "$HOME `id` \"double\" 'single' \\n #{pane_id} %d ; 世界 🚀 é\ttab\nnext line\n"
        const text = `${part.repeat(Math.ceil(200_000 / Buffer.byteLength(part)))}the end of it`
        expect(Buffer.byteLength(text)).toBeGreaterThan(200_000)
        yield* session.send(text)
        yield* eventually("it was submitted", () => messages(place).length === 1)
        expect(messages(place)[0] === text).toBe(true)
        expect(place.deliveries().map((line) => line.replace(/ts=\S+ /, ""))).toEqual([
          `identity=it length=${Buffer.byteLength(text)} via=paste landed=true`
        ])
      })
    )
  )

  it.live("that is interrupted before it is pasted is in the log, and nothing of it stays in the server", () =>
    inPlace((place) => {
      const tmux = join(place.path, "tmux")
      // It pastes nothing, so that the text stays in the server until somebody removes it.
      writeFileSync(tmux, `#!/bin/sh\ncase " $* " in *" paste-buffer "*) exec sleep 300;; *) exec tmux "$@";; esac\n`, {
        mode: 0o700
      })
      return Effect.gen(function* () {
        const session = yield* prompting(place, "deaf", { ready })
        const sent = yield* Effect.fork(session.send("hello there"))
        yield* eventually("its text is in the server", () => place.tmux("list-buffers").includes("tether"))
        yield* Fiber.interrupt(sent)
        expect(place.deliveries().map((line) => field(line, "error"))).toEqual(["Interrupted"])
        expect(place.tmux("list-buffers")).toBe("")
      }).pipe(
        Effect.provide(Tmux.layer({ directory: join(place.path, "run"), program: tmux, answerWithin: "60 seconds" }))
      )
    })
  )

  it.live("that is interrupted before it appears is in the log, and nothing of it stays in the server", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        const session = yield* prompting(place, "deaf", { ready })
        let isPasted = false
        const landed = () => {
          isPasted = true
          return false
        }
        const sent = yield* Effect.fork(session.send("hello there", { landed, within: "60 seconds" }))
        yield* eventually("it is looked for", () => isPasted)
        yield* Fiber.interrupt(sent)
        expect(place.deliveries().map((line) => field(line, "error"))).toEqual(["Interrupted"])
        expect(place.tmux("list-buffers")).toBe("")
      })
    )
  )

  it.live("is one of many at once, each whole", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        const session = yield* prompting(place, "", { ready })
        // So few that on a busy machine none waits for its turn until it gives up.
        const texts = Array.from({ length: 3 }, (_, index) => `message number ${index} of many`)
        yield* Effect.forEach(texts, (text) => session.send(text), { concurrency: "unbounded", discard: true })
        yield* eventually("all were submitted", () => messages(place).length === texts.length)
        expect([...messages(place)].sort()).toEqual(texts)
      })
    )
  )

  it.live("that does not appear fails, and the same text from before does not count", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        const session = yield* prompting(place, "deaf", { ready })
        expect(yield* Effect.flip(session.send("hello there", { within: "300 millis" }))).toMatchObject({
          _tag: "DeliveryFailed",
          reason: "NotLanded",
          length: 11
        })
        expect(place.deliveries()).toHaveLength(1)
        expect(field(place.deliveries()[0], "landed")).toBe("false")
        expect(field(place.deliveries()[0], "error")).toBe("NotLanded")
        // Nothing was submitted that nobody has seen.
        expect(messages(place)).toEqual([])
      })
    )
  )

  it.live("of a long text that is shown folded is seen by its mark", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        const session = yield* prompting(place, "folds", { ready })
        const text = "a line\n".repeat(100)
        yield* session.send(text)
        yield* eventually("it was submitted", () => messages(place).length === 1)
        expect(messages(place)).toEqual([text])
      })
    )
  )

  it.live("is refused for what cannot be pasted, and fails for a session that has ended", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        const session = yield* prompting(place, "", { ready })
        expect(yield* Effect.flip(session.send(""))).toMatchObject({ reason: "Refused" })
        expect(yield* Effect.flip(session.send("a\u001b[201~b"))).toMatchObject({ reason: "Refused" })
        yield* session.stop()
        expect(yield* Effect.flip(session.send("hello"))).toMatchObject({ reason: "Gone" })
        expect(place.deliveries()).toHaveLength(3)
      })
    )
  )

  it.live("of a line that the terminal would cut is refused, where the terminal gathers lines", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        const session = yield* place.shell(`echo ready; cat > ${place.path}/read`)
        yield* eventually("it runs", () => place.log().includes("ready"))
        expect(yield* Effect.flip(session.send("x".repeat(4096)))).toMatchObject({ reason: "Refused" })
        yield* session.send(`${"y".repeat(4094)}.\nthe end`)
        yield* eventually("it was read", () => readFileSync(`${place.path}/read`, "utf8").endsWith("the end\n"))
        expect(readFileSync(`${place.path}/read`, "utf8")).toBe(`${"y".repeat(4094)}.\nthe end\n`)
      })
    )
  )

  it.live("leaves the text where it is, if it is not to be submitted", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        const session = yield* prompting(place, "", { ready })
        yield* session.send("first part, ", { submit: [] })
        yield* session.send("second part")
        yield* eventually("it was submitted", () => messages(place).length === 1)
        expect(messages(place)).toEqual(["first part, second part"])
      })
    )
  )

  it.live("reaches the program though a person has scrolled, and so do keys", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        const session = yield* prompting(place, "", { ready })
        place.tmux("copy-mode", "-t", session.pane)
        yield* session.send("one")
        yield* eventually("it was submitted", () => messages(place).length === 1)
        place.tmux("copy-mode", "-t", session.pane)
        yield* session.press("two", "Enter")
        yield* eventually("it was submitted", () => messages(place).length === 2)
        expect(messages(place)).toEqual(["one", "two"])
      })
    )
  )

  it.live("and keys may end with what separates commands of tmux, and so may the identity", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        const session = yield* prompting(place, "", { ready, identity: "x;", exitLogDir: undefined })
        yield* session.press("ab;", ";")
        yield* session.press("Enter")
        yield* session.send("cd;")
        yield* eventually("both were submitted", () => messages(place).length === 2)
        expect(messages(place)).toEqual(["ab;;", "cd;"])
      })
    )
  )

  it.live("has its text in no log", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        const session = yield* prompting(place, "deaf", { ready })
        const secret = "pass-phrase-of-the-test"
        const failed = yield* Effect.flip(session.send(secret, { within: "100 millis" }))
        yield* session.stop()
        const commands = readFileSync(join(place.path, "run", "default.commands"), "utf8")
        for (const text of [failed.message, JSON.stringify(failed), commands, place.exits(), ...place.deliveries()])
          expect(text).not.toContain(secret)
      })
    )
  )
})

describe.skipIf(whyNot !== undefined)("the ready gate", () => {
  it.live("answers a dialog, delivers the first message, and opens when something comes of it", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        yield* prompting(place, "dialog", {
          ready: {
            ...ready,
            dialogs: [{ shows: (screen) => screen.includes("Do you trust"), keys: ["y"] }],
            message: "say hi"
          }
        })
        expect(messages(place)).toEqual(["say hi"])
        expect(place.deliveries()).toHaveLength(1)
      })
    )
  )

  it.live("opens at the prompt where there is no message, or an empty one", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        const session = yield* prompting(place, "", { ready: { ...ready, message: "" } })
        expect(yield* session.screen).toMatch(/^>$/m)
        expect(messages(place)).toEqual([])
      })
    )
  )

  it.live("is told of a program that ends before its prompt", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(
          place.shell("echo starting; printf '\\033[31mcannot log in\\033[0m\\n'; echo bye; exit 3", { ready })
        )
        expect(error).toMatchObject({
          _tag: "SessionNotReady",
          reason: "vanished-during-boot",
          lastLines: ["cannot log in", "bye"]
        })
        expect(place.deaths()).toHaveLength(1)
        expect(field(place.deaths()[0], "dead_status")).toBe("3")
      })
    )
  )

  it.live("gives up on a prompt that does not come, and stops the session", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        // Long enough for a busy machine to have shown all that is expected.
        const error = yield* Effect.flip(
          place.shell("echo one; echo two; echo Log in:; sleep 300", { ready: { ...ready, bootWithin: "5 seconds" } })
        )
        expect(error).toMatchObject({
          _tag: "SessionNotReady",
          reason: "never-became-ready",
          lastLines: ["two", "Log in:"]
        })
        expect(yield* TmuxSession.list).toEqual([])
        expect(field(place.deaths()[0], "reason")).toBe("not-ready")
      })
    )
  )

  it.live("is told of a program that ends at its first message, and has said something", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(
          place.shell("echo '>'; read line; echo bye", {
            ready: {
              ...ready,
              message: "say hi",
              activity: Effect.sync(() => (place.log().includes("bye") && place.deaths().length > 0 ? 1 : 0))
            }
          })
        )
        expect(error).toMatchObject({ _tag: "SessionNotReady", reason: "vanished-during-ready-gate" })
      })
    )
  )

  it.live("is told of a program that ends at its first message", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(prompting(place, "brief", { ready: { ...ready, message: "say hi" } }))
        expect(error).toMatchObject({ _tag: "SessionNotReady", reason: "vanished-during-ready-gate" })
      })
    )
  )

  it.live("gives up when nothing comes of the first message, however much there is on the screen already", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(
          prompting(place, "lazy", {
            ready: {
              ...ready,
              message: "say hi",
              activeWithin: "600 millis",
              activity: Effect.sync(() => place.deaths().length)
            }
          })
        )
        expect(error).toMatchObject({ _tag: "SessionNotReady", reason: "no-activity-after-delivery" })
        expect(messages(place)).toEqual(["say hi"])
      })
    )
  )

  it.live("is not opened by what an earlier session of the name has written", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        yield* (yield* place.shell("echo '>'; exit 0")).ended
        expect(place.log()).toContain(">")
        const error = yield* Effect.flip(place.shell("sleep 300", { ready: { ...ready, bootWithin: "300 millis" } }))
        expect(error).toMatchObject({ reason: "never-became-ready", lastLines: [] })
      })
    )
  )

  it.live("stops the session when whoever waits is interrupted", () =>
    inPlace((place) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(place.shell("echo waiting; sleep 300", { ready }))
        yield* eventually("it runs", () => place.log().includes("waiting"))
        expect(Exit.isInterrupted(yield* Fiber.interrupt(fiber))).toBe(true)
        expect(yield* TmuxSession.list).toEqual([])
        expect(place.deaths()).toHaveLength(1)
      })
    )
  )
})
