/**
 * A pane as it is to be seen and written to.
 */
import * as Effect from "effect/Effect"
import type { TmuxFailed } from "../TmuxFailed.js"
import { sequence } from "./argument.js"
import type { TmuxService } from "./tmux.js"

/** What it shows, without blanks at the ends of lines; lines that were wrapped by the terminal are whole. */
export const screenOf = (tmux: TmuxService, pane: string): Effect.Effect<string, TmuxFailed> =>
  Effect.map(tmux.run(["capture-pane", "-p", "-J", "-t", pane], { isQuestion: true }), (text) =>
    text.replace(/[^\S\n]+$/gm, "")
  )

/**
 * A person who has scrolled is in a mode of tmux, which takes the keys for itself: it goes before anything is for the
 * program.
 */
export const withoutMode = (pane: string, command: ReadonlyArray<string>): ReadonlyArray<string> =>
  sequence(["copy-mode", "-q", "-t", pane], command)

/** Keys by tmux's names, such as `Enter`, `C-c` or `Down`; a word that is none is typed. */
export const press = (tmux: TmuxService, pane: string, keys: ReadonlyArray<string>): Effect.Effect<void, TmuxFailed> =>
  keys.length === 0 ? Effect.void : Effect.asVoid(tmux.run(withoutMode(pane, ["send-keys", "-t", pane, "--", ...keys])))

/** The last lines that say something. */
export const lastLinesOf = (text: string, count = 2): ReadonlyArray<string> =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .slice(-count)
