/**
 * The gate: nothing is started before its file is there.
 */
import fs = require("node:fs")
import type { ShimConfig } from "../internal/shimProtocol.js" with { "resolution-mode": "import" }

const pause = 4

const longest = 60_000

/** Calls `opened` with what is in the file, which it removes first: it has the secrets of the environment in it. */
const pass = (file: string, opened: (config: ShimConfig) => void, tooLate: () => void): void => {
  const deadline = performance.now() + longest
  const look = (): void => {
    if (fs.existsSync(file)) opened(take(file))
    else if (performance.now() > deadline) tooLate()
    else setTimeout(look, pause)
  }
  look()
}

const take = (file: string): ShimConfig => {
  const text = fs.readFileSync(file, "utf8")
  fs.unlinkSync(file)
  return JSON.parse(text) as ShimConfig
}

export = { pass }
