/**
 * What a host has to say of itself, told in the log of whoever starts the next child.
 */
import * as ProcessInfo from "@tether/host/ProcessInfo"
import * as Effect from "effect/Effect"

export type Finding =
  | { readonly _tag: "Orphans"; readonly ended: ReadonlyArray<ProcessInfo.ProcessInfo> }
  | { readonly _tag: "NoReaper" }

export const tellFindings = <A>(findings: ReadonlyArray<Finding>, value: A): Effect.Effect<A> => {
  if (findings.length === 0) return Effect.succeed(value)
  return Effect.forEach(findings, (finding) => Effect.logWarning(textOf(finding)), { discard: true }).pipe(
    // A logger that throws loses its entry, and nothing else.
    Effect.catchAllDefect(() => Effect.void),
    Effect.as(value)
  )
}

const textOf = (finding: Finding): string =>
  finding._tag === "NoReaper"
    ? "no reaper could be started with /bin/sh: if this program is killed, its children live on"
    : `ended what a program that was killed together with its reaper had left: ${finding.ended
        .map((each) => ProcessInfo.format(each))
        .join(", ")}`
