/**
 * What is decided for the whole life of a spool.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type { ParseError } from "effect/ParseResult"
import type { Header } from "./format.js"
import type { State } from "./state.js"

/** Too much of a spool: the oldest files are dropped beyond these. */
export interface Caps {
  readonly files?: number | undefined
  readonly bytes?: number | undefined
  readonly age?: Duration.DurationInput | undefined
}

export interface Setting<A> {
  readonly directory: string
  readonly version: number
  readonly fsync: boolean
  readonly caps: Caps
  readonly encode: (record: A) => Effect.Effect<string, ParseError>
  readonly parse: (text: string) => Either.Either<A, string>
  readonly keyOf: (record: A, place: { readonly file: string; readonly position: number }) => string
  /** How long to wait after so many tries in vain, in milliseconds; undefined once there have been enough. */
  readonly delayAfter: (attempts: number) => Effect.Effect<number | undefined>
  /** No wait is longer, in milliseconds: a state that says so was written by a clock that was wrong. */
  readonly longestWait: number
  /** How long a handler may take for one record. */
  readonly patience: Duration.Duration
  /** The states that could not be written, by the names of their files: what they say holds all the same. */
  readonly unsaved: Map<string, State>
}

/** A record that is handed over, and where it comes from. */
export interface Item<A> {
  readonly record: A
  readonly key: string
  readonly file: string
  readonly position: number
  readonly header: Header
}
