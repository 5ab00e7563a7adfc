/**
 * Who created something, as far as that can be told: a line of a program, a span, a fiber.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import type { AnySpan } from "effect/Tracer"
import { asSite, siteOf, type Stack } from "./site.js"

export interface Origin {
  readonly stack: Stack
  readonly fiber: FiberId.Runtime | undefined
  readonly span: AnySpan | undefined
}

/** What is created now, with this stack. */
export const originOf = (stack: Stack): Origin => {
  const fiber = Option.getOrUndefined(Fiber.getCurrentFiber())
  return { stack, fiber: fiber?.id(), span: fiber?.currentSpan }
}

/** As the end of a line: the line of the program, or else the span in which it was, or else the fiber that did it. */
export const formatOrigin = ({ fiber, span, stack }: Origin): string => {
  const site = siteOf(stack)
  if (site !== undefined) return `, created at ${site}`
  if (span?._tag === "Span") return `, created in ${formatSpan(span)}`
  return fiber === undefined ? "" : `, created by fiber ${FiberId.threadName(fiber)}`
}

export const formatSpan = (span: AnySpan): string => {
  if (span._tag !== "Span") return "a span from outside"
  const site = siteOfSpan(span)
  return `span "${span.name}"${site === undefined ? "" : ` (${site})`}`
}

/** Effect keeps the place of a span for its error messages, and tells it there only. */
const siteOfSpan = (span: AnySpan): string | undefined => {
  const error = new Error("where")
  error.stack = "Error: where"
  const exit = Effect.runSyncExit(Effect.withParentSpan(Effect.die(error), span))
  const lines = Exit.isFailure(exit) ? Cause.pretty(exit.cause).split("\n") : []
  const place = /^\s*at .* \((.+)\)$/.exec(lines[1] ?? "")?.[1]
  return place === undefined ? undefined : asSite(place)
}
