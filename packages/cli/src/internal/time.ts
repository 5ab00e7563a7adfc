/** A point in time as it stands in the journal, to the second. */
export const formatTime = (millis: number): string => new Date(millis).toISOString().replace(/\.\d+Z$/, "Z")
