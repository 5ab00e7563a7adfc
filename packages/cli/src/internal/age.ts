import * as Duration from "effect/Duration"

/** How long ago that was. A dash where it is not known. */
export const formatAge = (startedAt: number | undefined, now: number): string =>
  startedAt === undefined ? "-" : formatLength(Math.floor(Math.max(0, now - startedAt) / 1000) * 1000)

/** So many milliseconds in the two largest units: `2d3h`, `5m7s`, `12s`, `340ms`. */
export const formatLength = (millis: number): string => {
  if (millis > 0 && millis < 1000) return `${Math.ceil(millis)}ms`
  const { days, hours, minutes, seconds } = Duration.parts(Duration.millis(millis))
  const parts = [
    [days, "d"],
    [hours, "h"],
    [minutes, "m"],
    [seconds, "s"]
  ] as const
  const largest = parts.findIndex(([count]) => count > 0)
  if (largest === -1) return "0s"
  return parts
    .slice(largest, largest + 2)
    .map(([count, unit]) => `${count}${unit}`)
    .join("")
}
