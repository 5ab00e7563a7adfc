/**
 * The names of signals, as `@effect/platform` types them.
 */
import type { Signal } from "@effect/platform/CommandExecutor"

// A record and not a list: the compiler then says when a name is missing.
const names: Record<Signal, true> = {
  SIGABRT: true, SIGALRM: true, SIGBUS: true, SIGCHLD: true, SIGCONT: true, SIGFPE: true, SIGHUP: true, SIGILL: true,
  SIGINT: true, SIGIO: true, SIGIOT: true, SIGKILL: true, SIGPIPE: true, SIGPOLL: true, SIGPROF: true, SIGPWR: true,
  SIGQUIT: true, SIGSEGV: true, SIGSTKFLT: true, SIGSTOP: true, SIGSYS: true, SIGTERM: true, SIGTRAP: true,
  SIGTSTP: true, SIGTTIN: true, SIGTTOU: true, SIGUNUSED: true, SIGURG: true, SIGUSR1: true, SIGUSR2: true,
  SIGVTALRM: true, SIGWINCH: true, SIGXCPU: true, SIGXFSZ: true, SIGBREAK: true, SIGLOST: true, SIGINFO: true
}

export const signals = Object.keys(names) as ReadonlyArray<Signal>
