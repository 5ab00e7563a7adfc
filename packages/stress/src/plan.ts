/**
 * What happens in one round, from the seed and the number of the round alone.
 */
import { Random } from "./random.js"

/**
 * How the host ends:
 * - `kill`: by SIGKILL.
 * - `reaper`: the same, but its reaper was killed a moment before, and it has started another.
 * - `close`: it is asked to end, and closes its scopes.
 * - `exit`: by `process.exit()` in the middle of its work.
 */
export type Ending = "kill" | "reaper" | "close" | "exit"

export interface Plan {
  readonly ending: Ending
  /** The end comes so many milliseconds after the host's first child, or after its own start. */
  readonly instant: number
  readonly isAtStart: boolean
  /** How many hosts may be below one another, the outermost included. */
  readonly depth: number
}

/**
 * How long a host takes until its first child, in milliseconds: one that has the machine to itself, and one that has
 * not.
 */
const startUp = { alone: 400, nested: 900 }

export const planOf = (seed: number, round: number, isNested: boolean): Plan => {
  const random = new Random(`${seed} ${round}`)
  const kind = random.next()
  const ending = kind < 0.75 ? "kill" : kind < 0.88 ? "reaper" : kind < 0.96 ? "close" : "exit"
  const depth = isNested ? 3 : random.chance(0.2) ? Math.ceil(random.between(1, 3)) : 1
  const isAtStart = ending === "kill" && random.chance(0.15)
  // Hosts that are nested need time to start children of their own.
  const window = isAtStart ? startUp.alone : 300 + (depth - 1) * startUp.nested
  return { ending, instant: random.between(0, window), isAtStart, depth }
}

export const isKill = ({ ending }: Plan): boolean => ending === "kill" || ending === "reaper"
