/**
 * The trees that a host starts. Each of their processes ends by itself within a minute or so.
 */
import * as Command from "@effect/platform/Command"
import type { Random } from "./random.js"

export interface Shape {
  readonly name: string
  /** How many processes it is at a time, at most. */
  readonly weight: number
  readonly command: Command.Command
}

const sh = (script: string, ...args: ReadonlyArray<string>): Command.Command =>
  Command.make("/bin/sh", "-c", script, ...args)

/** A script that starts itself again: its own text is its `$0`, and how often it still may is its `$1`. */
const recursive = (script: string, times: number): Command.Command => sh(script, script, String(times))

type Maker = (random: Random, mark: string) => Shape

const makers: readonly [Maker, ...ReadonlyArray<Maker>] = [
  () => ({ name: "sleep", weight: 1, command: Command.make("sleep", "60") }),
  () => ({ name: "group", weight: 3, command: sh("sleep 60 & sleep 60 & wait") }),
  () => ({
    name: "fork tree",
    weight: 7,
    command: recursive(
      `[ "$1" -gt 0 ] || exec sleep 60; sh -c "$0" "$0" $(($1 - 1)) & sh -c "$0" "$0" $(($1 - 1)) & wait`,
      2
    )
  }),
  () => ({ name: "setsid", weight: 2, command: sh("setsid sleep 60 & wait") }),
  (random) => ({
    name: "double fork",
    weight: 3,
    command: sh(`(setsid sleep 60 <&- >&- 2>&- &); ${random.pick(["exit 0", "sleep 60"])}`)
  }),
  () => ({
    name: "ignores TERM",
    weight: 3,
    command: sh(`trap "" TERM; sh -c 'trap "" TERM; sleep 60 & wait' & wait`)
  }),
  () => ({
    name: "chain",
    weight: 3,
    command: recursive(`[ "$1" -gt 0 ] || exit 0; sleep 0.005; sh -c "$0" "$0" $(($1 - 1)) &`, 400)
  }),
  (random) => ({
    name: "setsid chain",
    weight: 3,
    command: recursive(
      `[ "$1" -gt 0 ] || exit 0; sleep ${random.between(0.02, 0.05).toFixed(3)}; setsid sh -c "$0" "$0" $(($1 - 1)) &`,
      200
    )
  }),
  (random) => ({
    name: "pipe holder",
    weight: 2,
    command: sh(`${random.pick(["", "setsid "])}sleep 60 & exit ${random.pick(["0", "3"])}`)
  }),
  // Somebody wakes them after a minute, so that these end by themselves too.
  (random) => ({
    name: "stopped",
    weight: 4,
    command: sh(
      random.pick([
        "(sleep 60; kill -CONT $$) & kill -STOP $$",
        "sleep 60 & kill -STOP $!; sleep 60; kill -CONT $!",
        "setsid sh -c '(sleep 60; kill -CONT $$) & kill -STOP $$' & wait"
      ])
    )
  }),
  // Without an environment it is known by its group alone, and by the oracle through its name.
  (_random, mark) => ({
    name: "no environment",
    weight: 3,
    command: sh(`env -i /bin/sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 5; done' "$0" & wait`, mark)
  })
]

export const randomShape = (random: Random, mark: string): Shape => random.pick(makers)(random, mark)
