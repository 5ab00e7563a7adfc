import { statSync } from "node:fs"

// Test files share a process. Each begins with the environment that the first one found.
const first = (globalThis[Symbol.for("tether/environment")] ??= { ...process.env })
for (const name of Object.keys(process.env)) if (!(name in first)) delete process.env[name]
for (const [name, value] of Object.entries(first)) if (process.env[name] !== value) process.env[name] = value

// The module loader of Node 20 and 22 does not follow symbolic links after a `stat` of a pipe or a socket, and a
// package of pnpm is then given the dependencies of another one. A test of an earlier file may have looked at one last.
statSync(import.meta.dirname)
