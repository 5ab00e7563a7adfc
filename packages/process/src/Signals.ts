/**
 * The names of signals, as `@effect/platform` types them.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import * as Schema from "effect/Schema"

// A record and not a list: the compiler then says when a name is missing.
const known: Record<Signal, true> = {
  SIGABRT: true,
  SIGALRM: true,
  SIGBUS: true,
  SIGCHLD: true,
  SIGCONT: true,
  SIGFPE: true,
  SIGHUP: true,
  SIGILL: true,
  SIGINT: true,
  SIGIO: true,
  SIGIOT: true,
  SIGKILL: true,
  SIGPIPE: true,
  SIGPOLL: true,
  SIGPROF: true,
  SIGPWR: true,
  SIGQUIT: true,
  SIGSEGV: true,
  SIGSTKFLT: true,
  SIGSTOP: true,
  SIGSYS: true,
  SIGTERM: true,
  SIGTRAP: true,
  SIGTSTP: true,
  SIGTTIN: true,
  SIGTTOU: true,
  SIGUNUSED: true,
  SIGURG: true,
  SIGUSR1: true,
  SIGUSR2: true,
  SIGVTALRM: true,
  SIGWINCH: true,
  SIGXCPU: true,
  SIGXFSZ: true,
  SIGBREAK: true,
  SIGLOST: true,
  SIGINFO: true
}

/**
 * The names of all signals that can be sent. A system may have fewer of them.
 *
 * @example
 * ```ts
 * import * as Signals from "@tether/process/Signals"
 *
 * Signals.names.includes("SIGTERM") // true
 * ```
 */
export const names = Object.keys(known) as ReadonlyArray<Signal>

/**
 * Whether a text is the name of a signal.
 *
 * @example
 * ```ts
 * import * as Signals from "@tether/process/Signals"
 *
 * Signals.isSignal("SIGHUP") // true
 * Signals.isSignal("HUP") // false
 * ```
 */
export const isSignal = (name: string): name is Signal => Object.hasOwn(known, name)

/**
 * The schema of a signal's name in a record: one of {@link names}, or the name of a signal that can only be received
 * from others: a realtime signal (`SIGRTMIN+3`), or one that has only a number here (`SIG50`).
 *
 * @example
 * ```ts
 * import * as Signals from "@tether/process/Signals"
 * import * as Schema from "effect/Schema"
 *
 * const isName = Schema.is(Signals.Name)
 * isName("SIGKILL") // true
 * isName("SIGRTMIN+3") // true
 * isName("SIGNOTHING") // false
 * ```
 */
export const Name: Schema.Schema<string> = Schema.Union(
  Schema.Literal(...names),
  Schema.String.pipe(Schema.pattern(/^SIG(?:RTMIN(?:\+\d{1,2})?|RTMAX(?:-\d{1,2})?|EMT|CLD|\d{1,3})$/))
)
