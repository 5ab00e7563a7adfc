import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import { readdirSync, readFileSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import * as AgentTurn from "../../packages/agent/dist/AgentTurn.js"
import * as NodeChildSpawner from "../../packages/process-node/dist/NodeChildSpawner.js"

const quiet = Logger.replace(Logger.defaultLogger, Logger.none)

/** Whatever goes wrong, a case is over by then. */
const atMost = "2 minutes"

/** The events of one turn. With `moment`, a promise, it is cancelled then, or, if it is to be left, its stream is. */
export const play = (request, { leaves = false, moment } = {}) => {
  const events = []
  const keep = (event) => Effect.sync(() => void events.push(event))
  const then = moment === undefined ? Effect.never : Effect.promise(moment)
  const whole = AgentTurn.run(request).pipe(Stream.runForEach(keep))
  const left = AgentTurn.run(request).pipe(Stream.interruptWhen(then), Stream.runForEach(keep))
  const cancelled = Effect.scoped(
    Effect.gen(function* () {
      const turn = yield* AgentTurn.start(request)
      yield* Effect.fork(Effect.zipRight(then, turn.cancel))
      yield* Stream.runForEach(turn.events, keep)
      yield* turn.outcome
    })
  )
  const turn = moment === undefined ? whole : leaves ? left : cancelled
  return Effect.runPromise(
    turn.pipe(
      Effect.timeoutFail({ duration: atMost, onTimeout: () => new Error(`not over after ${atMost}`) }),
      Effect.as(events),
      Effect.provide(NodeChildSpawner.layer),
      Effect.provide(quiet)
    )
  )
}

/** The adapter, with every line that it is given also given to `keep`. */
export const listening = (adapter, keep) => ({
  ...adapter,
  decoder: (prompt) => {
    const decoder = adapter.decoder(prompt)
    return {
      end: decoder.end,
      line: (line) => {
        keep(line)
        return decoder.line(line)
      }
    }
  }
})

/** The processes that were started with this in their environment, and what they are. */
export const processesOf = (marker) =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(marker)) return []
        // A zombie has no words.
        const words = readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0").join(" ").trim()
        return words === "" ? [] : [{ pid: Number(pid), words }]
      } catch {
        return []
      }
    })

/** Asks until it is so, or the time of a case is over. */
export const until = async (isSo) => {
  for (const end = performance.now() + 60_000; performance.now() < end;) {
    if (isSo()) return true
    await sleep(25)
  }
  return false
}
