/**
 * Which process a pid means: pids are used again, so a pid alone names nobody.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as ProcStat from "./ProcStat.js"

/**
 * One process, told from every other that had or will have its pid: pid and start token, and, once it is stored, the
 * boot and the pid namespace in which these two mean something.
 *
 * @example
 * ```ts
 * import { Identity } from "@tether/host/ProcessIdentity"
 * import * as Schema from "effect/Schema"
 *
 * const stored = Schema.encodeSync(Identity)({ pid: 4711, startToken: "88123", bootId: undefined, pidNamespace: undefined })
 * ```
 */
export const Identity = Schema.Struct({
  pid: Schema.Int.pipe(Schema.positive()),
  startToken: Schema.NonEmptyString,
  bootId: Schema.UndefinedOr(Schema.String),
  pidNamespace: Schema.UndefinedOr(Schema.String)
})

/**
 * The type of {@link Identity}.
 *
 * @example
 * ```ts
 * import type { Identity } from "@tether/host/ProcessIdentity"
 *
 * const sameProcess = (a: Identity, b: Identity) => a.pid === b.pid && a.startToken === b.startToken
 * ```
 */
export type Identity = typeof Identity.Type

/**
 * What can be said of a process: it runs, it has ended (a zombie has ended), or nobody here can tell. `unknown` is an
 * answer: whoever gets it neither signals nor restarts.
 *
 * @example
 * ```ts
 * import type { Liveness } from "@tether/host/ProcessIdentity"
 *
 * const mayRestart = (liveness: Liveness) => liveness === "gone"
 * ```
 */
export type Liveness = "alive" | "gone" | "unknown"

/**
 * Tells processes apart. It reads and never spawns.
 *
 * - `identify(pid)`: the identity of the process that has this pid now, or none if there is none or it cannot be told.
 * - `liveness(identity)`: whether exactly that process still runs.
 *
 * @example
 * ```ts
 * import { ProcessIdentity } from "@tether/host/ProcessIdentity"
 * import * as Effect from "effect/Effect"
 *
 * const check = (pid: number) =>
 *   Effect.gen(function*() {
 *     const processes = yield* ProcessIdentity
 *     const identity = yield* processes.identify(pid)
 *     return identity._tag === "Some" ? yield* processes.liveness(identity.value) : "unknown"
 *   })
 * ```
 */
export class ProcessIdentity extends Context.Tag("@tether/host/ProcessIdentity")<ProcessIdentity, {
  readonly identify: (pid: number) => Effect.Effect<Option.Option<Identity>>
  readonly liveness: (identity: Identity) => Effect.Effect<Liveness>
}>() {}

/**
 * Identity from `/proc`. Where there is no `/proc` (macOS, Windows) every answer is `unknown`: telling would need a
 * spawn. Where `/proc` hides the processes of others (`hidepid`), one that is not seen is `unknown` and not `gone`.
 *
 * @example
 * ```ts
 * import * as ProcessIdentity from "@tether/host/ProcessIdentity"
 * import * as Effect from "effect/Effect"
 *
 * const program = ProcessIdentity.ProcessIdentity.pipe(
 *   Effect.flatMap((processes) => processes.identify(1)),
 *   Effect.provide(ProcessIdentity.layer) // still needs a FileSystem
 * )
 * ```
 */
export const layer: Layer.Layer<ProcessIdentity, never, FileSystem.FileSystem> = Layer.effect(
  ProcessIdentity,
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const bootId = yield* fs.readFileString("/proc/sys/kernel/random/boot_id").pipe(
      Effect.map((text): string | undefined => text.trim()),
      Effect.orElseSucceed(() => undefined)
    )
    const pidNamespace = yield* fs.readLink("/proc/self/ns/pid").pipe(
      Effect.map((text): string | undefined => text),
      Effect.orElseSucceed(() => undefined)
    )
    const seesEveryone = yield* Effect.orElseSucceed(fs.exists("/proc/1/stat"), () => false)

    const read = (pid: number): Effect.Effect<ProcStat.ProcStat | "missing" | "unreadable"> =>
      Effect.map(Effect.either(fs.readFileString(`/proc/${pid}/stat`)), (result) => {
        if (Either.isRight(result)) return ProcStat.parse(result.right) ?? "unreadable"
        const error = result.left
        return error._tag === "SystemError" && error.reason === "NotFound" ? "missing" : "unreadable"
      })

    return ProcessIdentity.of({
      identify: (pid) =>
        Effect.map(read(pid), (stat) =>
          typeof stat === "string"
            ? Option.none()
            : Option.some({ pid, startToken: stat.startTicks, bootId, pidNamespace })),
      liveness: (identity) => {
        if (identity.bootId !== undefined && bootId !== undefined && identity.bootId !== bootId) {
          return Effect.succeed("gone")
        }
        if (identity.pidNamespace !== undefined && identity.pidNamespace !== pidNamespace) {
          return Effect.succeed("unknown")
        }
        return Effect.map(read(identity.pid), (stat): Liveness => {
          if (stat === "missing") return seesEveryone ? "gone" : "unknown"
          if (stat === "unreadable") return "unknown"
          return stat.startTicks === identity.startToken && ProcStat.isRunning(stat) ? "alive" : "gone"
        })
      }
    })
  })
)
