/**
 * What tmux does at the moment at which the program of a session dies: it records the cause, then it ends the session.
 */
import type { ExitRecord } from "@tether/journal/ExitRecord"
import { exitHook } from "./internal/exitHook.js"

/**
 * The value of the hook `pane-died` for the pane of a session: one argument of `tmux set-hook -p -t %PANE pane-died`.
 * The pane needs `remain-on-exit on`, or there is no such hook.
 *
 * At the death of the pane's program the hook appends one line to `exitLogFile`, as the journal writes it, in one
 * write; the directory is made if it is missing. Only then it ends the session, with every pane in it. The line has the
 * time in UTC to the millisecond, the identity, the exit code or the name of the signal, and an id of its own that
 * sorts by time. A code is `ended_by=child`, a signal `ended_by=outside`; where tmux knows of neither it is `unknown`.
 * With `start`, the record of the start of this session, its fields are in the line as well, and `uptime_ms`.
 *
 * Any identity and any absolute path will do. The hook needs nothing from the user's environment, also no PATH. It says
 * nothing and never fails: where the line cannot be written, the session ends without it. Whoever ends the session
 * while the line is being written does not prevent it. A session that has ended by then is left alone, as are all
 * others.
 *
 * The value is the longer the stranger the characters are. The tmux client refuses a command of more than 16 kB, as one
 * whose `start` has a long command line; `source-file` and a control client do not.
 *
 * @example
 * ```ts
 * import { exitCauseHook } from "@tether/tmux/ExitCauseHook"
 *
 * const hook = (pane: string) =>
 *   ["set-hook", "-p", "-t", pane, "pane-died", exitCauseHook("build #3", "/var/log/builds/exits.log")]
 * ```
 */
export const exitCauseHook = (identity: string, exitLogFile: string, start?: ExitRecord): string =>
  exitHook(identity, exitLogFile, start, undefined)
