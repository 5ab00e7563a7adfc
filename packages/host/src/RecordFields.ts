/**
 * The fields that records on disk have in common. Another program, or another user, may have written the file: a value
 * that no writer of ours can have written fails here, and not later where it is used.
 */
import * as Schema from "effect/Schema"

/** The largest distance from the epoch, in milliseconds, that a `Date` holds. */
const farthest = 8_640_000_000_000_000

/**
 * A time in milliseconds since the epoch that a `Date` holds. `new Date(time).toISOString()` throws for any other
 * number.
 *
 * @example
 * ```ts
 * import * as RecordFields from "@tether/host/RecordFields"
 * import * as Schema from "effect/Schema"
 *
 * const isTime = Schema.is(RecordFields.Timestamp)
 * isTime(Date.now()) // true
 * isTime(1e308) // false
 * ```
 */
export const Timestamp = Schema.Number.pipe(Schema.between(-farthest, farthest))

/**
 * A length of time in milliseconds, at most the distance between two {@link Timestamp}s. It is negative if the clock
 * was set back meanwhile.
 *
 * @example
 * ```ts
 * import * as RecordFields from "@tether/host/RecordFields"
 * import * as Schema from "effect/Schema"
 *
 * const decode = Schema.decodeUnknownOption(RecordFields.Millis)
 * ```
 */
export const Millis = Schema.Number.pipe(Schema.between(-2 * farthest, 2 * farthest))

/**
 * An id: 1 to 256 printable ASCII characters.
 *
 * @example
 * ```ts
 * import * as RecordFields from "@tether/host/RecordFields"
 * import * as Schema from "effect/Schema"
 *
 * const isId = Schema.is(RecordFields.Id)
 * isId("01M8MZB6JGGYEH0W3Z5NEZT3S3") // true
 * isId("0\u001b[2J") // false
 * ```
 */
export const Id = Schema.String.pipe(Schema.pattern(/^[ -~]{1,256}$/))

/**
 * The id of a process: an integer from 1 to 4294967295, the largest of any system.
 *
 * @example
 * ```ts
 * import * as RecordFields from "@tether/host/RecordFields"
 * import * as Schema from "effect/Schema"
 *
 * const isPid = Schema.is(RecordFields.Pid)
 * isPid(process.pid) // true
 * isPid(0) // false
 * ```
 */
export const Pid = Schema.Int.pipe(Schema.between(1, 0xffffffff))
