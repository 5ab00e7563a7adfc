/**
 * Our stdout and stderr.
 */
import * as TerminalText from "@tether/host/TerminalText"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Outlet } from "./outlet.js"
import { readerGone } from "./pipeReader.js"

export class Outlets {
  readonly out = new Outlet(process.stdout)
  readonly err = new Outlet(process.stderr)

  /** All that was written has been taken. */
  readonly settled: Effect.Effect<void> = Effect.zipRight(this.out.settled, this.err.settled)

  /** Completes when nobody takes what is written to one of them. */
  readonly closed: Effect.Effect<void> = Effect.suspend(() => Effect.raceFirst(this.out.closed, this.err.closed))

  /** Completes also when the reader of stdout has gone before there is anything to write. */
  readonly left: Effect.Effect<void> = Effect.raceFirst(this.closed, readerGone(1))

  /** Why lines were lost, if they were. */
  get problem(): string | undefined {
    if (this.out.problem !== undefined) return `cannot write to stdout: ${this.out.problem}`
    return this.err.problem === undefined ? undefined : `cannot write to stderr: ${this.err.problem}`
  }

  /** A line of our own. */
  say(line: string, outlet = this.err): void {
    outlet.piece(`tether: ${TerminalText.sanitize(line)}\n`)
  }

  release(): void {
    this.out.release()
    this.err.release()
  }

  giveUpAfter(silence: Duration.DurationInput): Effect.Effect<unknown> {
    return Effect.zip(this.out.giveUpAfter(silence), this.err.giveUpAfter(silence), { concurrent: true })
  }
}
