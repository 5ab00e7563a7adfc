/**
 * The state of a file as this program knows it: what cannot be written, on a full disk, is kept in memory.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as TerminalText from "@tether/host/TerminalText"
import * as Effect from "effect/Effect"
import type { Setting } from "./setting.js"
import { readState, type State, writeState } from "./state.js"

export const stateOf = <A>(
  { directory, unsaved }: Setting<A>,
  name: string
): Effect.Effect<State | undefined, never, FileSystem.FileSystem> =>
  Effect.suspend(() => {
    const known = unsaved.get(name)
    return known === undefined ? readState(directory, name) : Effect.succeed(known)
  })

/** Writes it, and answers whether that could be done. */
export const keepState = <A>(
  { directory, unsaved }: Setting<A>,
  name: string,
  state: State
): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  // Half of a write would be none, and nobody would know.
  Effect.uninterruptible(writeState(directory, name, state)).pipe(
    Effect.matchEffect({
      onSuccess: () => {
        unsaved.delete(name)
        return Effect.succeed(true)
      },
      onFailure: ({ message }) => {
        unsaved.set(name, state)
        return Effect.as(
          Effect.logError(`how far ${TerminalText.quote(name)} was drained is known to this process alone: ${message}`),
          false
        )
      }
    })
  )
