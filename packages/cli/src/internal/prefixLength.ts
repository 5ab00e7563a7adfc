import type { StreamName } from "@tether/process/ChildDriver"
import * as Relay from "@tether/process/Relay"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"

/**
 * How many characters stand before the line in a relayed text. The relay makes a label harmless, which may shorten it; so
 * it is asked, with an empty line.
 */
export const prefixLength = (label: string, stream: StreamName): number => {
  let prefix = ""
  const listen = Logger.make(({ message }) => {
    prefix = String(message)
  })
  const emptyLine = Stream.make(new TextEncoder().encode("\n"))
  Effect.runSync(
    Relay.stream({ label, stream })(emptyLine).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, listen)))
  )
  return prefix.length
}
