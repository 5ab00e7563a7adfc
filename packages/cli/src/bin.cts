#!/usr/bin/env node
/**
 * The `tether` program. It is CommonJS, because a program that is a module takes a third longer to begin. A hook, on
 * which a session waits for its end, is one file, and all else is another.
 */
import bundle = require("@tether/spool/bundle")
import path = require("node:path")

const argv = process.argv.slice(2)
const [command] = argv
const isHook = command === "capture-turn" || (command === "capture-transcript" && argv.includes("--no-spawn"))

// Until there is a command that could hear them, these say nothing. By default they end a program or open its debugger.
if (command === "run")
  for (const signal of ["SIGUSR1", "SIGUSR2", "SIGALRM"] as const) process.on(signal, () => undefined)

interface Hook {
  readonly main: (argv: ReadonlyArray<string>) => void
}

const isAboutItself = ["--help", "-h", "--version"].some((word) => argv.includes(word))

if (isHook && !isAboutItself) (require("@tether/spool/hook") as Hook).main(argv)
else bundle.main(path.join(__dirname, "internal/program.bundle.cjs"), argv)
