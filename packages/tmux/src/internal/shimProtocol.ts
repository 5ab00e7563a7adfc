/**
 * What a program and the shim in a pane say to each other. Types alone: the shim is a program of its own, and loads
 * nothing but Node.
 *
 * The shim is the pane's process: `node shim.cjs FILE PID:TOKEN`. It waits at its gate until FILE is there (whole, put
 * there by a rename; PID is who does that), reads it, listens on `socket`, starts the program, and removes the file: if
 * that is still there when the shim has ended, nothing was started. If it gives up before, it leaves FILE with
 * `.unopened` for `.gate`. Once `socket` is there, it is listened to. Each connection has one request and one answer,
 * each a line of JSON, and stays open until the one who asked closes it.
 */

/** A step of a stop plan; SIGKILL follows the last one. */
export interface ShimStep {
  readonly signal: string
  /** In milliseconds. */
  readonly wait: number
}

/** A process, told from every other that has or had its pid. */
export interface ShimProcess {
  readonly pid: number
  /** The start time in `/proc/<pid>/stat`. */
  readonly startToken: string
}

/** Where and what the shim records of the end. */
export interface ShimRecords {
  /** The `exits.log` of a journal. */
  readonly file: string
  /** Fields of an end that are known at the start, as logfmt: those before `dead_status`, and those behind `id`. */
  readonly before: string
  readonly after: string
  /** Fields of the end of the server: those before `dead_status` (`ev` and `identity`), and those behind `id`. */
  readonly serverBefore: string
  readonly serverAfter: string
  /** Of all shims that record the end of the server in `file`, the one that can create this file does. */
  readonly serverOnce: string
  /** The last commands that were sent to the server, one a line. */
  readonly commands: string
  /**
   * Once the end of the session is in `file`, this one is there: by it, those who may record an end know of each other.
   */
  readonly end: string
}

export interface ShimConfig {
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string
  /**
   * The whole environment; TERM, TERM_PROGRAM, TERM_PROGRAM_VERSION, COLORTERM, TMUX and TMUX_PANE are those of the
   * pane.
   */
  readonly env: Readonly<Record<string, string>>
  /** Where the shim listens; it removes it at its end. */
  readonly socket: string
  /** Which server this is; undefined where nobody could tell. */
  readonly server: ShimProcess | undefined
  /** Carried out when the terminal goes. */
  readonly stop: ReadonlyArray<ShimStep>
  readonly records: ShimRecords | undefined
}

export type ShimRequest =
  /**
   * Answered once the program has been started, or could not be. The shim does not end before somebody has asked this
   * and closed the connection, or two seconds after the start: so there is an answer also where the program ends at
   * once. Where it could not be started, the shim waits as long as the launcher lives, a minute at most: whoever has no
   * answer takes it for a start.
   */
  | { readonly op: "started" }
  /**
   * Stops all that lives in the terminal, by the plan. Answered when nothing is left of it. The shim ends as its
   * program did once the connection is closed, or after two seconds: until then nobody can see the end. Whoever is told
   * of a step keeps the record of that end, and the shim does not, even if the terminal goes meanwhile. Where nobody is
   * there to be told, the shim records the stop and `reason`. A second stop has the answer of the first, which is
   * hurried so that it is over when the plan of the second would be.
   */
  | { readonly op: "stop"; readonly steps: ReadonlyArray<ShimStep>; readonly reason: string }
  /**
   * Whether the program runs, and as which process. Its end is known here before the shim ends, and before it is on
   * record.
   */
  | { readonly op: "running" }

export type ShimAnswer =
  | { readonly _tag: "Started"; readonly pid: number }
  | { readonly _tag: "NotStarted"; readonly code: string; readonly message: string }
  | {
      readonly _tag: "Stopped"
      readonly status: ShimStatus
      /**
       * The step at which the program ended; undefined where it had ended before the first signal, or where somebody
       * else who has asked for the stop is to record it.
       */
      readonly step: string | undefined
    }
  | { readonly _tag: "Running"; readonly isRunning: boolean; readonly pid?: number | undefined }
  | { readonly _tag: "Refused"; readonly message: string }

export type ShimStatus = { readonly code: number } | { readonly signal: string }
