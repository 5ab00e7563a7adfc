/**
 * Which records are asked for.
 */
import type { ExitRecord } from "../ExitRecord.js"
import type { Query } from "./service.js"

export const isAskedFor = ({ events, identity, since, until }: Query) => (record: ExitRecord): boolean =>
  (identity === undefined || record.identity === identity) &&
  (events === undefined || events.includes(record.ev)) &&
  (since === undefined || record.ts >= since) &&
  (until === undefined || record.ts < until)
