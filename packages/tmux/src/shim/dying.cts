/**
 * Ends this process as another has ended, so that whoever waits for it sees the same.
 */
import fs = require("node:fs")
import os = require("node:os")
import type { ShimStatus } from "../internal/shimProtocol.js" with { "resolution-mode": "import" }

const dieAs = (status: ShimStatus): never => {
  if ("code" in status) return process.exit(status.code)
  const signal = status.signal as NodeJS.Signals
  try {
    dieBy(signal)
  } catch {
    // No signal of this system: there is only the code that a shell gives it.
  }
  return process.exit(128 + (os.constants.signals[signal] ?? 0))
}

/** Returns if the signal does not kill. */
const dieBy = (signal: NodeJS.Signals): void => {
  if (dumping.has(signal)) preventCore()
  restoreDefault(signal)
  // V8 has a handler of its own for SIGSEGV and SIGBUS, which takes the first one for a fault of its code and lets go.
  for (let attempt = 0; attempt < 20; attempt++) {
    process.kill(process.pid, signal)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
  }
}

const dumping: ReadonlySet<NodeJS.Signals> = new Set<NodeJS.Signals>([
  "SIGQUIT",
  "SIGILL",
  "SIGABRT",
  "SIGFPE",
  "SIGSEGV",
  "SIGBUS",
  "SIGSYS",
  "SIGTRAP",
  "SIGXCPU",
  "SIGXFSZ"
])

/** Node.js gives a signal its default back when the last handler goes, also to one that it ignored, as SIGPIPE. */
const restoreDefault = (signal: NodeJS.Signals): void => {
  if (signal === "SIGKILL" || signal === "SIGSTOP") return
  const none = (): void => {}
  process.on(signal, none)
  process.removeAllListeners(signal)
}

/**
 * The program has left a core file, if one was wanted; this process's would say nothing, and might take its place.
 * Node.js cannot set a limit, but nobody, not even root, can create a file in /proc, and the kernel leaves out what the
 * filter says. With a core_pattern that names a program, that still gets a file of headers.
 */
const preventCore = (): void => {
  try {
    process.chdir("/proc")
    fs.writeFileSync("/proc/self/coredump_filter", "0")
  } catch {
    // No /proc.
  }
}

export = { dieAs }
