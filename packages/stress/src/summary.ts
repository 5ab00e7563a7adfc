/**
 * What was seen, for people.
 */
import type { Found } from "./oracle.js"
import type { RoundResult } from "./round.js"

export const isBad = ({ problems, revenants, survivors }: RoundResult): boolean =>
  survivors.length + revenants.length + problems.length > 0

/** The figures of some rounds, in one line. */
export const figures = (results: ReadonlyArray<RoundResult>): string => {
  const seen = results.reduce((sum, each) => sum + each.seen.length, 0)
  const most = Math.max(0, ...results.map((each) => each.seen.length))
  const survivors = results.reduce((sum, each) => sum + each.survivors.length + each.revenants.length, 0)
  const empty = results.map((each) => each.emptyMillis)
  const quiet = results.map((each) => each.quietMillis)
  const deepest = Math.max(0, ...results.flatMap((each) => each.seen.map((found) => found.hosts)))
  return (
    `${results.length} rounds, ${seen} processes seen (at most ${most} at once, below up to ${deepest} hosts), ` +
    `empty after ${median(empty)} ms (worst ${worst(empty)}), ` +
    `reaper gone after ${median(quiet)} ms (worst ${worst(quiet)}), ${survivors} survivors`
  )
}

/** All rounds by the way the host ended. */
export const table = (results: ReadonlyArray<RoundResult>): string =>
  (["kill", "reaper", "close", "exit"] as const)
    .flatMap((ending) => {
      const some = results.filter((each) => each.plan.ending === ending)
      return some.length === 0 ? [] : [`  ${ending.padEnd(7)} ${figures(some)}`]
    })
    .join("\n")

/** One round in which something was wrong: what, and how to see it again. */
export const complaint = (result: RoundResult, isNested: boolean): string => {
  const { plan, played, problems, revenants, seed, seen, survivors } = result
  const { depth, ending, instant, isAtStart } = plan
  return [
    `round ${played}: ${ending}, ${instant.toFixed(1)} ms after its ${isAtStart ? "start" : "first child"}, depth ${depth}`,
    ...problems.map((problem) => `  ${problem}`),
    ...survivors.map((each) => `  survived: ${describe(each)}`),
    ...revenants.map((each) => `  survived round ${each.round} unseen: ${describe(each)}`),
    ...(survivors.length > 0 ? ["  before the end there were:", ...seen.map((each) => `    ${describe(each)}`)] : []),
    `  again: pnpm stress --seed ${seed} --round ${played}${isNested ? " --nested" : ""} --kills 20`
  ].join("\n")
}

export const describe = ({ command, group, isReaper, parent, pid, session, shape, state, tree }: Found): string =>
  `${pid} ${state} parent ${parent} group ${group} session ${session} ` +
  `[${isReaper ? "reaper" : shape === "" ? "no shape" : shape}] ${cut(command)} ${tree}`

const cut = (text: string): string => {
  const line = text.replaceAll("\n", " ")
  return line.length > 100 ? `${line.slice(0, 100)}…` : line
}

const median = (values: ReadonlyArray<number>): string => {
  const sorted = [...values].sort((a, b) => a - b)
  return (sorted[Math.floor(sorted.length / 2)] ?? 0).toFixed(0)
}

const worst = (values: ReadonlyArray<number>): string => Math.max(0, ...values).toFixed(0)
