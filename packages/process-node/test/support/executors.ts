/**
 * One program under two executors: that of `@effect/platform-node`, and ours.
 */
import * as EffectExecutor from "@effect/platform-node/NodeCommandExecutor"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Command from "@effect/platform/Command"
import type { CommandExecutor } from "@effect/platform/CommandExecutor"
import { isPlatformError } from "@effect/platform/Error"
import { it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { expect } from "vitest"
import * as NodeCommandExecutor from "../../src/NodeCommandExecutor.js"
import { quiet } from "./logs.js"
import { marked } from "./os.js"

const executors = {
  effect: Layer.provide(EffectExecutor.layer, NodeFileSystem.layer),
  ours: Layer.merge(NodeCommandExecutor.layer, quiet)
}

/** Makes commands whose processes can be found, and ended, when the case is over. */
export interface Maker {
  readonly make: (program: string, ...args: ReadonlyArray<string>) => Command.Command
  readonly sh: (script: string) => Command.Command
  /** The processes of this case that live. */
  readonly living: () => ReadonlyArray<number>
}

export type Program = (maker: Maker) => Effect.Effect<unknown, unknown, CommandExecutor | Scope.Scope>

/** Failures, defects and programs that do not end, as text. Everything else is itself. */
export const failed = (what: string): string => `failed: ${what}`
export const died = "died"
export const hangs = "hangs"

const outcome = (exit: Exit.Exit<unknown, unknown>): unknown => {
  if (Exit.isSuccess(exit)) return exit.value
  return Option.match(Cause.failureOption(exit.cause), { onNone: () => died, onSome: (error) => failed(words(error)) })
}

const words = (error: unknown): string => {
  if (!isPlatformError(error)) return String(error)
  return `${error._tag === "SystemError" ? error.reason : error._tag} ${error.module}.${error.method}`
}

/** The outcome of a part of a program. */
export const outcomeOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<unknown, never, R> =>
  Effect.map(Effect.exit(effect), outcome)

/** It may end by itself just then. */
const end = (pid: number): void => {
  try {
    process.kill(pid, "SIGKILL")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error
  }
}

let cases = 0

const run = (name: keyof typeof executors, program: Program, patience: number): Effect.Effect<unknown> => {
  const mark = `executor-${process.pid}-${++cases}`
  const make: Maker["make"] = (of, ...args) => Command.make(of, ...args).pipe(Command.env({ TEST_MARK: mark }))
  const maker: Maker = { make, sh: (script) => make("sh", "-c", script), living: () => marked(mark) }
  return Effect.scoped(program(maker)).pipe(
    Effect.exit,
    Effect.map(outcome),
    Effect.disconnect,
    Effect.timeoutTo({ duration: patience, onSuccess: (value) => value, onTimeout: () => hangs }),
    Effect.ensuring(
      Effect.sync(() => {
        for (const pid of maker.living()) end(pid)
      })
    ),
    Effect.provide(executors[name])
  )
}

/** In milliseconds, for what ends: a busy machine meets it. */
const ending = 60_000

/** Both executors do this. */
export const same = (name: string, program: Program, expected: unknown): void => {
  for (const each of ["effect", "ours"] as const) {
    it.live(`${name} (${each})`, () =>
      Effect.map(run(each, program, ending), (value) => expect(value).toEqual(expected))
    )
  }
}

export interface Difference {
  /** What each does, in words and as the outcome of the program. */
  readonly effect: readonly [words: string, outcome: unknown]
  readonly ours: readonly [words: string, outcome: unknown]
  /** After how many milliseconds a program of theirs that hangs is taken for one that never ends. */
  readonly patience?: number
}

/** They differ, and both behaviours are tried. */
export const differs = (name: string, program: Program, { effect, ours, patience = 2000 }: Difference): void => {
  it.live(`${name}: Effect's ${effect[0]}`, () =>
    Effect.map(run("effect", program, effect[1] === hangs ? patience : ending), (value) =>
      expect(value).toEqual(effect[1])
    )
  )
  it.live(`${name}: ours ${ours[0]}`, () =>
    Effect.map(run("ours", program, ending), (value) => expect(value).toEqual(ours[1]))
  )
}
