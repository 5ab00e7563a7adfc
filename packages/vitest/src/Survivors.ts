/**
 * Who still lives of those that were started with a mark.
 */
import type { ProcessInfo } from "@tether/host/ProcessInfo"
import * as ProcStat from "@tether/host/ProcStat"
import * as TerminalText from "@tether/host/TerminalText"
import * as Effect from "effect/Effect"
import * as Processes from "./internal/leaks/processes.js"

/**
 * The living processes that have this entry, `NAME=value`, in their environment, by their pids. A zombie does not live.
 * They are looked for anew each time it runs.
 *
 * Whoever is started with the entry hands it on to whatever it starts itself, so that nothing can hide by leaving its
 * parent, group or session. A process that was started with another environment, or that belongs to somebody else, is
 * not seen. It works on Linux only, and dies elsewhere.
 *
 * @example
 * ```ts
 * import { expect, it } from "@effect/vitest"
 * import { survivorsOf } from "@tether/vitest/Survivors"
 * import * as Effect from "effect/Effect"
 *
 * it.live("nobody is left", () =>
 *   Effect.gen(function*() {
 *     // after children were started with `env: { TEST_MARK: "a1" }`, and stopped
 *     expect(yield* survivorsOf("TEST_MARK=a1")).toEqual([])
 *   }))
 * ```
 */
export const survivorsOf = (cookie: string): Effect.Effect<ReadonlyArray<ProcessInfo>> =>
  Effect.suspend(() => {
    if (!/^[^=\0]+=[^\0]*$/.test(cookie))
      return dieOf(`An entry of an environment is NAME=value, and not ${TerminalText.quote(cookie)}`)
    if (!Processes.areVisible())
      return dieOf("survivorsOf reads /proc, which is not here, or shows other processes than ours")
    const entry = Buffer.from(cookie).toString("latin1")
    return Effect.succeed(
      Processes.list()
        .filter((stat) => ProcStat.isRunning(stat) && Processes.environmentOf(stat).includes(entry))
        .map(Processes.infoOf)
        .sort((one, other) => one.pid - other.pid)
    )
  })

const dieOf = (problem: string): Effect.Effect<never> => Effect.die(new Error(problem))
