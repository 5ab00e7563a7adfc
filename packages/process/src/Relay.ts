/**
 * Lines to the log while a program lives.
 */
import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import type * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { StreamName } from "./ChildDriver.js"
import { Framer } from "./internal/framer.js"
import * as Redactor from "./internal/redact.js"
import { annotationsOf, makeRelay, prefixOf } from "./internal/relayLines.js"
import { defaultMaxLineBytes } from "./Lines.js"

/**
 * The level of relayed lines: just above Info, so that they are shown where Info is and hidden at Warning, and can be
 * told from a program's own entries by their label, `IO`. Its `_tag` stays `Info`, which all loggers know.
 *
 * @example
 * ```ts
 * import * as Relay from "@tether/process/Relay"
 * import * as Logger from "effect/Logger"
 *
 * const withoutChildren = Logger.filterLogLevel(Logger.stringLogger, (level) => level.label !== Relay.IO.label)
 * ```
 */
export const IO: LogLevel.LogLevel = Object.assign({}, LogLevel.Info, {
  label: "IO",
  ordinal: LogLevel.Info.ordinal + 1
})

/**
 * What stands before each relayed line, `[label:out] ` or `[label:err] `, with the label made harmless: for loggers
 * that paint it, move it or leave it out. A line that was longer than `maxLineBytes` ends in ` … (1234 bytes cut)`.
 *
 * @example
 * ```ts
 * import * as Relay from "@tether/process/Relay"
 *
 * const withoutPrefix = (message: string) => message.slice(Relay.prefix("api", "stdout").length)
 * ```
 */
export const prefix = (label: string, stream: StreamName): string => prefixOf(label, stream)

/**
 * How a stream of bytes is relayed. `label` names its source and `stream` says which of its two outputs it stands for
 * (default `"stdout"`). The others are as for a child: `level` default {@link IO}, `colour` default false, `redact`
 * default nothing, `maxLineBytes` default 1 MiB, `carriageReturn` default `"keep"`.
 *
 * @example
 * ```ts
 * import type { StreamOptions } from "@tether/process/Relay"
 *
 * const options: StreamOptions = { label: "nginx", stream: "stderr" }
 * ```
 */
export interface StreamOptions {
  readonly label: string
  readonly stream?: StreamName | undefined
  readonly level?: LogLevel.LogLevel | undefined
  readonly colour?: boolean | undefined
  readonly redact?: ReadonlyArray<string | Redacted.Redacted> | undefined
  readonly maxLineBytes?: number | undefined
  readonly carriageReturn?: "keep" | "split" | undefined
}

/**
 * The relay of a child's output, for any stream of bytes: a log file that is followed, a terminal session. Each line is
 * one log entry, `[label:out] text`, annotated with `label` and `stream`; it is no event of the enclosing span. Control
 * sequences are made harmless, and a logger that throws is passed over.
 *
 * @example
 * ```ts
 * import * as Relay from "@tether/process/Relay"
 * import * as FileSystem from "@effect/platform/FileSystem"
 * import * as Effect from "effect/Effect"
 *
 * const show = Effect.gen(function*() {
 *   const fs = yield* FileSystem.FileSystem
 *   yield* fs.stream("install.log").pipe(Relay.stream({ label: "install" }))
 * })
 * ```
 */
export const stream =
  (options: StreamOptions) =>
  <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Effect.Effect<void, E, R> =>
    Effect.suspend(() => {
      const stream = options.stream ?? "stdout"
      const redactor = Redactor.make(options.redact ?? [])
      const label = redactor.redact(options.label)
      const framer = new Framer(options.maxLineBytes ?? defaultMaxLineBytes, options.carriageReturn ?? "keep")
      const relay = makeRelay({ label, stream, level: options.level ?? IO, colour: options.colour ?? false, redactor })
      const relayNext = (next: () => ReturnType<Framer["flush"]>) =>
        Effect.withFiberRuntime<void>((fiber) => {
          const lines = next()
          if (lines !== undefined) relay(fiber, lines, false)
          return Effect.void
        })
      return Stream.runForEachChunk(bytes, (chunk) =>
        Effect.forEach(chunk, (part) => relayNext(() => framer.push(part)), { discard: true })
      ).pipe(
        Effect.zipRight(relayNext(() => framer.flush())),
        Effect.annotateLogs(annotationsOf(label, undefined, stream))
      )
    })
