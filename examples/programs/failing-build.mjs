// A build step that fails, as compilers do: progress on stdout, the reasons on stderr, an exit code.
import { setTimeout as pause } from "node:timers/promises"

for (const file of ["config.ts", "routes.ts", "handlers.ts"]) {
  console.log(`compiling ${file}`)
  await pause(200)
}
console.error("handlers.ts:17:5: error: type 'string' is not assignable to type 'number'")
console.error("handlers.ts:23:9: error: cannot find name 'respnse'")
console.error("2 errors")
process.exitCode = 2
