/**
 * From a program that has just been started to one that does what it was told.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as ActiveTime from "@tether/host/ActiveTime"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import type { Redactor } from "@tether/process/Redactor"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { DeliveryFailed } from "../DeliveryFailed.js"
import { type NotReadyReason, SessionNotReady } from "../SessionNotReady.js"
import type { TmuxFailed } from "../TmuxFailed.js"
import { deliver, type SendOptions } from "./delivery.js"
import type { Facts } from "./facts.js"
import { lastLinesOf, press, screenOf } from "./pane.js"
import { isRunning } from "./stop.js"
import type { TmuxService } from "./tmux.js"
import { pause, within } from "./within.js"

/**
 * A screen that a program may show before it takes input, and the keys that answer it, by tmux's names.
 *
 * @example
 * ```ts
 * import type { Dialog } from "@tether/tmux/TmuxSession"
 *
 * const trust: Dialog = { shows: (screen) => screen.includes("Do you trust the files"), keys: ["Enter"] }
 * ```
 */
export interface Dialog {
  readonly shows: (screen: string) => boolean
  readonly keys: ReadonlyArray<string>
}

/**
 * When a session is ready. Only what comes after the launch counts, and the end of the session ends the wait.
 *
 * - `isInputReady`: whether the screen is one that waits for input. Its lines have no blanks at their ends.
 * - `dialogs`: what is answered before; each once, and again when it has gone from the screen and comes back.
 * - `bootWithin`: so long all this may take. Default 240 seconds.
 * - `message`: what is delivered first, and how (`send`). Without one, or with an empty one, it is ready when it takes
 *   input.
 * - `activity`: a number that grows with what the program does, such as the length of a file. The session is ready once
 *   it is above what it was when the message was submitted. Default: output, of which the echo of a key is some.
 *   `activeWithin`: how long that may take. Default 120 seconds.
 *
 * @example
 * ```ts
 * import type { ReadyOptions } from "@tether/tmux/TmuxSession"
 *
 * const ready: ReadyOptions = {
 *   isInputReady: (screen) => /^>/m.test(screen),
 *   dialogs: [{ shows: (screen) => screen.includes("Press Enter to continue"), keys: ["Enter"] }],
 *   message: "say hi"
 * }
 * ```
 */
export interface ReadyOptions {
  readonly isInputReady: (screen: string) => boolean
  readonly dialogs?: ReadonlyArray<Dialog> | undefined
  readonly bootWithin?: Duration.DurationInput | undefined
  readonly message?: string | undefined
  readonly send?: SendOptions | undefined
  readonly activity?: Effect.Effect<number> | undefined
  readonly activeWithin?: Duration.DurationInput | undefined
}

type Files = FileSystem.FileSystem | ProcessIdentity

const lookEvery = Duration.millis(100)

export const untilReady = (
  tmux: TmuxService,
  facts: Facts,
  options: ReadyOptions,
  lastOutput: Effect.Effect<ReadonlyArray<string>>,
  redactor: Redactor
): Effect.Effect<void, SessionNotReady | DeliveryFailed | TmuxFailed, Files> =>
  Effect.gen(function* () {
    const isAlive = yield* Effect.map(Effect.context<ProcessIdentity>(), (context) =>
      Effect.provide(isRunning(facts), context)
    )
    const begun = ActiveTime.unsafeNow(ActiveTime.clock)
    let seen = ""
    const notReady = (reason: NotReadyReason) =>
      Effect.gen(function* () {
        const waited = Math.round(ActiveTime.unsafeNow(ActiveTime.clock) - begun)
        const shown = reason.startsWith("vanished") ? yield* lastOutput : []
        const lastLines = shown.length > 0 ? shown : lastLinesOf(redactor.redact(seen))
        return yield* new SessionNotReady({ identity: facts.identity, reason, waited, lastLines })
      })
    const screen = Effect.tap(screenOf(tmux, facts.pane), (text) =>
      Effect.sync(() => {
        seen = text
      })
    )
    yield* boot(options, isAlive, screen, (keys) => press(tmux, facts.pane, keys), notReady).pipe(
      orAfter(options.bootWithin ?? "240 seconds", notReady("never-became-ready")),
      // What tmux cannot show is the screen of one that has just ended.
      Effect.catchIf(saysGone, () => notReady("vanished-during-boot"))
    )
    if (options.message === undefined || options.message === "") return

    const activity = options.activity ?? (yield* outputOf(facts.logFile))
    let baseline = 0
    const beforeSubmit = Effect.map(activity, (now) => {
      baseline = now
    })
    yield* deliver(tmux, facts, options.message, options.send ?? {}, { beforeSubmit, isAlive }).pipe(
      Effect.catchIf(
        ({ reason }) => reason === "Gone",
        () => notReady("vanished-during-ready-gate")
      )
    )
    yield* Effect.gen(function* () {
      while ((yield* activity) <= baseline) {
        if (!(yield* isAlive)) return yield* notReady("vanished-during-ready-gate")
        yield* pause(lookEvery)
      }
      // The echo of a key is activity, too, and so are last words.
      if (!(yield* isAlive)) return yield* notReady("vanished-during-ready-gate")
    }).pipe(
      orAfter(
        options.activeWithin ?? "120 seconds",
        Effect.zipRight(Effect.ignore(screen), notReady("no-activity-after-delivery"))
      )
    )
  })

const saysGone = (error: TmuxFailed | SessionNotReady): error is TmuxFailed =>
  error._tag === "TmuxFailed" && (error.reason === "NotFound" || error.reason === "NoServer")

const boot = <E>(
  { dialogs = [], isInputReady }: ReadyOptions,
  isAlive: Effect.Effect<boolean>,
  screen: Effect.Effect<string, TmuxFailed>,
  answer: (keys: ReadonlyArray<string>) => Effect.Effect<void, TmuxFailed>,
  notReady: (reason: NotReadyReason) => Effect.Effect<never, E>
): Effect.Effect<void, E | TmuxFailed> =>
  Effect.gen(function* () {
    let answered: ReadonlySet<Dialog> = new Set()
    while (true) {
      if (!(yield* isAlive)) return yield* notReady("vanished-during-boot")
      const shown = yield* screen
      const shows = dialogs.filter((dialog) => dialog.shows(shown))
      const next = shows.find((dialog) => !answered.has(dialog))
      // An answered one may stay on the screen; one that has gone and comes again asks again.
      answered = new Set(shows.filter((dialog) => dialog === next || answered.has(dialog)))
      if (next !== undefined) yield* answer(next.keys)
      else if (isInputReady(shown)) return
      yield* pause(lookEvery)
    }
  })

const orAfter =
  <E2>(time: Duration.DurationInput, otherwise: Effect.Effect<never, E2>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | E2, R> =>
    Effect.flatMap(within(time)(effect), (result) => (Option.isSome(result) ? Effect.succeed(result.value) : otherwise))

/** A number that grows whenever the log has. It is rotated, so that its size alone tells nothing. */
const outputOf = (file: string): Effect.Effect<Effect.Effect<number>, never, FileSystem.FileSystem> =>
  Effect.map(FileSystem.FileSystem, (fs) => {
    let seen = ""
    let changes = 0
    return Effect.map(Effect.option(fs.stat(file)), (found) => {
      const state = Option.match(found, {
        onNone: () => "",
        onSome: ({ ino, size }) => `${Option.getOrElse(ino, () => 0)}:${size}`
      })
      if (state !== seen) changes += 1
      seen = state
      return changes
    })
  })
