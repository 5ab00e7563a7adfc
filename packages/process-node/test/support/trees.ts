/**
 * What hosts keep in the tests in which they are killed. The sleeps last longer than any test waits: only an end from
 * outside empties a tree.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { keeper, type Kept, program, treeOf } from "./hosts.js"
import { waitUntil } from "./os.js"

export const trees: Record<string, Kept> = {
  "one sleep": { program: "sleep", args: ["300"] },
  "sh -c 'sleep & sleep & wait'": { sh: "sleep 300 & sleep 300 & wait" },
  "a setsid sleep": { sh: "setsid sleep 300 & wait" },
  "a double fork with closed descriptors": {
    sh: "(setsid sh -c 'sleep 300 & exec sleep 300' <&- >&- 2>&- &) ; sleep 300"
  },
  "what ignores every signal that can be ignored": { sh: "trap '' TERM INT HUP QUIT PIPE; sleep 300; sleep 300" },
  "what has cleared its environment, left its group, and has its parent still": {
    sh: "sh -c 'env -i TEST_MARK=$TEST_MARK setsid sleep 300 & wait'; true"
  },
  "what is stopped": { sh: "kill -STOP $$; sleep 300" },
  "a leader that has left already": {
    // What it left is stopped at once, and lives on.
    sh: "setsid sh -c 'trap \"\" TERM; sleep 300; sleep 300' & sleep 0.05; exit 0"
  },
  "a chain of forks": { sh: "i=0; next() { i=$((i+1)); [ $i -gt 4000 ] || (sleep 0.01; next) & }; next; sleep 300" },
  "31 processes": { sh: "for i in 1 2 3 4 5; do sh -c 'for j in 1 2 3 4 5; do sleep 300 & done; wait' & done; wait" }
}

const all = Object.values(trees)

export const twentyTrees: ReadonlyArray<Kept> = Array.from(
  { length: 20 },
  (_, index) => all[index % all.length] as Kept
)

const nested = (depth: number): Kept => ({
  program: process.execPath,
  args: [
    program("keeper.mjs"),
    JSON.stringify({ children: [{ sh: "setsid sleep 300 & sleep 300" }, ...(depth > 1 ? [nested(depth - 1)] : [])] })
  ]
})

/** The pids of three hosts, from the outermost to the innermost. */
export const threeNested = (mark: string): Effect.Effect<ReadonlyArray<number>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const outermost = yield* keeper(mark, [{ sh: "sleep 300" }, nested(2)])
    yield* waitUntil("all three are up", () => outermost.output().split("up ").length === 4)
    const hosts = [...outermost.output().matchAll(/up (\d+)/g)].map((found) => Number(found[1]))
    return hosts.toSorted((one, other) => treeOf(other).length - treeOf(one).length)
  })
