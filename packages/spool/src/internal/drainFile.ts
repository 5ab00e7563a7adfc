/**
 * One file, from its claim to its end. Whatever is wrong with it is its own affair.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as ActiveTime from "@tether/host/ActiveTime"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as TerminalText from "@tether/host/TerminalText"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Answer from "../Answer.js"
import type { Claims } from "./claims.js"
import { type Header, maxLineBytes, parseHeader } from "./format.js"
import { handOver } from "./handOver.js"
import { keepState, stateOf } from "./keeping.js"
import { type Lines, makeLines } from "./lines.js"
import type { Line } from "./lineSplitter.js"
import { countOf, Progress } from "./progress.js"
import type { Item, Setting } from "./setting.js"
import { initial, isAbout, nothing, removeState, writeState } from "./state.js"
import type { Tally } from "./tally.js"

/** Progress is saved after so many records or milliseconds: what is not saved is handed over again after a crash. */
const savedEvery = { records: 100, time: 1000 }

/** A file of which a handler has not taken so many records is left for later: the fault is probably not theirs. */
const mostRefused = 100

/** An error may be so long in a state file, in characters. */
const maxError = 500

interface Task<A, R> {
  readonly setting: Setting<A>
  readonly claims: Claims
  readonly tally: Tally
  readonly handle: (item: Item<A>) => Effect.Effect<Answer.Answer, unknown, R>
}

/**
 * Why it was left: all of it was dealt with, or too much of it failed, or the pass is over, or its state cannot be
 * written.
 */
type Stop = "end" | "failures" | "spent" | "unsaved"

/** Drains a file that was claimed. It is gone then, or back in its place, or buried. */
export const drainFile = <A, R>(
  task: Task<A, R>,
  name: string
): Effect.Effect<void, FileError, R | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const { claims, setting, tally } = task
    const fs = yield* FileSystem.FileSystem
    const path = claims.pathOf(name)
    const isLink = Either.isRight(yield* Effect.either(fs.readLink(path)))
    const info = yield* Effect.option(fs.stat(path))
    if (isLink || Option.isNone(info) || info.value.type !== "File")
      return yield* refuse(task, name, "it is no regular file")
    const saved = yield* stateOf(setting, name)
    let hasState = saved !== undefined
    const fresh = initial(info.value)
    const progress = new Progress(saved !== undefined && isAbout(saved, info.value) ? saved : fresh)
    const save = Effect.suspend(() => {
      if (!progress.isDirty) return Effect.succeed(true)
      hasState = true
      return Effect.tap(keepState(setting, name, progress.state), (isKept) => {
        progress.isDirty = !isKept
      })
    })

    const outcome =
      fresh.size === 0
        ? "end"
        : yield* goThrough(task, name, fresh.size, progress, save).pipe(
            Effect.scoped,
            // Who is interrupted keeps what was achieved, and the claims are given back by whoever made them.
            Effect.onInterrupt(() => save)
          )
    if (typeof outcome === "object") return yield* refuse(task, name, outcome.problem)
    if (outcome === "newer") return yield* claims.giveBack(name)
    if (outcome === "spent") {
      const now = yield* Clock.currentTimeMillis
      // It is not to keep the others waiting again.
      progress.setBehind(progress.hasFailed || tally.spent(yield* ActiveTime.now) === "time" ? now : 0)
      if (yield* save) return yield* claims.giveBack(name)
    }
    if (outcome === "spent" || outcome === "unsaved") return yield* postpone(task, name, progress)
    if (progress.unsettled > 0) return yield* putOff(task, name, progress, outcome === "end")
    // The file goes first: a state without a file is nothing, a file without its state all of it again.
    yield* claims.remove(name)
    tally.filesDrained++
    setting.unsaved.delete(name)
    if (hasState) yield* removeState(setting.directory, name)
  })

/** Its state cannot be written. What it has come to is known to us alone, and is not to be more each time. */
const postpone = <A, R>({ claims, setting, tally }: Task<A, R>, name: string, progress: Progress) =>
  Effect.gen(function* () {
    const delay = (yield* setting.delayAfter(1)) ?? 0
    setting.unsaved.set(name, { ...progress.state, nextAt: (yield* Clock.currentTimeMillis) + delay })
    tally.filesFailed++
    yield* claims.giveBack(name)
  })

/** Something of it was not taken. */
const putOff = <A, R>(task: Task<A, R>, name: string, progress: Progress, isThrough: boolean) =>
  Effect.gen(function* () {
    const { claims, setting, tally } = task
    const now = yield* Clock.currentTimeMillis
    const isHopeless = isThrough && progress.refused === 0
    const delay = isHopeless ? undefined : yield* setting.delayAfter(progress.attempts + 1)
    const state = progress.stateAfter(now, now + (delay ?? 0))
    yield* keepState(setting, name, state)
    tally.filesFailed++
    if (delay !== undefined) {
      yield* claims.giveBack(name)
      return yield* Effect.logWarning(
        `${countOf(state)} records of ${TerminalText.quote(name)} were not taken, and are tried again in ${Duration.format(Duration.millis(delay))}. The first error was: ${TerminalText.sanitize(state.firstError ?? "not known")}`
      )
    }
    yield* claims.bury(name)
    setting.unsaved.delete(name)
    yield* Effect.logFatal(
      `${TerminalText.quote(name)} is among the dead letters after ${state.attempts} tries, with ${countOf(state)} records that were not taken. The first error was: ${TerminalText.sanitize(state.firstError ?? "not known")}`
    )
  })

/** It can never be drained. */
const refuse = <A, R>({ claims, setting, tally }: Task<A, R>, name: string, problem: string) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    yield* Effect.ignore(
      writeState(setting.directory, name, {
        ...nothing,
        unsettled: [{ position: 0, offset: 0, count: 1, error: problem, isMalformed: true }],
        malformed: 1,
        attempts: 1,
        nextAt: now,
        firstError: problem,
        firstAt: now
      })
    )
    yield* claims.bury(name)
    tally.filesFailed++
    tally.answered(Answer.failed(problem), 0)
    yield* Effect.logFatal(`${TerminalText.quote(name)} is among the dead letters: ${TerminalText.sanitize(problem)}`)
  })

const goThrough = <A, R>(
  task: Task<A, R>,
  name: string,
  size: number,
  progress: Progress,
  save: Effect.Effect<boolean, never, FileSystem.FileSystem>
) =>
  Effect.gen(function* () {
    const { claims, handle, setting, tally } = task
    const path = claims.pathOf(name)
    const fs = yield* FileSystem.FileSystem
    const reading = FileAttempt.attempt("read", path)
    const file = yield* reading(fs.open(path, { flag: "r" }))
    const fromStart = yield* makeLines(file, 0, maxLineBytes, size)
    const [first, ...others] = yield* some(fromStart, path)
    const header = parseHeader(first?.text)
    if (Either.isLeft(header)) return { problem: header.left }
    if (header.right.version > setting.version) return yield* leave(name, header.right, setting.version)
    if (first !== undefined) progress.passed(0, first.end)

    let unsaved = 0
    let savedAt = yield* ActiveTime.now
    const saveNowAndThen = Effect.flatMap(ActiveTime.now, (now) => {
      if (++unsaved < savedEvery.records && now - savedAt < savedEvery.time) return Effect.succeed(true)
      savedAt = now
      return Effect.map(save, (isSaved) => {
        if (isSaved) unsaved = 0
        // A slow handler has few of them: a file that comes to its end makes room.
        return unsaved < savedEvery.records
      })
    })
    /** Hands over one line, unless there is a reason to stop, and remembers what became of it. */
    const deal = (line: Line, position: number, mostFailed: number) =>
      Effect.gen(function* () {
        if (progress.refused >= mostFailed) return "failures" satisfies Stop
        if (tally.spent(yield* ActiveTime.now) !== undefined) return "spent" satisfies Stop
        const { answer, isMalformed } = yield* handOver(setting, handle, {
          name,
          header: header.right,
          text: line.text,
          position
        })
        tally.answered(answer, line.end - line.start)
        if (answer._tag !== "Failed") progress.settled(position, line.end)
        else
          progress.failed(
            { position, offset: line.start, count: 1, error: answer.error.slice(0, maxError), isMalformed },
            line.end
          )
        progress.passed(position, line.end)
        return (yield* saveNowAndThen) ? undefined : ("unsaved" satisfies Stop)
      })
    /** Deals with so many lines, or with all there are; the first of them has this position. */
    const dealWithAll = (
      lines: Lines,
      from: number,
      count: number,
      mostFailed: number,
      portion: ReadonlyArray<Line> = []
    ) =>
      Effect.gen(function* () {
        let position = from
        let some: ReadonlyArray<Line> | undefined = portion
        while (some !== undefined) {
          for (const line of some) {
            if (position >= from + count) return undefined
            if (line.text?.trim() === "") {
              // It is no record.
              progress.passed(position - 1, line.end)
              continue
            }
            const stop = yield* deal(line, position++, mostFailed)
            if (stop !== undefined) return stop
          }
          some = yield* reading(lines.next)
        }
        return undefined
      })

    const again = progress.retries
    for (const { count, offset, position } of again) {
      const lines = yield* makeLines(file, offset, maxLineBytes, size)
      const stop = yield* dealWithAll(lines, position, count, progress.refused + mostRefused)
      if (stop !== undefined) return stop
    }
    // What was read with the header is the rest of a small file.
    const isFresh = progress.offset === first?.end && again.length === 0
    const lines = isFresh ? fromStart : yield* makeLines(file, progress.offset, maxLineBytes, size)
    const stop = yield* dealWithAll(
      lines,
      progress.position + 1,
      Number.POSITIVE_INFINITY,
      mostRefused,
      isFresh ? others : []
    )
    return stop ?? ("end" satisfies Stop)
  })

/** The first lines of what is read, or none at the end. */
const some = (lines: Lines, path: string): Effect.Effect<ReadonlyArray<Line>, FileError> =>
  Effect.gen(function* () {
    while (true) {
      const found = yield* FileAttempt.attempt("read", path)(lines.next)
      if (found === undefined || found.length > 0) return found ?? []
    }
  })

/** What a later version has written is left to that. */
const leave = (name: string, header: Header, version: number) =>
  Effect.as(
    Effect.logWarning(
      `${TerminalText.quote(name)} is of version ${header.version}, and this program knows ${version}: it is left alone`
    ),
    "newer" as const
  )
