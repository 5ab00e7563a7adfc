/**
 * Programs that run in scopes.
 */
import type * as Command from "@effect/platform/Command"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Child } from "./Child.js"
import { streamAt } from "./ChildDriver.js"
import type { ChildOptions } from "./ChildOptions.js"
import { ChildSpawner } from "./ChildSpawner.js"
import type { ExitReport } from "./ExitReport.js"
import { IncompleteOutputError } from "./IncompleteOutputError.js"
import { Collected, framed } from "./internal/collected.js"
import { Framer } from "./internal/framer.js"
import { givenCollecting } from "./internal/given.js"
import * as Redactor from "./internal/redact.js"
import { refusal } from "./internal/resolve.js"
import { stackless } from "./internal/stackless.js"
import { OutputTooLarge } from "./OutputTooLarge.js"
import type { ProcessFailed } from "./ProcessFailed.js"
import type { SpawnError } from "./SpawnError.js"
import type { SurvivorsError } from "./SurvivorsError.js"

/**
 * Starts a program in the current scope and returns its handle at once. When the scope closes, the child is stopped by
 * its plan, its output delivered, and nothing of its tree lives; nothing can fail there, so survivors are logged as an
 * error, and `child.gone` fails with them.
 *
 * Fails with `SpawnError` if the program cannot be started. Its end is told by `child.report`, and raced against other
 * work by `child.raceExit`.
 *
 * @example
 * ```ts
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Command from "@effect/platform/Command"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const server = yield* Supervise.start(Command.make("my-server"), { relay: true })
 *   yield* Effect.logInfo(`the server runs as ${server.pid}`)
 *   return yield* server.report
 * }))
 * ```
 */
export const start = (
  command: Command.Command,
  options?: ChildOptions
): Effect.Effect<Child, SpawnError, ChildSpawner | Scope.Scope> =>
  Effect.flatMap(ChildSpawner, (spawner) => spawner.spawn(command, options))

/**
 * Runs a program to its end and returns its report.
 *
 * The outcome is decided last: after the child has exited, every byte it wrote has been delivered, and nothing lives
 * that it has started, as far as its level of containment reaches. Interrupting the run stops the child first, and
 * waits for the same.
 *
 * Fails with `SpawnError` if it cannot be started, with `ProcessFailed` if its status is outside `expect` (default:
 * exit code 0; `check: false` accepts all), and with `SurvivorsError` if some of it could not be ended. Processes that
 * the child leaves behind are stopped (but for `leftovers: "leave"`), named in a warning and in `report.leftovers`, and
 * are no failure.
 *
 * Nobody has the handle here: a stream that is `"bytes"` is read and thrown away, and an input that is `"pipe"` is
 * closed at once. Take `use` or `start` for these.
 *
 * @example
 * ```ts
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Command from "@effect/platform/Command"
 * import * as Effect from "effect/Effect"
 *
 * const lint = Supervise.run(Command.make("eslint", "."), { relay: true, expect: [0, 1] }).pipe(
 *   Effect.map((report) => report.stdout.lines)
 * )
 * ```
 */
export const run = (
  command: Command.Command,
  options?: ChildOptions
): Effect.Effect<ExitReport, SpawnError | ProcessFailed | SurvivorsError, ChildSpawner> =>
  bracket(
    command,
    options,
    (child) => Effect.zipRight(closeUnwritten(child, options), goneUnread(child, options)),
    (child) => child.report
  )

/**
 * Runs `f` while a child lives, and stops the child when `f` is done.
 *
 * The child must outlive `f`: if it ends first, in whatever status, `f` is interrupted and the whole fails with
 * `ProcessFailed`, unless `expect` was given and allows that end, or `f` stopped the child itself. If `f` fails because
 * the child died, the failure is `ProcessFailed` with the failure of `f` as its `bodyCause`.
 *
 * Fails with `SpawnError` if the child cannot be started, and with `SurvivorsError` if some of it could not be ended at
 * the close.
 *
 * @example
 * ```ts
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Command from "@effect/platform/Command"
 * import * as Effect from "effect/Effect"
 *
 * const answer = Supervise.use(Command.make("my-server"), { label: "server" }, (server) =>
 *   Effect.promise(() => fetch(`http://127.0.0.1:8080/?pid=${server.pid}`).then((response) => response.text())))
 * ```
 */
export const use = <A, E, R>(
  command: Command.Command,
  options: ChildOptions,
  f: (child: Child) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | SpawnError | ProcessFailed | SurvivorsError, R | ChildSpawner> =>
  bracket(
    command,
    options,
    (child) => child.raceExit(Effect.suspend(() => f(child))),
    (child, value) =>
      // The end of a child that outlived `f` is accepted; a consumer that died has to be heard of all the same.
      Effect.as(Effect.ignore(child.report), value)
  )

/**
 * A child as a service: it is started when the layer is built and stopped when the layer's scope closes. Sibling
 * layers, merged with `Layer.mergeAll`, stop in parallel.
 *
 * Fails with `SpawnError` if the child cannot be started.
 *
 * @example
 * ```ts
 * import type { Child } from "@tether/process/Child"
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Command from "@effect/platform/Command"
 * import * as Context from "effect/Context"
 *
 * class Database extends Context.Tag("Database")<Database, Child>() {}
 *
 * const layer = Supervise.layer(Database, Command.make("postgres", "-D", "data"), { label: "postgres" })
 * ```
 */
export const layer = <Id>(
  tag: Context.Tag<Id, Child>,
  command: Command.Command,
  options?: ChildOptions
): Layer.Layer<Id, SpawnError, ChildSpawner> => Layer.scoped(tag, start(command, options))

/**
 * Starts children as siblings: all at once, and stopped at once when the scope closes, so that the slowest stop, and
 * not their sum, is the wait. Takes what `Effect.all` takes.
 *
 * @example
 * ```ts
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Command from "@effect/platform/Command"
 *
 * const stack = Supervise.all({
 *   api: Supervise.start(Command.make("api")),
 *   worker: Supervise.start(Command.make("worker"))
 * })
 * ```
 */
export const all = <
  const Starts extends
    | Iterable<Effect.Effect<unknown, unknown, unknown>>
    | Readonly<Record<string, Effect.Effect<unknown, unknown, unknown>>>
>(
  starts: Starts
): Effect.All.Return<Starts, { readonly concurrency: "unbounded" }> =>
  Effect.parallelFinalizers(
    Effect.all(starts, { concurrency: "unbounded" }) as Effect.Effect<unknown, unknown, unknown>
  ) as Effect.All.Return<Starts, { readonly concurrency: "unbounded" }>

/**
 * How output is collected: the options of a child, but for those that collecting needs itself, and
 *
 * - `limit`: how many bytes of stdout there may be. Default 16 MiB, more than anyone reads and less than what hurts. It
 *   is also the default of `maxLineBytes` for the lines of stdout.
 * - `whole`: whether the run fails when something else held stdout open after the child's end, and it was read no
 *   further. Default false: such a run succeeds with a warning. A shell that leaves a daemon is one; so is a shell that
 *   does not wait for a process substitution, whose output would be missing.
 *
 * @example
 * ```ts
 * import type { CollectOptions } from "@tether/process/Supervise"
 *
 * const short: CollectOptions = { limit: 64 * 1024 }
 * ```
 */
export interface CollectOptions extends Omit<ChildOptions, "stdout" | "check"> {
  readonly limit?: number | undefined
  readonly whole?: boolean | undefined
}

/**
 * Why a collecting run fails.
 *
 * @example
 * ```ts
 * import type { CollectError } from "@tether/process/Supervise"
 *
 * const isTooMuch = (error: CollectError) => error._tag === "OutputTooLarge"
 * ```
 */
export type CollectError = SpawnError | ProcessFailed | SurvivorsError | OutputTooLarge | IncompleteOutputError

/**
 * Runs a program to its end and returns what it wrote to stdout, as it is: a last newline stays. It is decoded as UTF-8
 * in one piece, so that no character is cut.
 *
 * Fails as {@link run} does, and with `OutputTooLarge` as soon as there is more than `limit` bytes: the child is
 * stopped then, and the error has what was kept. Fails with `IncompleteOutputError`, which has what was kept, too, if
 * the output was not taken in time after the child's end, and with `whole: true` if something else held it open.
 *
 * @example
 * ```ts
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Command from "@effect/platform/Command"
 *
 * const head = Supervise.string(Command.make("git", "rev-parse", "HEAD"))
 * ```
 */
export const string = (
  command: Command.Command,
  options?: CollectOptions
): Effect.Effect<string, CollectError, ChildSpawner> =>
  collect(command, options, (collected) => Effect.succeed(collected.text))

/**
 * Runs a program to its end and returns the lines of its stdout, framed as everywhere: they end at newlines only, and
 * one carriage return before a newline is trimmed. `limit` counts bytes. A line that is longer than `maxLineBytes`, by
 * default the limit, is an `IncompleteOutputError`. Everything else is as for {@link string}.
 *
 * @example
 * ```ts
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Command from "@effect/platform/Command"
 *
 * const files = Supervise.lines(Command.make("git", "ls-files"))
 * ```
 */
export const lines = (
  command: Command.Command,
  options: CollectOptions = {}
): Effect.Effect<ReadonlyArray<string>, CollectError, ChildSpawner> =>
  collect(command, options, (collected, incomplete) => {
    const longest = options.maxLineBytes ?? Math.max(1, options.limit ?? defaultLimit)
    const linesOf = (text: Uint8Array) => framed(text, new Framer(longest, options.carriageReturn ?? "keep"))
    const { lines, missing } = linesOf(collected.bytes)
    if (missing === 0) return Effect.succeed(lines)
    // Without secrets first: one that a line was cut in the middle of could no longer be told.
    return incomplete("LongLine", missing, (text) => linesOf(encoder.encode(text)).lines.join("\n"))
  })

const encoder = new TextEncoder()

const defaultLimit = 16 * 1024 * 1024

type Incomplete = (
  reason: IncompleteOutputError["reason"],
  missing: number | undefined,
  shorten?: (text: string) => string
) => Effect.Effect<never, IncompleteOutputError>

const collect = <A>(
  command: Command.Command,
  collectOptions: CollectOptions | undefined,
  f: (collected: Collected, incomplete: Incomplete) => Effect.Effect<A, IncompleteOutputError>
): Effect.Effect<A, CollectError, ChildSpawner> =>
  Effect.suspend(() => {
    const { problems, value } = givenCollecting(collectOptions, defaultLimit)
    const { limit, options: rest, whole } = value
    const options: ChildOptions = { ...rest, stdout: "bytes" }
    if (problems.length > 0) return Effect.fail(refusal(command, options, problems))
    const collected = new Collected(limit)
    const kept = () => Redactor.ofOptions(options).redactCut(collected.cutText)
    return bracket(
      command,
      options,
      (child) => {
        const tooLarge = Effect.suspend(() =>
          Effect.fail(stackless(new OutputTooLarge({ label: child.label, limit, kept: kept() })))
        )
        const all = Stream.runForEach(child.bytes("stdout"), (chunk) =>
          collected.take(chunk) ? Effect.void : tooLarge
        )
        return Effect.zipRight(
          closeUnwritten(child, options),
          Effect.zipLeft(goneUnread(child, rest), all, { concurrent: true })
        )
      },
      (child) => {
        const incomplete: Incomplete = (reason, missing, shorten = identity) =>
          Effect.fail(
            stackless(new IncompleteOutputError({ label: child.label, reason, missing, kept: shorten(kept()) }))
          )
        return Effect.flatMap(child.report, ({ stdout }) => {
          if (stdout.drained === "Stalled") return incomplete("Stalled", stdout.bytes - collected.size)
          return whole && stdout.drained === "Cut" ? incomplete("Cut", undefined) : f(collected, incomplete)
        })
      }
    )
  })

/** Nobody else has the handle: an input that nobody writes would be waited for without end. */
const closeUnwritten = (child: Child, options: ChildOptions | undefined): Effect.Effect<void> => {
  const unwritten = [...(options?.stdin === "pipe" ? [0] : []), ...pipesOf(options?.fds, "pipe")]
  return Effect.forEach(unwritten, (descriptor) => child.input(descriptor).close, { discard: true })
}

const pipesOf = (fds: ChildOptions["fds"], form: "pipe" | "bytes"): ReadonlyArray<number> =>
  Object.entries(fds ?? {}).flatMap(([descriptor, given]) => (given === form ? [Number(descriptor)] : []))

/** Nobody else has the handle, and bytes that nobody takes would hold the child back for ever. */
const goneUnread = (child: Child, options: ChildOptions | undefined): Effect.Effect<ExitReport, SurvivorsError> => {
  const unread = [
    ...(["stdout", "stderr"] as const).filter((stream) => options?.[stream] === "bytes"),
    ...pipesOf(options?.fds, "bytes").map(streamAt)
  ]
  if (unread.length === 0) return child.gone
  const dropped = unread.map((stream) => Stream.runDrain(child.bytes(stream)))
  return Effect.zipLeft(child.gone, Effect.all(dropped, { concurrency: "unbounded", discard: true }), {
    concurrent: true
  })
}

/** The child, the body, the release, and only then the decision. */
const bracket = <A, E, R, B, E2>(
  command: Command.Command,
  options: ChildOptions | undefined,
  body: (child: Child) => Effect.Effect<A, E, R>,
  decide: (child: Child, value: A) => Effect.Effect<B, E2>
): Effect.Effect<B, E | E2 | SpawnError | SurvivorsError, R | ChildSpawner> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(ChildSpawner, (spawner) =>
      Effect.flatMap(
        spawner.acquire(command, options),
        ({ child, release }): Effect.Effect<B, E | E2 | SurvivorsError, R> =>
          Effect.flatMap(Effect.exit(restore(body(child))), (exit) =>
            Effect.zipRight(
              release,
              Effect.matchCauseEffect(child.gone, {
                onSuccess: () => outcome(exit, (value) => decide(child, value)),
                onFailure: (survivors) => Effect.failCause(withSurvivors(exit, survivors))
              })
            )
          )
      )
    )
  )

const outcome = <A, E, B, E2>(
  exit: Exit.Exit<A, E>,
  decide: (value: A) => Effect.Effect<B, E2>
): Effect.Effect<B, E | E2> => (Exit.isSuccess(exit) ? decide(exit.value) : Effect.failCause(exit.cause))

const withSurvivors = <E>(
  exit: Exit.Exit<unknown, E>,
  survivors: Cause.Cause<SurvivorsError>
): Cause.Cause<E | SurvivorsError> =>
  // `run` waits for the same end, and has failed with the same survivors already.
  Exit.isSuccess(exit) || Equal.equals(exit.cause, survivors) ? survivors : Cause.sequential(survivors, exit.cause)
