/**
 * What reaches the shim by signal. A handler for each that would end or stop it: the shim must outlive its program.
 * Loaded before all else, because a signal may come at once.
 *
 * Not those of a fault (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS): a handler that returns from one runs into it
 * again.
 */

/** Sent by somebody to the pane's pid, which is taken for that of the program: they go on to it. */
const passedOn: ReadonlySet<NodeJS.Signals> = new Set<NodeJS.Signals>([
  "SIGHUP",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGVTALRM",
  "SIGPROF",
  "SIGIO",
  "SIGPWR",
  "SIGSTKFLT",
  "SIGXCPU",
  "SIGXFSZ",
  "SIGABRT",
  "SIGCONT"
])

/** The terminal sends these to its whole foreground group: the program has them already, and Ctrl-C counts once. */
const shared: ReadonlyArray<NodeJS.Signals> = ["SIGINT", "SIGQUIT", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGWINCH"]

let heeder: (signal: NodeJS.Signals) => void = () => {}

for (const signal of [...passedOn, ...shared]) process.on(signal, () => heeder(signal))

/** Who hears of signals from now on. */
const heed = (next: (signal: NodeJS.Signals) => void): void => {
  heeder = next
}

export = { heed, passedOn }
