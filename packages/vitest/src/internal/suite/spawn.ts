/**
 * Children that are not started.
 */
import * as Command from "@effect/platform/Command"
import type { ChildOptions } from "@tether/process/ChildOptions"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import * as Script from "../../Script.js"
import { type Case, make } from "./case.js"
import { mark, missingDirectory, missingProgram, program, run, up } from "./children.js"

const refused = (command: Command.Command, options: ChildOptions) =>
  Effect.gen(function* () {
    const { env, expectNobody } = yield* mark
    const error = yield* Effect.flip(Supervise.run(command, { ...options, env }))
    yield* expectNobody
    expect(error).toMatchObject({ _tag: "SpawnError" })
    return error
  })

export const spawn: ReadonlyArray<Case> = [
  make(
    "says that there is no such program",
    Effect.gen(function* () {
      const error = yield* refused(Command.make(missingProgram, "an argument"), { label: "missing" })
      expect(error).toMatchObject({
        reason: "NotFound",
        label: "missing",
        command: missingProgram,
        args: ["an argument"]
      })
    })
  ),
  make(
    "says that there is no such directory",
    Effect.gen(function* () {
      expect(yield* refused(program(up), { cwd: missingDirectory })).toMatchObject({ reason: "BadWorkingDirectory" })
    })
  ),
  make(
    "refuses options that make no sense with all of their problems, and starts nothing",
    Effect.gen(function* () {
      const error = yield* refused(program(up, Script.hang), { maxLineBytes: -1, tailBytes: -1, label: "nonsense" })
      expect(error).toMatchObject({ reason: "InvalidArgument", label: "nonsense" })
      expect(error).toHaveProperty("problems.length", 2)
    })
  ),
  make(
    "starts children after one that could not be started",
    Effect.gen(function* () {
      yield* refused(Command.make(missingProgram), {})
      expect((yield* run([up])).stdout.tail).toBe("up\n")
    })
  )
]
