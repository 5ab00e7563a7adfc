// A host that goes through rounds until the end of its stdin, each with something that has a limit of three seconds and
// takes far less: a turn of an agent, a stop, a pipe that a descendant holds. One line of JSON for each round tells
// what is wrong with it, or nothing. Its argument is the path of the agent.
import * as Command from "@effect/platform/Command"
import * as AgentTurn from "@tether/agent/AgentTurn"
import * as ClaudeAdapter from "@tether/agent/ClaudeAdapter"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"

const sh = (script) => Command.make("sh", "-c", script)
const limit = "3 seconds"

const turn = Effect.map(
  Stream.runCollect(
    AgentTurn.run({
      turnId: "t",
      adapter: ClaudeAdapter.claude,
      binary: process.argv[2],
      cwd: "/",
      prompt: "x",
      timeouts: { startup: limit, idle: limit }
    })
  ),
  (events) => {
    const end = [...events].at(-1)
    return { isRight: end._tag === "Completed", millis: end.durationMillis, end }
  }
)

const polite = "trap 'sleep 0.2; exit 0' TERM; echo up; while :; do sleep 0.05; done"
const stop = Effect.scoped(
  Effect.gen(function* () {
    const child = yield* Supervise.start(sh(polite), {
      stop: StopPlan.make(StopPlan.signal("SIGTERM", limit)),
      check: false
    })
    yield* Stream.runHead(child.read({ replay: 1 }))
    yield* child.stop()
    return endOf(yield* child.gone, (report) => report.status._tag === "Exited" && report.status.code === 0)
  })
)

const held = Effect.map(Supervise.run(sh("echo one; { sleep 0.2; echo late; } &"), { drainGrace: limit }), (report) =>
  endOf(report, () => report.drained._tag === "Eof" && report.stdout.lines === 2)
)

const endOf = (report, isRight) => ({
  isRight: isRight(report),
  millis: Duration.toMillis(report.duration),
  end: { status: report.status, drained: report.drained, stdout: report.stdout }
})

const warnings = []
const logger = Logger.make(({ message }) => void warnings.push(String(message)))

process.stdin.resume()

const rounds = Effect.gen(function* () {
  process.stdout.write("up\n")
  while (!process.stdin.readableEnded) {
    for (const [kind, work] of Object.entries({ turn, stop, held })) {
      const begun = performance.now()
      const { end, isRight, millis } = yield* work
      const took = performance.now() - begun
      const said = warnings.splice(0)
      const isMeasured = millis >= 0 && millis <= took + 5
      const problem = isRight && isMeasured && said.length === 0 ? undefined : { end, millis, took, said }
      process.stdout.write(`${JSON.stringify({ kind, problem })}\n`)
    }
  }
})

Effect.runPromise(
  rounds.pipe(Effect.provide(NodeChildSpawner.layer), Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
).then(() => process.exit(0))
