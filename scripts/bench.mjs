import { buildOrExit } from "./build.mjs"
import { run } from "./lib/run.mjs"
import { setup } from "./setup.mjs"

await setup()
await buildOrExit()
const main = ["--import", "tsx", "packages/benchmarks/src/main.ts"]
const { code } = await run(process.execPath, [...main, ...process.argv.slice(2)])
process.exit(code)
