/**
 * The host that is killed: `node host.js SEED PATH DEPTH BUDGET`. It starts random trees and ends them in random ways
 * until it is ended itself. PATH tells it from the hosts above it and beside it, DEPTH is how many levels of hosts may
 * be below one another, and BUDGET bounds the processes below it.
 */
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import type { ChildOptions } from "@tether/process/ChildOptions"
import type { ChildSpawner } from "@tether/process/ChildSpawner"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { fileURLToPath } from "node:url"
import { Random } from "./random.js"
import { randomShape, type Shape } from "./shapes.js"

const [seed = "0", path = "0", depth = "1", budget = "40"] = process.argv.slice(2)
const mark = process.env["TEST_MARK"] ?? ""
const processes = Number(budget)
/** If nobody kills it: longer than any round. */
const lifetime = "15 seconds"

let hosts = 0
/** Another host below this one, with a third of its budget. */
const nested = (): Shape => {
  const share = Math.floor(processes / 3)
  const args = [fileURLToPath(import.meta.url), seed, `${path}.${++hosts}`, String(Number(depth) - 1), String(share)]
  return { name: "host", weight: share + 2, command: Command.make(process.execPath, ...args) }
}

const anyShape = (random: Random, wantsHost: boolean): Shape =>
  Number(depth) > 1 && (wantsHost || random.chance(0.1)) ? nested() : randomShape(random, mark)

const optionsFor = (random: Random, shape: Shape): ChildOptions => ({
  label: shape.name,
  env: { TEST_SHAPE: shape.name },
  check: false,
  drainGrace: random.between(20, 200),
  stop: random.chance(0.2) ? StopPlan.kill : StopPlan.make(StopPlan.signal("SIGTERM", random.between(10, 300)))
})

/**
 * Some end soon, so that starts and ends are always under way; some stay, so that there is always something to kill. A
 * host is left the time to start something.
 */
const hold = (random: Random, shape: Shape) => {
  if (shape.name === "host") return Effect.sleep(random.between(300, 3000))
  return Effect.sleep(random.chance(0.5) ? random.between(0, 80) : random.between(80, 2000))
}

let hasTold = false
const tellFirst = Effect.sync(() => {
  if (!hasTold) process.stdout.write("first\n")
  hasTold = true
})

const start = (random: Random, shape: Shape) =>
  Effect.tap(Supervise.start(shape.command, optionsFor(random, shape)), () => tellFirst)

type Act = (random: Random, shape: Shape) => Effect.Effect<unknown, unknown, ChildSpawner>

const acts: readonly [Act, ...ReadonlyArray<Act>] = [
  // The scope closes.
  (random, shape) => Effect.scoped(Effect.zipRight(start(random, shape), hold(random, shape))),
  // It is stopped, while its scope is open.
  (random, shape) =>
    Effect.scoped(Effect.flatMap(start(random, shape), (child) => Effect.zipRight(hold(random, shape), child.stop()))),
  // It is waited for, and the one that waits is interrupted.
  (random, shape) =>
    Effect.fork(Supervise.run(shape.command, optionsFor(random, shape))).pipe(
      Effect.tap(() => hold(random, shape)),
      Effect.flatMap(Fiber.interrupt)
    ),
  // Work beside it ends, or its own end comes first.
  (random, shape) =>
    Effect.catchTag(
      Supervise.use(shape.command, optionsFor(random, shape), () => hold(random, shape)),
      "ProcessFailed",
      () => Effect.void
    ),
  // Siblings that stop at once.
  (random, shape) =>
    Effect.scoped(
      Effect.zipRight(
        Supervise.all([start(random, shape), start(random, { ...shape, command: Command.make("sleep", "60") })]),
        hold(random, shape)
      )
    )
]

const actor = (number: number, permits: Effect.Semaphore) => {
  const random = new Random(`${seed} ${path} ${number}`)
  let isNew = true
  return Effect.suspend(() => {
    const shape = anyShape(random, isNew && number === 0)
    isNew = false
    const act = random.pick(acts)(random, shape)
    const bounded = permits.withPermits(Math.min(processes, shape.weight + 1))(act)
    return Effect.zipRight(Effect.sleep(random.between(0, 15)), bounded)
  }).pipe(
    Effect.catchAll((error) => Effect.logError(error)),
    Effect.forever
  )
}

process.on("SIGUSR2", () => process.exit(0))

Effect.makeSemaphore(processes).pipe(
  Effect.flatMap((permits) =>
    Effect.all(
      Array.from({ length: Math.ceil(processes / 4) }, (_, number) => actor(number, permits)),
      {
        concurrency: "unbounded",
        discard: true
      }
    )
  ),
  Effect.timeoutOption(lifetime),
  Effect.provide(NodeChildSpawner.layer),
  // What is wrong is told on stderr, and nothing else.
  Logger.withMinimumLogLevel(LogLevel.Error),
  Effect.provide(Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))),
  (program) => runMain(program, { disablePrettyLogger: true, disableErrorReporting: true })
)
