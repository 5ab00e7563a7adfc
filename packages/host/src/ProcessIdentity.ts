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
import * as RecordFields from "./RecordFields.js"

/**
 * One process, told from every other that had or will have its pid: pid and start token, and, once it is stored, the
 * boot and the pid namespace in which these two mean something.
 *
 * @example
 * ```ts
 * import { Identity } from "@tether/host/ProcessIdentity"
 * import * as Schema from "effect/Schema"
 *
 * const stored = Schema.encodeSync(Identity)({
 *   pid: 4711,
 *   startToken: "88123",
 *   bootId: undefined,
 *   pidNamespace: undefined
 * })
 * ```
 */
export const Identity = Schema.Struct({
  pid: RecordFields.Pid,
  startToken: RecordFields.Id,
  bootId: Schema.UndefinedOr(RecordFields.Id),
  pidNamespace: Schema.UndefinedOr(RecordFields.Id)
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
 * What must be known of where we are, so that an identity from elsewhere can be judged: our boot and pid namespace, and
 * whether the processes of other users are shown to us.
 *
 * @example
 * ```ts
 * import type { Here } from "@tether/host/ProcessIdentity"
 *
 * const nothingKnown: Here = { bootId: undefined, pidNamespace: undefined, seesEveryone: false }
 * ```
 */
export interface Here {
  readonly bootId: string | undefined
  readonly pidNamespace: string | undefined
  readonly seesEveryone: boolean
}

/**
 * The verdict on an identity, from what was found at its pid: the process there, no process, or something that could
 * not be read. Pure, for readers of `/proc` that are no `FileSystem`.
 *
 * @example
 * ```ts
 * import * as ProcessIdentity from "@tether/host/ProcessIdentity"
 *
 * const here = { bootId: "b", pidNamespace: undefined, seesEveryone: true }
 * const identity = { pid: 7, startToken: "4711", bootId: "b", pidNamespace: undefined }
 * ProcessIdentity.judge(identity, here, "missing") // "gone"
 * ```
 */
export const judge = (
  identity: Identity,
  here: Here,
  found: { readonly startToken: string; readonly isRunning: boolean } | "missing" | "unreadable"
): Liveness => {
  if (identity.bootId !== undefined && here.bootId !== undefined && identity.bootId !== here.bootId) return "gone"
  if (identity.pidNamespace !== undefined && identity.pidNamespace !== here.pidNamespace) return "unknown"
  if (found === "missing") return here.seesEveryone ? "gone" : "unknown"
  if (found === "unreadable") return "unknown"
  return found.startToken === identity.startToken && found.isRunning ? "alive" : "gone"
}

/**
 * Tells processes apart. It only reads.
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
export class ProcessIdentity extends Context.Tag("@tether/host/ProcessIdentity")<
  ProcessIdentity,
  {
    readonly identify: (pid: number) => Effect.Effect<Option.Option<Identity>>
    readonly liveness: (identity: Identity) => Effect.Effect<Liveness>
  }
>() {}

/**
 * Identity from `/proc`. Where there is no `/proc` (macOS, Windows) every answer is `unknown`: telling would need a
 * spawn, as in `NodeProcessIdentity` of `@tether/process-node`. Where `/proc` hides the processes of others
 * (`hidepid`), one that is not seen is `unknown` and not `gone`.
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
  Effect.gen(function* () {
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
            : Option.some({ pid, startToken: stat.startTicks, bootId, pidNamespace })
        ),
      liveness: (identity) =>
        Effect.map(read(identity.pid), (stat) =>
          judge(
            identity,
            { bootId, pidNamespace, seesEveryone },
            typeof stat === "string" ? stat : { startToken: stat.startTicks, isRunning: ProcStat.isRunning(stat) }
          )
        )
    })
  })
)
