/**
 * `tether spool serve`: a daemon, until it is told to end.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Capture from "@tether/spool/Capture"
import * as CaptureHandler from "@tether/spool/CaptureHandler"
import * as Captures from "@tether/spool/Captures"
import * as SpoolDaemon from "@tether/spool/SpoolDaemon"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { Outlets } from "./outlets.js"
import { received } from "./signals.js"

export const serve = (_: unknown, outlets: Outlets) =>
  Effect.scoped(
    Effect.gen(function* () {
      const signals = yield* received
      // First what may be wrong, before anything is made.
      const socket = yield* Capture.socketPath
      const options = { socket, spool: yield* Captures.deferred, handler: yield* CaptureHandler.configured }
      const running = Effect.flatMap(SpoolDaemon.SpoolDaemon, ({ place }) =>
        Effect.zipRight(
          Effect.sync(() =>
            outlets.say(`listens at ${"path" in place ? TerminalText.quote(place.path) : `descriptor ${place.fd}`}`)
          ),
          Queue.take(signals)
        )
      )
      const signal = yield* Effect.provide(running, SpoolDaemon.layer(options))
      return { lines: [], told: `ended by ${signal}`, code: 0 }
    })
  )
