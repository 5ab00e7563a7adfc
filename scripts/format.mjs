import { run, tool } from "./lib/run.mjs"
import { setup } from "./setup.mjs"

await setup()
const { code } = await run(tool("oxfmt"), process.argv.slice(2))
process.exit(code)
