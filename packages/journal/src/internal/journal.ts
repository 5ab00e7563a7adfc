/**
 * A journal over a store.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { monotonicFactory } from "ulid"
import type { ExitRecord } from "../ExitRecord.js"
import { isAskedFor } from "./query.js"
import type { Draft, JournalService } from "./service.js"
import type { Setting } from "./setting.js"
import type { Store } from "./store.js"

export interface Journal {
  readonly service: JournalService
  /** One more record of a child has come to nothing. The number of them. */
  readonly lose: Effect.Effect<number>
}

export const makeJournal = (store: Store, setting: Setting): Effect.Effect<Journal> =>
  Effect.sync(() => {
    // In the order of time among those of one millisecond, too.
    const nextId = monotonicFactory()
    let losses = 0
    const append = (draft: Draft) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const record: ExitRecord = {
          ...draft,
          id: nextId(now),
          ts: draft.ts ?? now,
          ...(setting.host !== undefined && { host: setting.host }),
          ...(setting.writer !== undefined && { writer: `${setting.writer.pid}:${setting.writer.startToken}` })
        }
        return Effect.as(store.write(record), record)
      })
    const records: JournalService["records"] = (query = {}) => Stream.filter(store.read, isAskedFor(query))
    return {
      service: {
        append,
        records,
        follow: (query = {}) => Stream.filter(store.follow, isAskedFor(query)),
        lastExit: (identity) => Stream.runLast(records({ identity, events: ["session-exit", "server-exit"] })),
        losses: Effect.sync(() => losses)
      },
      lose: Effect.sync(() => ++losses)
    }
  })
