import { buildOrExit } from "./build.mjs"
import { run } from "./lib/run.mjs"
import { setup } from "./setup.mjs"

await setup()
await buildOrExit()
const { code } = await run(process.execPath, ["packages/stress/dist/main.js", ...process.argv.slice(2)])
process.exit(code)
