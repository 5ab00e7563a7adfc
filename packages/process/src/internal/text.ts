/**
 * Texts from a child or a command line, on their way to a person's terminal.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Duration from "effect/Duration"
import { commandLine } from "../Shell.js"

/** A label as a message can carry it: on one line, harmless, and not too long. */
export const clip = (label: string, length = 120): string =>
  TerminalText.sanitize(label.length > length ? `${label.slice(0, length)}…` : label)

/** A command in a message: its label, and its command line where that says more. */
export const nameOf = (label: string, words: ReadonlyArray<string>): string => {
  const line = commandLine(words)
  return line === label ? `"${clip(label)}"` : `"${clip(label)}" (${clip(line)})`
}

/** A duration for people: `340 ms`, `1.2 s`, `2 m 5 s`, `3 h 4 m`. */
export const formatDuration = (duration: Duration.DurationInput): string => {
  const millis = Duration.toMillis(duration)
  if (millis < 1000) return `${Math.round(millis)} ms`
  if (millis < 59_950) return `${Math.round(millis / 100) / 10} s`
  const seconds = Math.round(millis / 1000)
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} m ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} m`
}
