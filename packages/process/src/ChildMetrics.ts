/**
 * What is counted of all children of this program. Read them with `Metric.value`, or with any exporter of metrics.
 */
import * as Metric from "effect/Metric"
import * as MetricKey from "effect/MetricKey"

// Keys with their tags, instead of `Metric.tagged`: an update is then one look-up and no allocation, on the path of
// every chunk.
const perStream = (name: string, description: string) => {
  const counter = (stream: string) =>
    Metric.fromMetricKey(
      MetricKey.counter(name, { description, incremental: true }).pipe(MetricKey.tagged("stream", stream))
    )
  return { stdout: counter("stdout"), stderr: counter("stderr"), other: counter("other") }
}

/**
 * How many children run now: `tether_children_running`, a gauge.
 *
 * @example
 * ```ts
 * import * as ChildMetrics from "@tether/process/ChildMetrics"
 * import * as Metric from "effect/Metric"
 *
 * const now = Metric.value(ChildMetrics.running)
 * ```
 */
export const running = Metric.gauge("tether_children_running", { description: "Children that run now" })

/**
 * How many children were started: `tether_children_started_total`.
 *
 * @example
 * ```ts
 * import * as ChildMetrics from "@tether/process/ChildMetrics"
 * import * as Metric from "effect/Metric"
 *
 * const total = Metric.value(ChildMetrics.started)
 * ```
 */
export const started = Metric.counter("tether_children_started_total", {
  description: "Children that were started",
  incremental: true
})

/**
 * Failures by cause, `tether_children_failed_total{cause}`: `exited` and `signaled` for an end outside `expect`,
 * `survivors`, and `spawn:<reason>` for children that did not start.
 *
 * @example
 * ```ts
 * import * as ChildMetrics from "@tether/process/ChildMetrics"
 * import * as Metric from "effect/Metric"
 *
 * const missing = Metric.value(ChildMetrics.failed("spawn:NotFound"))
 * ```
 */
export const failed = (cause: string): Metric.Metric.Counter<number> =>
  Metric.fromMetricKey(
    MetricKey.counter("tether_children_failed_total", { description: "Failures by cause", incremental: true }).pipe(
      MetricKey.tagged("cause", cause)
    )
  )

/**
 * Bytes read, by stream, all but stdout and stderr together as `other`: `tether_output_bytes_total{stream}`.
 *
 * @example
 * ```ts
 * import * as ChildMetrics from "@tether/process/ChildMetrics"
 * import * as Metric from "effect/Metric"
 *
 * const fromStderr = Metric.value(ChildMetrics.bytes.stderr)
 * ```
 */
export const bytes = perStream("tether_output_bytes_total", "Bytes read from children")

/**
 * Lines framed, by stream: `tether_output_lines_total{stream}`.
 *
 * @example
 * ```ts
 * import * as ChildMetrics from "@tether/process/ChildMetrics"
 * import * as Metric from "effect/Metric"
 *
 * const fromStdout = Metric.value(ChildMetrics.lines.stdout)
 * ```
 */
export const lines = perStream("tether_output_lines_total", "Lines framed from the output of children")

/**
 * Bytes that were read and not delivered, by stream: cut from lines over the limit, or not taken by a stalled consumer.
 * `tether_output_dropped_bytes_total{stream}`.
 *
 * @example
 * ```ts
 * import * as ChildMetrics from "@tether/process/ChildMetrics"
 * import * as Metric from "effect/Metric"
 *
 * const lost = Metric.value(ChildMetrics.dropped.stdout)
 * ```
 */
export const dropped = perStream("tether_output_dropped_bytes_total", "Bytes read from children and not delivered")

/**
 * How often a stop plan had to end in SIGKILL because its own steps did not suffice:
 * `tether_stop_escalations_total`.
 *
 * @example
 * ```ts
 * import * as ChildMetrics from "@tether/process/ChildMetrics"
 * import * as Metric from "effect/Metric"
 *
 * const stubborn = Metric.value(ChildMetrics.escalations)
 * ```
 */
export const escalations = Metric.counter("tether_stop_escalations_total", {
  description: "Stops that needed SIGKILL",
  incremental: true
})
