/**
 * What a host has to say of itself, told in the log of whoever starts the next child.
 */
import * as ProcessInfo from "@tether/host/ProcessInfo"
import * as Effect from "effect/Effect"
import type { HostRecord } from "./hostRecord.js"
import type { Orphan } from "./orphans.js"

export type Finding =
  | { readonly _tag: "Orphans"; readonly ended: ReadonlyArray<Orphan>; readonly left: ReadonlyArray<Orphan> }
  | { readonly _tag: "NoReaper" }
  /** Descriptors that this program was started with, and that its children get although they were not given them. */
  | {
      readonly _tag: "Uncovered"
      readonly descriptors: ReadonlyArray<number>
      readonly limit: number
      readonly bound: number
    }

export const tellFindings = <A>(findings: ReadonlyArray<Finding>, value: A): Effect.Effect<A> => {
  if (findings.length === 0) return Effect.succeed(value)
  return Effect.forEach(findings.flatMap(textsOf), (text) => Effect.logWarning(text), { discard: true }).pipe(
    // A logger that throws loses its entry, and nothing else.
    Effect.catchAllDefect(() => Effect.void),
    Effect.as(value)
  )
}

const textsOf = (finding: Finding): ReadonlyArray<string> => {
  switch (finding._tag) {
    case "NoReaper":
      return ["no reaper could be started with /bin/sh: if this program is killed, its children live on"]
    case "Orphans":
      return orphanTexts(finding)
    case "Uncovered": {
      const { bound, descriptors, limit } = finding
      const why = `only numbers below ${bound}, and well below the limit on open files (${limit}), can be kept from them`
      return [`children inherit descriptors ${descriptors.join(", ")}, with which this program was started: ${why}`]
    }
  }
}

const orphanTexts = ({ ended, left }: Extract<Finding, { readonly _tag: "Orphans" }>): ReadonlyArray<string> => {
  const foreign = left.filter(({ isForeign }) => isForeign)
  return [
    ...byHost(ended).map((orphans) => `ended ${whatWasLeft(orphans)}`),
    ...byHost(left.filter(({ isForeign }) => !isForeign)).map(
      (orphans) => `found ${whatWasLeft(orphans)}. \`tether reap\` ends it`
    ),
    ...byHost(foreign).map(
      (orphans) => `did not signal ${whatWasLeft(orphans)}. It belongs to another user or runs setuid`
    )
  ]
}

const byHost = (orphans: ReadonlyArray<Orphan>): ReadonlyArray<readonly [Orphan, ...ReadonlyArray<Orphan>]> => {
  const hosts = new Map<string, [Orphan, ...Array<Orphan>]>()
  for (const orphan of orphans) {
    const known = hosts.get(orphan.record.path)
    if (known === undefined) hosts.set(orphan.record.path, [orphan])
    else known.push(orphan)
  }
  return [...hosts.values()]
}

const whatWasLeft = (orphans: readonly [Orphan, ...ReadonlyArray<Orphan>]): string => {
  const [{ lost, record }] = orphans
  const processes = orphans.map(nameOf).join(", ")
  return `what "${record.command}" (pid ${lost.host.pid}) left when it was killed ${timeOf(record)}: ${processes}`
}

/** Its reaper has seen it. Without that, it is known until when the host lived at least. */
const timeOf = ({ diedAt, lastSeenAt }: HostRecord): string =>
  diedAt === undefined
    ? `together with its reaper, after ${new Date(lastSeenAt).toISOString()}`
    : `at ${new Date(diedAt).toISOString()}`

/** Without its arguments: they are another program's, and may hold its secrets. */
const nameOf = ({ info, stat }: Orphan): string => ProcessInfo.format({ ...info, command: stat.name })
