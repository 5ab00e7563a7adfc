/**
 * Observers in a context. Each has a key of its own, so that contexts that are merged keep the observers of both, in
 * their order: one tag for all would keep the last. A `FiberRef`, which loggers are in, is not restored after merged
 * layers have closed, and a journal that is closed would still be told.
 */
import * as Context from "effect/Context"
import { globalValue } from "effect/GlobalValue"
import * as Layer from "effect/Layer"

const prefix = "@tether/process/ChildObserver/"

/** Shared by all copies of this library in a program. */
const keys = globalValue(Symbol.for(prefix), () => ({ used: 0 }))

export const added = (observer: object): Layer.Layer<never> =>
  Layer.succeedContext(Context.make(Context.GenericTag<never, object>(`${prefix}${keys.used++}`), observer))

export const observersIn = <Observer>(context: Context.Context<never>): ReadonlyArray<Observer> => {
  const observers: Array<Observer> = []
  for (const [key, observer] of context.unsafeMap)
    if (key.startsWith(prefix) && !observers.includes(observer)) observers.push(observer)
  return observers
}

export const withoutObservers = <R>({ unsafeMap }: Context.Context<R>): Context.Context<R> =>
  Context.unsafeMake(new Map([...unsafeMap].filter(([key]) => !key.startsWith(prefix))))
