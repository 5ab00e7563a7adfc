/**
 * With which environment the commands of tmux run. The first of them becomes the server, which outlives us: it has
 * nothing of ours but what a terminal needs. No cookie of a tree, or whoever ends that tree would end it; no `TMUX`, or
 * it would take itself for a pane of another server; no secret; and no `NODE_OPTIONS`, which would reach every shim.
 */
import { environment } from "./here.js"

const kept = /^(HOME|USER|LOGNAME|SHELL|PATH|TMPDIR|TZ|LANG|LC_[A-Z]+|XDG_[A-Z_]+)$/

/** The changes to our own environment. */
export const serverEnvironment = (): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    Object.keys(environment()).flatMap((name) => (kept.test(name) ? [] : [[name, undefined] as const]))
  )

/** For a client that shows a session: it has to know which terminal it has, too. */
export const clientEnvironment = (): Readonly<Record<string, string | undefined>> => {
  const { COLORTERM: _colour, TERM: _term, ...removed } = serverEnvironment()
  return removed
}

/** What a pane has of its own, and what must not go from us to a program in it. */
const notForPrograms = /^(TETHER_TREE|TETHER_LABEL|TMUX|TMUX_PANE|TERM|TERM_PROGRAM|TERM_PROGRAM_VERSION|COLORTERM)$/

/**
 * The whole environment of a program in a pane: ours, with what was asked for. The shim adds what belongs to the pane.
 */
export const programEnvironment = (
  changes: ReadonlyMap<string, string | undefined> | undefined,
  extendsOurs: boolean
): Readonly<Record<string, string>> => {
  const result = new Map(
    Object.entries(extendsOurs ? environment() : {}).filter(([name]) => !notForPrograms.test(name))
  )
  for (const [name, value] of changes ?? []) {
    if (value === undefined) result.delete(name)
    else result.set(name, value)
  }
  return Object.fromEntries(result)
}
