/**
 * What is to be done with a command, once its options have been checked: a plan for each process of it.
 */
import type * as Duration from "effect/Duration"
import type * as LogLevel from "effect/LogLevel"
import type * as Sink from "effect/Sink"
import type * as Stream from "effect/Stream"
import type { Descriptor, LaunchRequest, StreamName } from "../ChildDriver.js"
import type { OnLines } from "../ChildOptions.js"
import type { ExitStatus } from "../ExitStatus.js"
import type { StopPlan } from "../StopPlan.js"
import type { Redactor } from "./redact.js"

/** What is done with one captured stream. */
export type StreamPlan = LinesPlan | BytesPlan

export interface LinesPlan {
  readonly as: "lines"
  readonly relay: { readonly level: LogLevel.LogLevel; readonly colour: boolean } | undefined
  readonly onLines: OnLines | undefined
}

export interface BytesPlan {
  readonly as: "bytes"
  readonly sink: Sink.Sink<unknown, Uint8Array, unknown> | undefined
}

/** What is written to a child: bytes, a stream, or whatever its owner writes. */
export type Source = Uint8Array | Stream.Stream<Uint8Array | string, unknown> | "owner"

/** One process. */
export interface Plan {
  readonly label: string
  /** The command as it may be shown. */
  readonly shown: { readonly command: string; readonly args: ReadonlyArray<string>; readonly cwd: string | undefined }
  readonly request: LaunchRequest
  readonly redactor: Redactor
  /** The captured streams. */
  readonly streams: ReadonlyMap<StreamName, StreamPlan>
  /** The descriptors that we write. */
  readonly inputs: ReadonlyMap<number, Source>
  /** Its stdin is the stdout of another. */
  readonly isFed: boolean
  readonly maxLineBytes: number
  readonly carriageReturn: "keep" | "split"
  readonly flushPartialAfter: Duration.Duration | undefined
  readonly tailBytes: number
  readonly expects: (status: ExitStatus) => boolean
  /** Whether the caller said which ends are expected, or the default did. */
  readonly expectGiven: boolean
  readonly check: boolean
  readonly stop: StopPlan
  readonly leftoverGrace: Duration.Duration
  readonly drainGrace: Duration.Duration
  readonly deliverGrace: Duration.Duration
}

/** A command: the plans of its processes, from the left. */
export interface CommandPlan {
  readonly label: string
  readonly redactor: Redactor
  readonly stages: readonly [Plan, ...ReadonlyArray<Plan>]
}

/** The plan of a stage, with what is open for it in its places. */
export const connect = (plan: Plan, ends: ReadonlyArray<readonly [number, Descriptor]>): Plan => ({
  ...plan,
  request: { ...plan.request, descriptors: new Map([...plan.request.descriptors, ...ends]) }
})
