/**
 * Texts from a child or a command line, on their way to a person's terminal.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Duration from "effect/Duration"

/** A label as a message can carry it: on one line, harmless, and not too long. */
export const clip = (label: string, length = 120): string =>
  TerminalText.sanitize(label.length > length ? `${label.slice(0, length)}…` : label)

/** A duration for people: `340 ms`, `1.2 s`, `2 m 5 s`, `3 h 4 m`. */
export const formatDuration = (duration: Duration.DurationInput): string => {
  const millis = Duration.toMillis(duration)
  if (millis < 1000) return `${Math.round(millis)} ms`
  if (millis < 59_950) return `${Math.round(millis / 100) / 10} s`
  const seconds = Math.round(millis / 1000)
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} m ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} m`
}
