import { expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { within } from "../../src/internal/within.js"

it.effect("an interrupt from outside does not end the wait of a finalizer", () =>
  Effect.gen(function* () {
    const begun = yield* Deferred.make<void>()
    const answer = yield* Deferred.make<string>()
    const waiting = Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(answer)).pipe(within("1 hour"))
    const result = yield* Deferred.make<Option.Option<string>>()
    const closing = yield* Effect.fork(Effect.uninterruptible(Effect.intoDeferred(waiting, result)))
    yield* Deferred.await(begun)
    const interrupting = yield* Effect.fork(Fiber.interrupt(closing))
    yield* Effect.yieldNow()
    yield* Deferred.succeed(answer, "closed")
    yield* Fiber.join(interrupting)
    expect(yield* Deferred.await(result)).toEqual(Option.some("closed"))
  })
)
