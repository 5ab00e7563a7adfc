/**
 * Lines to the loggers of a fiber, a chunk at a time. `Effect.log` a line costs tens of times as much as the line, so
 * what it looks up for each entry is looked up here once a chunk.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type { StreamName } from "../ChildDriver.js"
import type { LineChunk } from "./framer.js"
import type { Redactor } from "./redact.js"

export interface RelayTarget {
  readonly label: string
  readonly stream: StreamName
  readonly level: LogLevel.LogLevel
  readonly colour: boolean
  readonly redactor: Redactor
}

/** What stands before a relayed line. */
export const prefixOf = (label: string, stream: StreamName): string =>
  `[${TerminalText.sanitize(label)}:${shortNames[stream] ?? stream}] `

const shortNames: Readonly<Record<string, string | undefined>> = { stdout: "out", stderr: "err" }

/** A logger prints annotations as they are. */
export const annotationsOf = (name: string, pid: number | undefined, stream: StreamName): Record<string, unknown> => {
  const label = TerminalText.sanitize(name)
  return pid === undefined ? { label, stream } : { label, pid, stream }
}

/** Relays one chunk in the name of a fiber. `isPlain` says that nothing in it needs a closer look. */
export type RelayChunk = (fiber: Fiber.RuntimeFiber<unknown, unknown>, chunk: LineChunk, isPlain: boolean) => void

/** The relay of one stream. */
export const makeRelay = (target: RelayTarget): RelayChunk => {
  const prefix = prefixOf(target.label, target.stream)
  const { level, redactor } = target
  return (fiber, chunk, isPlain) => {
    if (LogLevel.greaterThan(fiber.getFiberRef(FiberRef.currentMinimumLogLevel), level)) return
    const loggers: Array<Logger.Logger<unknown, unknown>> = []
    for (const logger of fiber.getFiberRef(FiberRef.currentLoggers)) {
      // It would make every line an event of the enclosing span, which a long life fills without bound.
      if (logger !== Logger.tracerLogger) loggers.push(logger)
    }
    if (loggers.length === 0) return
    const clock = Context.get(fiber.getFiberRef(DefaultServices.currentServices), Clock.Clock)
    const fiberId = fiber.id()
    const context = fiber.getFiberRefs()
    const spans = fiber.getFiberRef(FiberRef.currentLogSpan)
    const annotations = fiber.getFiberRef(FiberRef.currentLogAnnotations)
    const date = new Date(clock.unsafeCurrentTimeMillis())
    // One look at the whole run of lines tells that none of them needs one of its own.
    const first = chunk.texts[0] as string
    const careful = !isPlain && (TerminalText.mayHarm(chunk.run) || TerminalText.mayHarm(first))
    let index = 0
    for (let text of redactor.redactLines(chunk.texts, chunk.truncated, { run: chunk.run, areRead: !careful })) {
      const cut = chunk.truncated?.get(index)
      index++
      if (careful) text = TerminalText.sanitize(text, target)
      if (cut !== undefined) text += ` … (${cut} bytes cut)`
      // Written out: a spread of the seven that stay the same takes five times as long as the whole line.
      const entry = {
        fiberId,
        logLevel: level,
        message: [prefix + text],
        cause: Cause.empty,
        context,
        spans,
        annotations,
        date
      }
      for (const logger of loggers) {
        try {
          logger.log(entry)
        } catch {
          // A logger that throws has lost its own line; the child and the other loggers go on.
        }
      }
    }
  }
}
