/**
 * Lines to one of our own streams, as fast as its reader takes them and no faster: what is pushed in one step is
 * written at once, and `settled` tells when the reader has taken all of it.
 */
import * as ActiveTime from "@tether/host/ActiveTime"
import * as TerminalText from "@tether/host/TerminalText"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import type { WriteStream } from "node:tty"

/** Our own stdout or stderr: a terminal, a pipe or a file. */
export type Target = NodeJS.WriteStream & Partial<Pick<WriteStream, "isTTY">>

export class Outlet {
  /** Completes when nobody takes our lines any more: the reader has gone, or the disk is full. */
  readonly closed: Effect.Effect<void>
  readonly hasColours: boolean
  readonly isTerminal: boolean
  /** How many columns the terminal has. Undefined where there is none. */
  readonly width: number | undefined
  /** Why lines were lost that somebody wanted: not because the reader has gone. */
  problem: string | undefined

  private readonly whenClosed = Deferred.unsafeMake<void>(FiberId.none)
  private pieces: Array<string | Uint8Array> = []
  private isWriting = false
  private isClosed = false
  private taken = 0
  private waiters: Array<() => void> = []

  constructor(private readonly target: Target) {
    this.closed = Deferred.await(this.whenClosed)
    this.isTerminal = target.isTTY === true
    this.hasColours = this.isTerminal && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb"
    this.width = this.isTerminal && target.columns > 0 ? target.columns : undefined
    target.on("error", this.close)
  }

  /** Listens to the stream no more. */
  release(): void {
    this.target.off("error", this.close)
  }

  /** Whether there are lines that have not been taken. */
  get isBusy(): boolean {
    return this.isWriting
  }

  /** A line. A terminal can only show it: of control sequences, colours are kept and everything else is removed. */
  push(line: string): void {
    this.piece(`${TerminalText.sanitize(line, { colour: true })}\n`)
  }

  /** Text that is sanitized already, or bytes as they are. */
  piece(piece: string | Uint8Array): void {
    if (this.isClosed) return
    this.pieces.push(piece)
    if (this.isWriting) return
    this.isWriting = true
    // Not at once: the other lines of the same chunk are pushed in the same step.
    queueMicrotask(this.write)
  }

  readonly settled: Effect.Effect<void> = Effect.suspend(() =>
    this.isWriting ? Effect.async<void>((resume) => void this.waiters.push(() => resume(Effect.void))) : Effect.void
  )

  /** From now on, a reader that takes nothing for this long is not waited for any more. */
  readonly giveUpAfter = (silence: Duration.DurationInput): Effect.Effect<never> =>
    Effect.suspend(() => {
      const { taken } = this
      return Effect.zipRight(
        ActiveTime.sleep(silence),
        Effect.sync(() => {
          if (!this.isWriting || this.taken !== taken) return
          this.problem = "its reader takes nothing"
          this.finish()
        })
      )
    }).pipe(Effect.forever)

  private readonly write = (): void => {
    if (this.isClosed) return
    const whole = joined(this.pieces)
    this.pieces = []
    // The callback comes when the system has all of it. An error is told by the stream, to all at once.
    this.target.write(whole, () => {
      if (this.isClosed) return
      this.taken++
      if (this.pieces.length > 0) this.write()
      else this.rest()
    })
  }

  private readonly close = (error: NodeJS.ErrnoException): void => {
    if (error.code !== "EPIPE") this.problem = error.message
    this.finish()
    Deferred.unsafeDone(this.whenClosed, Effect.void)
  }

  private finish(): void {
    this.isClosed = true
    this.pieces = []
    this.rest()
  }

  private rest(): void {
    this.isWriting = false
    const { waiters } = this
    this.waiters = []
    for (const wake of waiters) wake()
  }
}

const joined = (pieces: ReadonlyArray<string | Uint8Array>): string | Uint8Array =>
  pieces.some((piece) => typeof piece !== "string")
    ? Buffer.concat(pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece) : piece)))
    : pieces.join("")
