/**
 * The output of one child: its drains, of which there is one for each captured stream, and its readers.
 */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { Child, Lagged, OutputLine, ReadOptions } from "../Child.js"
import type { Launched, StreamName } from "../ChildDriver.js"
import type { StreamReport } from "../ExitReport.js"
import { ByteDrain } from "./byteDrain.js"
import { Drain } from "./drain.js"
import { Hub } from "./hub.js"
import type { Intake } from "./intake.js"
import { annotationsOf } from "./relayLines.js"
import type { Plan } from "./resolve.js"
import { clip } from "./text.js"

const bothStreams: ReadonlyArray<StreamName> = ["stdout", "stderr"]
const notCaptured: StreamReport = { bytes: 0, lines: 0, truncatedLines: 0, truncatedBytes: 0, tail: "" }

/** What the output asks of its child. */
export interface Owner {
  /** The running process. Not asked before the first byte has come. */
  readonly launched: () => Launched
  readonly fork: (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>
  readonly onDrained: () => void
}

export class Output {
  private readonly hub: Hub
  private readonly byStream: { readonly [S in StreamName]: Intake | undefined }

  constructor(private readonly plan: Plan, owner: Owner) {
    const captured = bothStreams.filter((stream) => plan.streams[stream]?.as === "lines")
    this.hub = new Hub(captured, Duration.toMillis(plan.deliverGrace))
    const drainOf = (stream: StreamName) => {
      const streamPlan = plan.streams[stream]
      if (streamPlan === undefined) return undefined
      const pipe = {
        pause: () => owner.launched().pause(stream),
        resume: () => owner.launched().resume(stream)
      }
      const onDone = () => {
        if (this.isDrained) owner.onDrained()
      }
      if (streamPlan.as === "bytes") return new ByteDrain(stream, plan, pipe, onDone)
      return new Drain(stream, plan, streamPlan, this.hub, {
        ...pipe,
        onDone,
        fork: (effect) =>
          owner.fork(
            streamPlan.relay === undefined
              ? effect
              : Effect.annotateLogs(effect, annotationsOf(plan.label, owner.launched().pid, stream))
          )
      })
    }
    this.byStream = { stdout: drainOf("stdout"), stderr: drainOf("stderr") }
  }

  push(stream: StreamName, chunk: Uint8Array): void {
    this.byStream[stream]?.push(chunk)
  }

  end(stream: StreamName): void {
    this.byStream[stream]?.end()
  }

  get drains(): ReadonlyArray<Intake> {
    return bothStreams.flatMap((stream) => this.byStream[stream] ?? [])
  }

  get isDrained(): boolean {
    return this.drains.every((drain) => drain.isDone)
  }

  /** The child's scope closes. */
  letGo(): void {
    for (const drain of this.drains) drain.letGo()
  }

  /** Why a consumer given as an option was given up. */
  get defect(): Cause.Cause<never> | undefined {
    return this.drains.find((drain) => drain.defect !== undefined)?.defect
  }

  tail(stream: StreamName): string {
    return this.byStream[stream]?.tailText() ?? ""
  }

  report(stream: StreamName): StreamReport {
    return this.byStream[stream]?.report() ?? notCaptured
  }

  readonly read = ((options: ReadOptions = {}): Stream.Stream<OutputLine | Lagged> =>
    Stream.fromPull(Effect.map(
      Effect.acquireRelease(
        Effect.sync(() =>
          this.hub.subscribe(options.streams ?? bothStreams, options.replay ?? 0, options.onSlow ?? "suspend")
        ),
        (subscription) => Effect.sync(() => subscription.close())
      ),
      (subscription) => subscription.take
    ))) as Child["read"]

  readonly bytes = (stream: StreamName): Stream.Stream<Uint8Array> => {
    const drain = this.byStream[stream]
    if (drain instanceof ByteDrain) return drain.bytes
    const as = this.plan.streams[stream]?.as ?? this.plan.request[stream]
    return Stream.die(
      new Error(`cannot read the bytes of "${clip(this.plan.label)}": needs ${stream}: "bytes", and it is "${as}"`)
    )
  }
}
