/**
 * Children that are connected to each other.
 */
import * as Command from "@effect/platform/Command"
import { Exited, Signaled } from "@tether/process/ExitStatus"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import * as Script from "../../Script.js"
import { type Case, makeFor } from "./case.js"
import { mark, missingProgram, printed, program, up } from "./children.js"

const piped = (first: Command.Command, ...rest: ReadonlyArray<Command.Command>) =>
  rest.reduce((left, right) => Command.pipeTo(left, right), first)

export const pipelines: ReadonlyArray<Case> = [
  makeFor(
    "pipelines",
    "passes bytes from stage to stage, and tells how each of them ended",
    Effect.gen(function* () {
      const report = yield* Supervise.run(
        piped(
          program(Script.stdout("one\n", "two\n"), Script.stderr("first\n")),
          program(Script.echo, Script.stderr("second\n"), Script.exit(3)),
          program(Script.echo, Script.stdout("end\n"))
        ),
        { expect: [0, 3] }
      )
      expect(report).toMatchObject({ status: Exited(0), stdout: { tail: "one\ntwo\nend\n" }, stderr: { lines: 2 } })
      expect(report.stages.map(({ status, stderr }) => [status, stderr.tail])).toEqual([
        [Exited(0), "first\n"],
        [Exited(3), "second\n"],
        [Exited(0), ""]
      ])
    })
  ),
  makeFor(
    "pipelines",
    "fails with the first stage that is not accepted",
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Supervise.run(
          piped(
            program(Script.stdout("one\n")),
            program(Script.readToEnd, Script.stderr("why\n"), Script.exit(4)),
            program(Script.readToEnd, Script.exit(5))
          )
        )
      )
      expect(error).toMatchObject({ _tag: "ProcessFailed", status: Exited(4), stderr: "why\n" })
    })
  ),
  makeFor(
    "pipelines",
    "ends an endless stage when the next one has enough, which is no failure",
    Effect.gen(function* () {
      const report = yield* Supervise.run(
        piped(
          program(Script.forever(Script.stdout("y\n"))),
          program(Script.readLine(), Script.stdout("enough\n"), Script.exit(0))
        )
      )
      expect(report.stdout.tail).toBe("enough\n")
      expect(report.stages).toMatchObject([{ status: Signaled("SIGPIPE"), endedBy: "child" }, { status: Exited(0) }])
    })
  ),
  makeFor(
    "pipelines",
    "stops all stages",
    Effect.gen(function* () {
      const { env, expectNobody, living } = yield* mark
      yield* Supervise.use(
        piped(
          program(Script.stdout("one\n"), Script.hang),
          program(Script.readLine(), up, Script.hang),
          program(Script.echo)
        ),
        { env },
        (child) =>
          Effect.gen(function* () {
            yield* printed(child)
            expect(yield* living).toHaveLength(3)
          })
      )
      yield* expectNobody
    })
  ),
  makeFor(
    "pipelines",
    "starts all stages or none",
    Effect.gen(function* () {
      const { env, expectNobody } = yield* mark
      const error = yield* Effect.flip(
        Supervise.run(piped(program(up, Script.hang), Command.make(missingProgram)), { env })
      )
      expect(error).toMatchObject({ _tag: "SpawnError", reason: "NotFound" })
      yield* expectNobody
    })
  )
]
