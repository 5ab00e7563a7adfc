/**
 * What a process has at its descriptors: something to write to, or something to read from.
 */
import * as Effect from "effect/Effect"

export interface Sink {
  /** Whether it could be written at once; else nothing was. */
  readonly writeNow: (bytes: Uint8Array) => boolean
  /** False if nobody can read it any more, which a process learns by SIGPIPE. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<boolean>
  readonly release: () => void
}

export interface Source {
  /** The next bytes; undefined at the end. */
  readonly take: Effect.Effect<Uint8Array | undefined>
  readonly release: () => void
}

/** One that takes whatever comes, at once. */
export const sinkTo = (take: (bytes: Uint8Array) => void, release: () => void = () => undefined): Sink => ({
  writeNow: (bytes) => {
    take(bytes)
    return true
  },
  write: (bytes) =>
    Effect.as(
      Effect.sync(() => take(bytes)),
      true
    ),
  release
})

export const nothing: Source = { take: Effect.succeed(undefined), release: () => undefined }
