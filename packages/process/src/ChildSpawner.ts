/**
 * The service that starts children.
 */
import type * as Command from "@effect/platform/Command"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Scope from "effect/Scope"
import type { Child } from "./Child.js"
import type { ChildDriver, LaunchRequest } from "./ChildDriver.js"
import type { ChildOptions } from "./ChildOptions.js"
import { resolve } from "./internal/resolve.js"
import { refuse, start } from "./internal/start.js"
import type { SpawnError } from "./SpawnError.js"

/**
 * A child without a scope: whoever has it must run `release`, which stops the child by its plan and waits until it is
 * gone. `release` may be run more than once, and never fails.
 *
 * @example
 * ```ts
 * import type { Acquired } from "@tether/process/ChildSpawner"
 * import * as Effect from "effect/Effect"
 *
 * const pidOf = ({ child, release }: Acquired) => Effect.ensuring(Effect.sync(() => child.pid), release)
 * ```
 */
export interface Acquired {
  readonly child: Child
  readonly release: Effect.Effect<void>
}

/**
 * Starts children. `spawn` checks the command and its options as a whole, starts the child in the current scope, and
 * returns its handle once it runs; its output is read from that moment. When the scope closes the child is stopped by
 * its plan. Every failure is a `SpawnError`, after which nothing runs and nothing is open.
 *
 * `acquire` is the same without a scope, to be run where it cannot be interrupted: for brackets that need no more than
 * one child, because a scope costs as much as everything else around a short one.
 *
 * `clock` is that of its driver, by which waits about the children are measured: real time for real ones, and the
 * clock of the fiber for scripts. Who measures a limit of a child by it waits in the same time as the child lives in.
 *
 * Programs use it through `Supervise`; a platform provides it with {@link make}.
 *
 * @example
 * ```ts
 * import { ChildSpawner } from "@tether/process/ChildSpawner"
 * import * as Command from "@effect/platform/Command"
 * import * as Effect from "effect/Effect"
 *
 * const pid = Effect.scoped(Effect.gen(function*() {
 *   const spawner = yield* ChildSpawner
 *   const child = yield* spawner.spawn(Command.make("sleep", "60"))
 *   return child.pid
 * }))
 * ```
 */
export class ChildSpawner extends Context.Tag("@tether/process/ChildSpawner")<
  ChildSpawner,
  {
    readonly spawn: (command: Command.Command, options?: ChildOptions) => Effect.Effect<Child, SpawnError, Scope.Scope>
    readonly acquire: (command: Command.Command, options?: ChildOptions) => Effect.Effect<Acquired, SpawnError>
    readonly clock: Effect.Effect<Clock.Clock>
  }
>() {}

/**
 * What a spawner would do with a command.
 *
 * @example
 * ```ts
 * import type { Planned } from "@tether/process/ChildSpawner"
 *
 * const lines = ({ shown }: Planned) => shown.map(({ args, command }) => [command, ...args].join(" "))
 * ```
 */
export interface Planned {
  /** Names the command, with secrets replaced. */
  readonly label: string
  /** What the driver would be asked for, for each program of the command, from the left. Secrets are in it. */
  readonly requests: ReadonlyArray<LaunchRequest>
  /** The same programs as they may be kept and shown: as they were given, with secrets replaced. */
  readonly shown: ReadonlyArray<Shown>
}

/**
 * A program with secrets replaced. `cwd` is `undefined` where it is that of this program.
 *
 * @example
 * ```ts
 * import type { Shown } from "@tether/process/ChildSpawner"
 *
 * const login: Shown = { command: "login", args: ["--password", "<redacted>"], cwd: undefined }
 * ```
 */
export interface Shown {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string | undefined
}

/**
 * What a spawner would do with a command, or the error that it would fail with before it asks its driver for anything.
 *
 * @example
 * ```ts
 * import * as ChildSpawner from "@tether/process/ChildSpawner"
 * import * as Command from "@effect/platform/Command"
 * import * as Either from "effect/Either"
 *
 * const planned = ChildSpawner.plan(Command.pipeTo(Command.make("cat", "log"), Command.make("sort")))
 * // [ "cat", "sort" ]
 * if (Either.isRight(planned)) console.log(planned.right.requests.map((request) => request.program))
 * ```
 */
export const plan = (command: Command.Command, options: ChildOptions = {}): Either.Either<Planned, SpawnError> =>
  Either.map(resolve(command, options), ({ label, stages }) => ({
    label,
    requests: stages.map((stage) => stage.request),
    shown: stages.map((stage) => stage.shown)
  }))

/**
 * A spawner over what a platform can do.
 *
 * @example
 * ```ts
 * import type { ChildDriver } from "@tether/process/ChildDriver"
 * import * as ChildSpawner from "@tether/process/ChildSpawner"
 * import * as Layer from "effect/Layer"
 *
 * const layer = (driver: ChildDriver) => Layer.succeed(ChildSpawner.ChildSpawner, ChildSpawner.make(driver))
 * ```
 */
export const make = (driver: ChildDriver): ChildSpawner["Type"] => {
  const acquire = (command: Command.Command, options: ChildOptions = {}): Effect.Effect<Acquired, SpawnError> =>
    Effect.suspend(() => {
      const plan = resolve(command, options)
      if (Either.isLeft(plan)) return refuse(plan.left)
      return Effect.map(start(driver, plan.right), (child) => ({ child, release: child.release }))
    })
  return {
    clock: driver.clock,
    acquire,
    // Not `acquireRelease`, which compares all fiber references before and after, at a tenth of the cost of a spawn.
    spawn: (command, options) =>
      Effect.uninterruptible(
        Effect.flatMap(Effect.scope, (scope) =>
          Effect.flatMap(acquire(command, options), ({ child, release }) =>
            Effect.as(Scope.addFinalizer(scope, release), child)
          )
        )
      )
  }
}
