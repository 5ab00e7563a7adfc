import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "./run.mjs"

const skipped = new Set(["node_modules", "dist", ".git", ".cache", "coverage", "results"])

/** Every file below a folder of the workspace, as paths relative to the root; folders that tools fill are left out. */
export const filesBelow = (folder) =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return []
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesBelow(path) : [path]
  })

/** The packages' folders. */
export const packages = () =>
  readdirSync(join(root, "packages"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join("packages", entry.name))

/** Those that are published. */
export const publicPackages = () =>
  packages().filter((folder) => !JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")).private)
