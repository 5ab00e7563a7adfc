/**
 * A journal over a store.
 */
import * as SortableId from "@tether/host/SortableId"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ExitRecord } from "../ExitRecord.js"
import { type Keeping, makeKeeping } from "./keeping.js"
import { makeReader } from "./reader.js"
import type { Draft, JournalService } from "./service.js"
import type { Surroundings } from "./setting.js"
import type { ReadStore, Store } from "./store.js"
import { withoutAbsent } from "./withoutAbsent.js"

export interface Journal {
  readonly service: JournalService
  readonly begin: Keeping["begin"]
}

export const makeJournal = (
  store: Store,
  surroundings: Surroundings | undefined
): Effect.Effect<Journal, never, Scope.Scope> =>
  Effect.gen(function* () {
    const nextId = SortableId.make()
    const self = surroundings?.writer
    const ours = withoutAbsent({
      host: surroundings?.host,
      writer: self === undefined ? undefined : `${self.pid}:${self.startToken}`
    })
    const { begin, losses, settled } = yield* makeKeeping(store.write)
    const make = (draft: Draft): Effect.Effect<ExitRecord> =>
      Effect.map(Clock.currentTimeMillis, (now) => ({
        ...ours,
        ...draft,
        id: draft.id ?? nextId(now),
        ts: draft.ts ?? now
      }))
    // Whoever reads here finds what was begun here.
    const settledStore: ReadStore = {
      read: (query) => Stream.unwrap(Effect.as(settled, store.read(query))),
      newestFirst: (query) => Stream.unwrap(Effect.as(settled, store.newestFirst(query))),
      follow: (query) => Stream.unwrap(Effect.as(settled, store.follow(query))),
      open: Effect.zipRight(settled, store.open)
    }
    return {
      service: {
        ...makeReader(settledStore, surroundings),
        append: (draft) => Effect.tap(make(draft), store.write),
        make,
        losses: Effect.zipRight(settled, losses)
      },
      begin
    }
  })
