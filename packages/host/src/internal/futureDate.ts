/** The clock of another machine, or of another moment, may be ahead by so much, in milliseconds. */
const tolerance = 60_000

/** Whether a date is from before the clock was set back. Both are milliseconds since 1970. */
export const isInFuture = (date: number, now: number): boolean => date > now + tolerance
