/**
 * The names of signals, as `@effect/platform` types them.
 */
import type { Signal } from "@effect/platform/CommandExecutor"

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
