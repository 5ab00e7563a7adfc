/**
 * A scripted child, as the test that started it sees it.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import type { ProcessInfo } from "@tether/host/ProcessInfo"
import type { LaunchRequest } from "@tether/process/ChildDriver"
import type { ExitStatus } from "@tether/process/ExitStatus"
import type * as Effect from "effect/Effect"
import type { Step } from "./Script.js"

/**
 * Something that was sent to a child: bytes that its pipe has taken, the end of an input, a signal. `at` is in
 * milliseconds of Effect's clock.
 *
 * @example
 * ```ts
 * import type { Happening } from "@tether/vitest/TestChild"
 *
 * const secondsUntil = (happening: Happening) => happening.at / 1000
 * ```
 */
export type Happening =
  | { readonly _tag: "Input"; readonly descriptor: number; readonly bytes: Uint8Array; readonly at: number }
  | { readonly _tag: "InputEnd"; readonly descriptor: number; readonly at: number }
  | { readonly _tag: "Signal"; readonly signal: Signal; readonly at: number }

/**
 * A child that plays a script. All of it can be looked at while the child lives, and afterwards.
 *
 * - `pid`: of its leader; higher than any that the system gives, so that nothing real is ever mistaken for it.
 * - `request`: the program, its arguments, directory, environment and descriptors, after all options were resolved.
 * - `history`: what was sent to it, in order. `signals` are the signals of it, SIGCONT after a stop plan's SIGTERM
 *   included.
 * - `input`: what was written to its stdin, as text, up to 1 MiB; `isInputEnded`: whether that was ended while it
 *   lived.
 * - `isHeldBack`: whether a stream of it is not read for the moment, because whoever wants the output is slow.
 * - `living`: its processes that have not ended: the leader first, then what it has left.
 * - `status`: how its leader ended; undefined while it runs.
 * - `play`: lets the leader do more steps, beside its script, and waits until they are done. After its end they do
 *   nothing.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 * import type { TestChild } from "@tether/vitest/TestChild"
 *
 * const crash = (child: TestChild) => child.play(Script.stderr("out of memory\n"), Script.die("SIGABRT"))
 * ```
 */
export interface TestChild {
  readonly pid: number
  readonly request: LaunchRequest
  readonly history: ReadonlyArray<Happening>
  readonly signals: ReadonlyArray<Signal>
  readonly input: string
  readonly isInputEnded: boolean
  readonly isHeldBack: boolean
  readonly living: ReadonlyArray<ProcessInfo>
  readonly status: ExitStatus | undefined
  readonly play: (...steps: ReadonlyArray<Step>) => Effect.Effect<void>
}
