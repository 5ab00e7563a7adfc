import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { lstatSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../lib/run.mjs"

/** What a run is a run of: the commit, the content of all files that git does not ignore, the version of Node. */
export const sourceKey = () => {
  const commit = git("rev-parse", "--short=12", "HEAD").trim()
  const files = git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0").filter(Boolean)
  const hash = createHash("sha256")
  for (const file of new Set(files.sort()))
    hash
      .update(`${file}\0`)
      .update(contentOf(join(root, file)))
      .update("\0")
  return `${commit}-${hash.digest("hex").slice(0, 12)}-${process.version}`
}

const git = (...args) => execFileSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 })

const contentOf = (path) => {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return "removed"
  return stats.isSymbolicLink() ? readlinkSync(path) : readFileSync(path)
}

/** The finished runs of these sources, on disk, and the files of their output. */
export const openState = (key, fresh) => {
  const folder = join(root, ".cache/soak", key)
  const file = join(folder, "runs.json")
  if (fresh) rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const runs = readRuns(file)
  return {
    folder,
    runs,
    add: (run) => {
      runs.push(run)
      // Renamed, because a write that is interrupted would lose all earlier runs.
      writeFileSync(`${file}.new`, JSON.stringify(runs, undefined, 2))
      renameSync(`${file}.new`, file)
    },
    /** Empty: of a run that was interrupted, nothing is kept. */
    outputFile: (index, name) => {
      const path = join(folder, `${String(index + 1).padStart(3, "0")}-${name}.log`)
      rmSync(path, { force: true })
      return path
    }
  }
}

const readRuns = (file) => {
  try {
    return JSON.parse(readFileSync(file, "utf8"))
  } catch (error) {
    if (error.code === "ENOENT") return []
    throw error
  }
}
