import * as Duration from "effect/Duration"

/** How long ago that was, in the two largest units: `2d3h`, `5m7s`, `12s`. A dash where it is not known. */
export const formatAge = (startedAt: number | undefined, now: number): string => {
  if (startedAt === undefined) return "-"
  const { days, hours, minutes, seconds } = Duration.parts(Duration.millis(Math.max(0, now - startedAt)))
  const parts = [[days, "d"], [hours, "h"], [minutes, "m"], [seconds, "s"]] as const
  const largest = parts.findIndex(([count]) => count > 0)
  if (largest === -1) return "0s"
  return parts.slice(largest, largest + 2).map(([count, unit]) => `${count}${unit}`).join("")
}
