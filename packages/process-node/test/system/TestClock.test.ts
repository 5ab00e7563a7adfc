/**
 * Real children of a fiber whose clock stands still: waits about them are measured by a clock of their own.
 */
import * as Command from "@effect/platform/Command"
import { expect, it } from "@effect/vitest"
import { Exited, Signaled } from "@tether/process/ExitStatus"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as NodeChildSpawner from "../../src/NodeChildSpawner.js"
import * as NodeCommandExecutor from "../../src/NodeCommandExecutor.js"
import { captureLogs } from "../support/logs.js"

const sh = (script: string) => Command.make("sh", "-c", script)
const stop = StopPlan.make(StopPlan.signal("SIGTERM", "200 millis"))
const stubborn = "trap '' TERM; echo up; while :; do sleep 0.05; done"

it.effect("a child that ignores SIGTERM is killed", () =>
  Effect.gen(function* () {
    const report = yield* Effect.scoped(
      Effect.gen(function* () {
        const child = yield* Supervise.start(sh(stubborn), { stop })
        yield* Stream.runHead(child.read({ replay: 1 }))
        yield* child.stop()
        return yield* child.gone
      })
    )
    expect(report.status).toEqual(Signaled("SIGKILL"))
    expect(Duration.toMillis(report.duration)).toBeGreaterThan(200)
  }).pipe(Effect.provide([NodeChildSpawner.layer, captureLogs().layer]))
)

it.effect("a pipeline that ignores SIGTERM is killed, and its duration is that of real time", () =>
  Effect.gen(function* () {
    const report = yield* Effect.scoped(
      Effect.gen(function* () {
        const child = yield* Supervise.start(Command.pipeTo(sh(stubborn), sh("trap '' TERM; exec cat")), { stop })
        yield* Stream.runHead(child.read({ replay: 1 }))
        yield* child.stop()
        return yield* child.gone
      })
    )
    expect(Duration.toMillis(report.duration)).toBeGreaterThan(200)
  }).pipe(Effect.provide([NodeChildSpawner.layer, captureLogs().layer]))
)

it.effect.each(["by onLines", "by a reader"])("a consumer that is slow in real time gets every line: %s", (how) =>
  Effect.gen(function* () {
    const taken: Array<string> = []
    const take = (line: string) =>
      Effect.promise(
        () =>
          new Promise<void>((resolve) =>
            setTimeout(() => {
              taken.push(line)
              resolve()
            }, 5)
          )
      )
    const command = sh("seq 1 600")
    // It takes nothing for longer than this only if it is given more at once than it can deal with.
    const options = { deliverGrace: "800 millis" } as const
    const report =
      how === "by onLines"
        ? yield* Supervise.run(command, {
            ...options,
            onLines: { stdout: (lines) => Effect.forEach(lines, take, { discard: true }) }
          })
        : yield* Supervise.use(command, { ...options, expect: [0] }, (child) =>
            Effect.zipRight(
              Stream.runForEach(child.lines, (line) => (line._tag === "Lagged" ? Effect.void : take(line.text))),
              child.gone
            )
          )
    expect(report.drained).toEqual({ _tag: "Eof" })
    expect(taken).toHaveLength(600)
  }).pipe(Effect.provide([NodeChildSpawner.layer, captureLogs().layer]))
)

it.effect("a process that a child has left is stopped", () =>
  Effect.gen(function* () {
    const report = yield* Supervise.run(sh("sleep 300 & echo $!"))
    expect(report.status).toEqual(Exited(0))
    expect(report.leftovers).toHaveLength(1)
  }).pipe(Effect.provide([NodeChildSpawner.layer, captureLogs().layer]))
)

it.effect("an interrupted exitCode of the executor ends its command", () =>
  Effect.gen(function* () {
    const ended = yield* Effect.raceFirst(
      Command.exitCode(sh("sleep 300; :")),
      Effect.promise(() => new Promise((resume) => setImmediate(resume)))
    )
    expect(ended).toBeUndefined()
  }).pipe(Effect.provide(NodeCommandExecutor.layer))
)
