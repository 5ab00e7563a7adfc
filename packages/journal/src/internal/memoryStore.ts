/**
 * A store that is gone with the program, and one that keeps nothing.
 */
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import type { ExitRecord } from "../ExitRecord.js"
import type { Store } from "./store.js"

export const memoryStore: Effect.Effect<Store> = Effect.gen(function* () {
  const kept: Array<ExitRecord> = []
  const news = yield* PubSub.unbounded<ExitRecord>()
  return {
    write: (record) =>
      Effect.zipRight(
        Effect.sync(() => kept.push(record)),
        Effect.asVoid(PubSub.publish(news, record))
      ),
    read: () => Stream.suspend(() => Stream.fromIterable([...kept])),
    newestFirst: () => Stream.suspend(() => Stream.fromIterable([...kept].reverse())),
    // Listens first, so that nothing falls between what is kept and what comes.
    follow: () =>
      Stream.unwrapScoped(
        Effect.map(Stream.fromPubSub(news, { scoped: true }), (coming) =>
          Stream.concat(Stream.fromIterable([...kept]), coming)
        )
      ),
    open: Effect.sync(() => {
      const ended = new Set(kept.map(({ start }) => start))
      return kept.filter(({ ev, id }) => ev === "session-start" && !ended.has(id))
    })
  }
})

export const noStore: Store = {
  write: () => Effect.void,
  read: () => Stream.empty,
  newestFirst: () => Stream.empty,
  follow: () => Stream.never,
  open: Effect.succeed([])
}
