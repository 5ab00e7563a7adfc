/**
 * Texts from a child or a command line, on their way to a person's terminal.
 */
import * as Duration from "effect/Duration"

// Every control character but the tab, C1 included (some terminals obey it), and the direction overrides that make a
// line read other than it is.
const suspect = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/
const suspects = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g
const suspectInRun = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/

// A terminal's sequences: CSI (parameters, then a final byte), OSC and the other strings (up to their terminator), and
// the two-byte escapes.
const sequences =
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]/g
const colour = /^\x1b\[[0-9;:]*m$/

/** Whether any of the lines joined by newlines needs `harmless`. */
export const mayHarm = (run: string): boolean => suspectInRun.test(run)

/**
 * A line that a terminal can only show: control sequences are taken out (colours stay if asked for), and what control
 * characters remain are shown as their pictures.
 */
export const harmless = (line: string, keepColour = false): string => {
  if (!suspect.test(line)) return line
  if (!keepColour) return line.replace(sequences, "").replace(suspects, picture)
  let shown = ""
  let coloured = false
  let from = 0
  for (const match of line.matchAll(sequences)) {
    shown += line.slice(from, match.index).replace(suspects, picture)
    if (colour.test(match[0])) {
      shown += match[0]
      coloured = true
    }
    from = match.index + match[0].length
  }
  shown += line.slice(from).replace(suspects, picture)
  // A colour that the line leaves open would run into whatever is printed next.
  return coloured ? `${shown}\x1b[0m` : shown
}

const picture = (character: string): string => {
  const code = character.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  if (code === 0x7f) return "\u2421"
  return "\ufffd"
}

/** A label as a message can carry it: on one line, harmless, and not too long. */
export const clip = (label: string, length = 120): string =>
  harmless(label.length > length ? `${label.slice(0, length)}…` : label)

/** A duration for people: `340 ms`, `1.2 s`, `2 m 5 s`, `3 h 4 m`. */
export const formatDuration = (duration: Duration.DurationInput): string => {
  const millis = Duration.toMillis(duration)
  if (millis < 1000) return `${Math.round(millis)} ms`
  if (millis < 59_950) return `${Math.round(millis / 100) / 10} s`
  const seconds = Math.round(millis / 1000)
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} m ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} m`
}
