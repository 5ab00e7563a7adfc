/**
 * The gate: nothing is started before its file is there.
 */
import fs = require("node:fs")
import path = require("node:path")
import files = require("./files.cjs")
import processes = require("./processes.cjs")
import remove = require("./remove.cjs")
import type { ShimConfig } from "../internal/shimProtocol.js" with { "resolution-mode": "import" }

const pause = 4

const longest = 60_000

interface Gate {
  readonly file: string
  /** Whether whoever is to open it lives. */
  readonly isKept: () => boolean
}

const make = (file: string, keeper: string | undefined): Gate => ({ file, isKept: keptBy(keeper) })

/**
 * Calls `opened` with what is in the file, which stays there until the program has been started. Whoever has given up
 * writes `null`.
 */
const wait = (gate: Gate, opened: (config: ShimConfig) => void, tooLate: () => void): void => {
  const deadline = performance.now() + longest
  const look = (): void => {
    if (isShut) return
    // Whoever opens it may be gone right after.
    const isTooLate = performance.now() > deadline || !gate.isKept()
    const config = fs.existsSync(gate.file) ? (JSON.parse(files.read(gate.file)) as ShimConfig | null) : undefined
    if (config === null) remove(gate.file)
    if (config) opened(config)
    else if (config === null || isTooLate) tooLate()
    else setTimeout(look, pause)
  }
  look()
}

/**
 * The program has been started: whoever has opened the gate knows by this that it has, should nobody live to say so.
 */
const passed = ({ file }: Gate): void => remove(file)

/**
 * Nothing was started, and nothing will be: the hook of the pane is not to take the end of this process for that of a
 * program.
 */
const unopened = ({ file }: Gate): void => {
  try {
    files.mark(file.replace(/\.gate$/, ".unopened"))
  } catch {
    // Then it is one by this process's own code.
  }
}

/**
 * There will be no program. The file stays for whoever has opened the gate, who then removes it; if he is gone, nobody
 * would: the environment is in it.
 */
const shut = (gate: Gate): void => {
  isShut = true
  if (gate.isKept()) return
  remove(gate.file)
  removeUnfinished(gate.file)
}

let isShut = false

const keptBy = (keeper = ""): (() => boolean) => {
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

const gate = { make, wait, passed, unopened, shut }

declare namespace gate {
  export type { Gate }
}

export = gate
