import { existsSync, readdirSync } from "node:fs"
import { basename, join } from "node:path"
import { packages } from "./files.mjs"
import { root, run, tool } from "./run.mjs"

/** For a bundle that is a module. */
export const moduleOptions = [
  "--format=esm",
  // Some dependencies are CommonJS.
  '--banner:js=import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url)'
]

/**
 * Bundles the programs that a package's tests start, each into one file of its `node_modules/.programs`: to find and
 * load hundreds of files takes most of a second of a processor, and the tests start hundreds of programs.
 */
export const bundlePrograms = () =>
  run(
    tool("esbuild"),
    [
      ...packages().flatMap(entriesOf),
      "--outdir=packages",
      "--bundle",
      "--platform=node",
      ...moduleOptions,
      "--target=node20",
      "--out-extension:.js=.mjs",
      "--log-level=warning"
    ],
    { quiet: true }
  )

const entriesOf = (folder) => {
  const programs = `${folder}/test/programs`
  if (!existsSync(join(root, programs))) return []
  return readdirSync(join(root, programs))
    .filter((name) => name.endsWith(".mjs"))
    .map((name) => `${basename(folder)}/node_modules/.programs/${basename(name, ".mjs")}=${programs}/${name}`)
}
