import { existsSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { bundle } from "./lib/bundle.mjs"
import { packages } from "./lib/files.mjs"
import { withLock } from "./lib/lock.mjs"
import { root, run, tool } from "./lib/run.mjs"

const PROGRESS_MS = 4_000

/**
 * Compiles what has changed in packages/<pkg>/src to dist, and bundles what is one file; answers with exit code and
 * output.
 */
export const build = () =>
  withLock("build", async () => {
    for (const folder of packages()) removeStrays(join(root, folder))
    const compiled = await run(tool("tsc"), ["-b", "tsconfig.build.json"], { quiet: true })
    return compiled.code === 0 ? bundle() : compiled
  })

/** The compiler leaves the output of a deleted source where it was, and `exports` would still offer it. */
const removeStrays = (folder) => {
  const dist = join(folder, "dist")
  if (!existsSync(dist)) return
  for (const file of readdirSync(dist, { recursive: true })) {
    const source = /^(.*?)(\.d\.ts|\.js)(\.map)?$/.exec(file)
    if (source && !existsSync(join(folder, "src", `${source[1]}.ts`))) rmSync(join(dist, file))
  }
}

/** For programs that need built packages to go on. A first build takes long: every few seconds it prints a line. */
export const buildOrExit = async () => {
  const start = performance.now()
  const timer = setInterval(() => {
    console.log(`Building the packages ... ${Math.round((performance.now() - start) / 1000)} s`)
  }, PROGRESS_MS)
  const { code, output } = await build().finally(() => clearInterval(timer))
  if (code === 0) return
  console.error(`${output}\nThe build failed.`)
  process.exit(1)
}
