/**
 * Which records are asked for.
 */
import type { ExitRecord } from "../ExitRecord.js"
import type { Query } from "./service.js"

export const isAskedFor =
  ({ events, identity, since, until }: Query) =>
  (record: ExitRecord): boolean =>
    (identity === undefined || record.identity === identity) &&
    (events === undefined || events.includes(record.ev)) &&
    (since === undefined || record.ts >= since) &&
    (until === undefined || record.ts < until)

/**
 * Whether a line may be a record that is asked for, in whichever format: what needs no quotes and no escapes stands in
 * all of them as it is.
 */
export const mayBeAskedFor = ({ events, identity = "", since, until }: Query): ((line: string) => boolean) => {
  const part = (identity.match(/[\w.-]+/g) ?? []).reduce(
    (longest, each) => (each.length > longest.length ? each : longest),
    ""
  )
  const [first, last] = [timeOf(since, ""), timeOf(until && Math.ceil(until), "\uffff")]
  return (line) =>
    line.includes(part) &&
    (events === undefined || events.some((event) => line.includes(event))) &&
    // A time as the journal writes it: such texts are in the order of time.
    (!/^ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /.test(line) ||
      (line.slice(3, 27) >= first && line.slice(3, 27) < last))
}

const timeOf = (millis: number | undefined, unbounded: string): string => {
  const date = new Date(millis ?? Number.NaN)
  return Number.isNaN(date.getTime()) || !/^\d{4}-/.test(date.toISOString()) ? unbounded : date.toISOString()
}
