/**
 * What a child reads and we write.
 */
import type * as Effect from "effect/Effect"
import type * as Sink from "effect/Sink"
import type * as Stream from "effect/Stream"
import type { InputError } from "./InputError.js"

/**
 * The writing end of a child's stdin, or of another descriptor that is `"pipe"`. Text is written as UTF-8.
 *
 * - `write`: completes when the system has taken all of it, which is not to say that the child has read it: a pipe
 *   holds some 200 KB. So a slow child holds the writer back. Writes of several fibers come one after the other, in the
 *   order in which they were begun, each in one piece. An interrupted write ends where it is: what has been taken stays
 *   written.
 * - `writeAll`: a stream, chunk by chunk, until the system has taken all of it. At most 256 KiB, or one chunk, wait
 *   here before no more is pulled. A failure of the stream is its own. Other writes may come between its chunks. It
 *   closes nothing; when it is interrupted, what has been pulled is still written.
 * - `close`: the end of input, once all writes before it are done. Later writes fail; closing again does nothing, nor
 *   does closing what the child does not read any more.
 * - `sink`: `writeAll` and then `close`, as a sink. If the stream fails, nothing is closed: a failure does not look
 *   like an end of input.
 *
 * A write fails with `InputError` if the child does not read on (`ReaderGone`) or the owner has closed (`Closed`). When
 * the child ends, writes that wait fail at once.
 *
 * @example
 * ```ts
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Command from "@effect/platform/Command"
 * import * as Effect from "effect/Effect"
 *
 * const sorted = Supervise.use(Command.make("sort"), { stdin: "pipe", expect: [0] }, (child) =>
 *   Effect.gen(function*() {
 *     yield* child.stdin.write("pear\n")
 *     yield* child.stdin.write("apple\n")
 *     yield* child.stdin.close
 *     return (yield* child.gone).stdout.tail
 *   }))
 * ```
 */
export interface ChildInput {
  readonly write: (bytes: Uint8Array | string) => Effect.Effect<void, InputError>
  readonly writeAll: <E, R>(stream: Stream.Stream<Uint8Array | string, E, R>) => Effect.Effect<void, E | InputError, R>
  readonly close: Effect.Effect<void>
  readonly sink: Sink.Sink<void, Uint8Array | string, never, InputError>
}
