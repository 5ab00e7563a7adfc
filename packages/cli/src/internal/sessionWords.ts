/**
 * What the commands of `tether session` are asked.
 */
import type * as Duration from "effect/Duration"

export interface LaunchWords {
  readonly name: string
  readonly words: readonly [program: string, ...args: ReadonlyArray<string>]
  readonly logDir: string | undefined
  readonly exitLogDir: string | undefined
  readonly noExitLog: boolean
  readonly cwd: string | undefined
  readonly env: Readonly<Record<string, string>>
  readonly cols: number | undefined
  readonly rows: number | undefined
  readonly attach: boolean
}

export interface ListWords {
  readonly all: boolean
  readonly json: boolean
}

export interface SendWords {
  readonly name: string
  /** Undefined where they come on stdin. */
  readonly words: ReadonlyArray<string> | undefined
  readonly keys: boolean
  readonly noSubmit: boolean
}

export interface LogsWords {
  readonly name: string
  readonly follow: boolean
  readonly lines: number | undefined
  readonly plain: boolean
  readonly raw: boolean
  readonly path: boolean
  readonly logDir: string | undefined
}

export interface StopWords {
  readonly name: string
  readonly grace: Duration.Duration | undefined
  readonly reason: string | undefined
}
