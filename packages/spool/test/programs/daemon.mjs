/** A daemon for a spool of numbers, at a socket or at one that is inherited, until it gets SIGTERM. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as Answer from "@tether/spool/Answer"
import * as Spool from "@tether/spool/Spool"
import * as SpoolDaemon from "@tether/spool/SpoolDaemon"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const [, , directory, socket] = process.argv

const daemon = Layer.unwrapEffect(
  Effect.map(Spool.make({ directory, schema: Schema.Struct({ n: Schema.Int }) }), (spool) =>
    SpoolDaemon.layer({
      spool,
      socket,
      quietFor: 0,
      handler: ({ record }) =>
        Effect.as(
          Effect.sync(() => console.log(`took ${record.n}`)),
          Answer.done
        )
    })
  )
)

const program = Effect.flatMap(SpoolDaemon.SpoolDaemon, ({ place }) =>
  Effect.zipRight(
    Effect.sync(() => console.log(`up at ${JSON.stringify(place)}`)),
    Effect.never
  )
)

runMain(
  program.pipe(Effect.provide(daemon), Effect.provide(Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer)))
)
