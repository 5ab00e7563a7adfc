import { withLock } from "./lib/lock.mjs"
import { run, tool } from "./lib/run.mjs"

const remedy = `To mend: delete what is unused, or remove its \`export\` when only its own file uses it.
After a change to a package.json: npx pnpm install
A program that is only started as a child process is an entry of knip.jsonc; a program of the operating system is one of
its ignoreBinaries. Each has its reason there.`

/** Every file, export and dependency is used; knip.jsonc says what knip cannot see. */
export const checkUnused = () =>
  withLock("unused", async () => {
    const { code, output } = await run(tool("knip"), ["--no-progress"], { quiet: true })
    return code === 0 ? { code, output: "" } : { code, output: `${output.trim()}\n${remedy}` }
  })
