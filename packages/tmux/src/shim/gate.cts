/**
 * The gate: nothing is started before its file is there.
 */
import fs = require("node:fs")
import path = require("node:path")
import processes = require("./processes.cjs")
import type { ShimConfig } from "../internal/shimProtocol.js" with { "resolution-mode": "import" }

const pause = 4

const longest = 60_000

/** Calls `opened` with what is in the file, which it removes first: it has the secrets of the environment in it. */
const pass = (file: string, keeper: string | undefined, opened: (config: ShimConfig) => void, tooLate: () => void): void => {
  const deadline = performance.now() + longest
  const isKept = keptBy(keeper)
  const look = (): void => {
    if (isShut) return
    // Whoever opens it may be gone right after.
    const isTooLate = performance.now() > deadline || !isKept()
    if (fs.existsSync(file)) opened(take(file))
    else if (isTooLate) {
      removeUnfinished(file)
      tooLate()
    } else setTimeout(look, pause)
  }
  look()
}

/** From here on nothing passes: what is in the file stays there, by which whoever has opened the gate knows. */
const shut = (): void => {
  isShut = true
}

let isShut = false

/** Whether whoever is to open the gate lives. */
const keptBy = (keeper = ""): () => boolean => {
  const [pid, startToken] = keeper.split(":")
  if (!processes.hasProc || startToken === undefined) return () => true
  return () => processes.isAlive({ pid: Number(pid), startToken })
}

/** What the one who was killed while it wrote has left: the environment is in it. */
const removeUnfinished = (file: string): void => {
  try {
    const directory = path.dirname(file)
    for (const name of fs.readdirSync(directory)) {
      if (name.startsWith(`.${path.basename(file)}.`)) fs.unlinkSync(path.join(directory, name))
    }
  } catch {
    // Somebody else has.
  }
}

const take = (file: string): ShimConfig => {
  const text = fs.readFileSync(file, "utf8")
  fs.unlinkSync(file)
  return JSON.parse(text) as ShimConfig
}

export = { pass, shut, keptBy }
