import { mkdirSync, readdirSync, rmSync, utimesSync } from "node:fs"
import { join } from "node:path"
import { packages } from "./lib/files.mjs"
import { withLock } from "./lib/lock.mjs"
import { root, run, tool } from "./lib/run.mjs"

// Where the projects that emit nothing keep what they know of their last check.
const caches = { "tsconfig.json": ".cache/types", ".cache/doc-examples": ".cache/doc-types" }

/** Type-checks one of these projects and its references, what has changed only. */
export const checkTypes = (project) =>
  withLock(project.replace(/\W+/g, "-"), async () => {
    const start = new Date()
    const ended = await run(tool("tsc"), ["-b", project, "--pretty", "false"], { quiet: true })
    if (ended.code === 0) refresh(join(root, caches[project]), start)
    return ended
  })

/** A check that finds nothing new leaves its files older than its inputs, and would be repeated each time. */
const refresh = (cache, time) => {
  mkdirSync(cache, { recursive: true })
  for (const file of readdirSync(cache)) utimesSync(join(cache, file), time, time)
}

/** For new dependencies: while our own files stay the same, the compiler does not look at theirs again. */
export const forgetTypes = () => {
  for (const cache of Object.values(caches)) rmSync(join(root, cache), { recursive: true, force: true })
  for (const folder of packages()) rmSync(join(root, folder, "dist/.tsbuildinfo"), { force: true })
}
