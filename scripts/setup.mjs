import { createHash } from "node:crypto"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { filesBelow } from "./lib/files.mjs"
import { withLock } from "./lib/lock.mjs"
import { root, run } from "./lib/run.mjs"
import { forgetTypes } from "./types.mjs"

const stampFile = join(root, "node_modules/.tether-setup")

/** Installs the dependencies, unless exactly these are installed already. Needs Node and npm only. */
export const setup = async () => {
  if (isInstalled()) return
  await withLock("setup", async () => {
    if (isInstalled()) return
    console.log(`Installing dependencies with ${pnpm()}; on a new machine npx downloads that first ...`)
    rmSync(stampFile, { force: true })
    // Whole lines, about one a second: readable on a terminal, in a pipe and in a log of continuous integration.
    const install = ["install", "--frozen-lockfile", "--config.confirm-modules-purge=false", "--reporter=append-only"]
    const { code } = await run("npx", ["--yes", pnpm(), ...install])
    if (code !== 0) {
      console.error("Installing failed: the installer's output is above.")
      console.error("After a change to a package.json, `npx pnpm install` brings the lock file up to date.")
      process.exit(1)
    }
    forgetTypes()
    writeFileSync(stampFile, wanted())
  })
}

const isInstalled = () => {
  try {
    return readFileSync(stampFile, "utf8") === wanted()
  } catch {
    return false
  }
}

/** What an install depends on. The platform is part of it, for a folder that is shared with a container. */
const wanted = () => {
  const manifests = ["packages", "examples"].flatMap(filesBelow).filter((file) => file.endsWith("package.json"))
  const hash = createHash("sha256").update(`${process.platform}-${process.arch}`)
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", ...manifests.toSorted()]) {
    hash.update(file).update(readFileSync(join(root, file)))
  }
  return hash.digest("hex")
}

const pnpm = () => JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager.split("+")[0]
