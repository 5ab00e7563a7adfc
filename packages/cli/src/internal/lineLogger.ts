/**
 * The logger of `tether run`: relayed lines as they are to where they belong, and the library's own entries, few as
 * they are, to stderr. Redacted and harmless they are already; that is the relay's work.
 */
import type { StreamName } from "@tether/process/ChildDriver"
import * as Relay from "@tether/process/Relay"
import * as Cause from "effect/Cause"
import * as HashMap from "effect/HashMap"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import type { Outlet } from "./outlet.js"
import type { Outlets } from "./outlets.js"

export interface Style {
  readonly outletOf: (stream: StreamName) => Outlet
  readonly withPrefix: boolean
  /** The library's options for which the command has one of its own, by that one's name. */
  readonly hints?: Readonly<Record<string, string>>
}

type Entry = Logger.Logger.Options<unknown>
type Annotations = Entry["annotations"]

export const make = (outlets: Outlets, style: Style): Logger.Logger<unknown, void> => {
  // All lines of one stream carry the very same annotations: they are looked into once.
  const relays = new WeakMap<Annotations, (text: string) => void>()
  const relayOf = (annotations: Annotations) => {
    const known = relays.get(annotations)
    if (known !== undefined) return known
    const made = makeRelay(annotations, style)
    relays.set(annotations, made)
    return made
  }
  return Logger.make((entry) => {
    if (entry.logLevel.label === Relay.IO.label) relayOf(entry.annotations)(textOf(entry))
    else {
      outlets.say(`${entry.logLevel.label.toLowerCase()}: ${withOwnHints(textOf(entry), style)}`)
      for (const line of causeOf(entry)) outlets.err.push(line)
    }
  })
}

/** A warning may end with an option of the library that helps: here it is the command's own, or nothing. */
const withOwnHints = (text: string, { hints = {} }: Style): string =>
  text.replace(/ If [^.:]*: option "(\w+)"\.$/, (hint, name: string) => {
    const own = hints[name]
    return own === undefined ? "" : hint.replace(`option "${name}"`, own)
  })

const makeRelay = (annotations: Annotations, style: Style): ((text: string) => void) => {
  const stream: StreamName = annotation(annotations, "stream") === "stderr" ? "stderr" : "stdout"
  const outlet = style.outletOf(stream)
  if (style.withPrefix && !outlet.hasColours) return (text) => outlet.piece(`${text}\n`)
  const length = Relay.prefix(annotation(annotations, "label"), stream).length
  if (!style.withPrefix) return (text) => outlet.piece(`${text.slice(length)}\n`)
  return (text) => outlet.piece(`\x1b[2m${text.slice(0, length)}\x1b[22m${text.slice(length)}\n`)
}

const annotation = (annotations: Annotations, name: string): string =>
  String(Option.getOrElse(HashMap.get(annotations, name), () => ""))

const textOf = ({ message }: Entry): string => {
  // A relayed line is always this one, and there are millions of them.
  if (Array.isArray(message) && message.length === 1 && typeof message[0] === "string") return message[0]
  return (Array.isArray(message) ? message : [message]).map(String).join(" ")
}

const causeOf = ({ cause }: Entry): ReadonlyArray<string> =>
  Cause.isEmpty(cause) ? [] : Cause.pretty(cause).split("\n")
