import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { root } from "./run.mjs"

const BEAT_MS = 1_000
const STALE_MS = 30_000

/**
 * Runs `body` while no other process of this workspace runs a body under the same name.
 * The lock is a file: it is taken over when its owner is dead, or has not touched it for half a minute
 * (the pid of a dead owner may belong to a stranger, in a restarted container for one).
 */
export const withLock = async (name, body) => {
  const file = join(root, ".cache", `${name}.lock`)
  mkdirSync(dirname(file), { recursive: true })
  const token = `${process.pid}-${Date.now()}`
  for (let told = false; !create(file, token);) {
    if (!takeOver(file)) {
      if (!told) console.log(`waiting for another run (${file})`)
      told = true
      await sleep(100)
    }
  }
  const beat = setInterval(() => touch(file), BEAT_MS)
  const release = () => rmSync(file, { force: true })
  process.on("exit", release)
  try {
    return await body()
  } finally {
    clearInterval(beat)
    process.off("exit", release)
    release()
  }
}

const create = (file, text) => {
  try {
    writeFileSync(file, text, { flag: "wx" })
    return true
  } catch (error) {
    if (error.code !== "EEXIST") throw error
    return false
  }
}

/** Of all who see the same stale lock, only the one that creates the file named after it removes it. */
const takeOver = (file) => {
  try {
    const owner = readFileSync(file, "utf8")
    const stale = Date.now() - statSync(file).mtimeMs > STALE_MS || (owner !== "" && !isAlive(Number.parseInt(owner)))
    if (!stale || !create(`${file}.${owner}`, "")) return false
    rmSync(file)
    return true
  } catch (error) {
    if (error.code !== "ENOENT") throw error
    return true
  }
}

const isAlive = (pid) => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code !== "ESRCH"
  }
}

const touch = (file) => {
  const now = new Date()
  try {
    utimesSync(file, now, now)
  } catch {
    // Taken over while we were suspended.
  }
}
