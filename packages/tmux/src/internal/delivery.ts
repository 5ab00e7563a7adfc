/**
 * Texts to a pane. They go through a buffer of tmux, so that no key binding, shell or parser sees them.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as ActiveTime from "@tether/host/ActiveTime"
import * as FileLock from "@tether/host/FileLock"
import * as Logfmt from "@tether/host/Logfmt"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as RotatingFile from "@tether/host/RotatingFile"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { DeliveryFailed } from "../DeliveryFailed.js"
import type { TmuxFailed } from "../TmuxFailed.js"
import type { Facts } from "./facts.js"
import { press, screenOf, withoutMode } from "./pane.js"
import type { TmuxService } from "./tmux.js"
import { failingWithin, pause } from "./within.js"

/**
 * How a text is delivered.
 *
 * - `submit`: the keys that are pressed once it has landed, by tmux's names. Default `["Enter"]`; `[]` leaves it where
 *   it is.
 * - `landed`: whether it has landed, from the screen before and now. Default: the end of the text appears, or a mark
 *   such as `[Pasted text #1` by which agents show that they have taken a long one.
 * - `within`: how long that may take. Default 4 seconds.
 *
 * @example
 * ```ts
 * import type { SendOptions } from "@tether/tmux/TmuxSession"
 *
 * const silent: SendOptions = { landed: (_before, now) => now.includes("received") }
 * ```
 */
export interface SendOptions {
  readonly submit?: ReadonlyArray<string> | undefined
  readonly landed?: ((before: string, now: string) => boolean) | undefined
  readonly within?: Duration.DurationInput | undefined
}

type Files = FileSystem.FileSystem | ProcessIdentity

const endOfPaste = "\u001b[201~"

const lookEvery = Duration.millis(50)

/** What comes between the paste and the keys that submit it. */
interface Hooks {
  readonly beforeSubmit: Effect.Effect<void>
  readonly isAlive: Effect.Effect<boolean>
}

/** One line of `delivery.log` for each attempt, whatever becomes of it. */
export const deliver = (
  tmux: TmuxService,
  facts: Facts,
  text: string,
  options: SendOptions,
  hooks: Hooks
): Effect.Effect<void, DeliveryFailed, Files> => {
  const length = new TextEncoder().encode(text).length
  const failed = (reason: DeliveryFailed["reason"], problem: string) =>
    new DeliveryFailed({ reason, identity: facts.identity, length, problem })
  const problem =
    text === ""
      ? "there is nothing to deliver"
      : text.includes(endOfPaste)
        ? "it has the end mark of a paste in it"
        : undefined
  return (
    problem === undefined ? inTurn(tmux, facts, text, options, hooks, failed) : Effect.fail(failed("Refused", problem))
  ).pipe(
    Effect.onExit((exit) =>
      note(facts, length, Exit.match(exit, { onSuccess: () => undefined, onFailure: whatFailed }))
    )
  )
}

const whatFailed = (cause: Cause.Cause<DeliveryFailed>): string =>
  Option.match(Cause.failureOption(cause), {
    onNone: () => (Cause.isInterrupted(cause) ? "Interrupted" : "Failed"),
    onSome: ({ reason }) => reason
  })

/** Two texts at once would be one. Another program may have the turn, and takes real time. */
const inTurn = (
  tmux: TmuxService,
  facts: Facts,
  text: string,
  options: SendOptions,
  hooks: Hooks,
  failed: (reason: DeliveryFailed["reason"], problem: string) => DeliveryFailed
): Effect.Effect<void, DeliveryFailed, Files> =>
  FileLock.acquire(`${facts.unwritten}.delivery`, {
    label: "delivery",
    wait: "10 seconds",
    pollEvery: "20 millis"
  }).pipe(
    Effect.withClock(ActiveTime.clock),
    Effect.catchTags({
      LockHeld: (error) => Effect.fail(failed("Busy", error.message)),
      FileError: (error) => Effect.fail(failed("Failed", error.message))
    }),
    Effect.zipRight(paste(tmux, facts, text, options, hooks, failed)),
    Effect.scoped
  )

const paste = (
  tmux: TmuxService,
  { pane, unwritten }: Facts,
  text: string,
  { landed = hasLanded(text), submit = ["Enter"], within = "4 seconds" }: SendOptions,
  { beforeSubmit, isAlive }: Hooks,
  failed: (reason: DeliveryFailed["reason"], problem: string) => DeliveryFailed
): Effect.Effect<void, DeliveryFailed> => {
  // Not by the identity, in which there may be anything that tmux has a meaning for.
  const buffer = `tether-${unwritten.slice(unwritten.lastIndexOf("/") + 1)}`
  const gone = failed("Gone", "the session has ended")
  const waitUntilLanded = (before: string) =>
    Effect.gen(function* () {
      while (!landed(before, yield* screenOf(tmux, pane))) {
        if (!(yield* isAlive)) return yield* gone
        yield* pause(lookEvery)
      }
    }).pipe(
      failingWithin(within, () =>
        failed("NotLanded", `it was pasted, and did not appear within ${Duration.format(Duration.decode(within))}`)
      )
    )
  return Effect.gen(function* () {
    if (!(yield* isAlive)) return yield* gone
    if (longestLine(text) > mostOfLine && (yield* readsLines(tmux, pane))) return yield* failed("Refused", tooLong)
    const before = yield* screenOf(tmux, pane)
    // A program that has asked for it is told where the paste begins and ends (-p), and gets newlines as they are (-r).
    yield* tmux.run(["load-buffer", "-b", buffer, "-"], { stdin: text }).pipe(
      Effect.zipRight(tmux.run(withoutMode(pane, ["paste-buffer", "-p", "-r", "-d", "-b", buffer, "-t", pane]))),
      // Else every session could read it there, as long as the server lives.
      Effect.onError(() => Effect.ignore(tmux.run(["delete-buffer", "-b", buffer])))
    )
    yield* waitUntilLanded(before)
    yield* beforeSubmit
    yield* press(tmux, pane, submit)
  }).pipe(
    Effect.catchTag("TmuxFailed", (error: TmuxFailed) =>
      Effect.fail(error.reason === "NoServer" || error.reason === "NotFound" ? gone : failed("Failed", error.message))
    )
  )
}

/** The kernel's own editor of lines has room for so many bytes. It throws the rest away, and shows it all the same. */
const mostOfLine = 4095
const tooLong = `the program reads lines as the terminal gives them, which are cut after ${mostOfLine} bytes`

const longestLine = (text: string): number =>
  text.length <= mostOfLine / 4 ? 0 : Math.max(...text.split("\n").map((line) => Buffer.byteLength(line)))

const readsLines = (tmux: TmuxService, pane: string): Effect.Effect<boolean, TmuxFailed> =>
  Effect.flatMap(tmux.run(["display-message", "-p", "-t", pane, "#{pane_tty}"], { isQuestion: true }), (path) =>
    tmux.readsLines(path.trim())
  )

/** A false failure is better than a false success: what was on the screen before does not count. */
const hasLanded = (text: string) => {
  const end = squeezed(text).slice(-longestEnd)
  const isLong = text.includes("\n") || text.length > longText
  return (before: string, now: string): boolean =>
    (end !== "" && count(squeezed(now), end) > count(squeezed(before), end)) ||
    (isLong && count(now, pasteMark) > count(before, pasteMark))
}

const longestEnd = 24
const longText = 200
const pasteMark = "[Pasted text #"

/** Programs wrap and frame what they show. */
const squeezed = (text: string): string => text.replace(/[\s\u2500-\u257f]+/g, "")

const count = (text: string, part: string): number => text.split(part).length - 1

const note = (
  { identity, logFile }: Facts,
  length: number,
  error: string | undefined
): Effect.Effect<void, never, Files> =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const file = yield* RotatingFile.open(`${directoryOf(logFile)}/delivery.log`, {
      maxBytes: 1024 * 1024,
      keep: 1,
      fsync: "never"
    })
    yield* file.append(
      Logfmt.encode([
        ["ts", new Date(now).toISOString()],
        ["identity", identity],
        ["length", String(length)],
        ["via", "paste"],
        ["landed", String(error === undefined)],
        ...(error === undefined ? [] : [["error", error] as const])
      ])
    )
  }).pipe(
    Effect.scoped,
    // Observability never fails what is observed.
    Effect.catchAll((error) => Effect.logWarning(`a delivery is not in the log: ${error.message}`))
  )

const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/"
