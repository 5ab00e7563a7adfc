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
  | { readonly _tag: "NoRecord" }
  /** A descriptor that this program was started with, and that its children get although they were not given it. */
  | {
      readonly _tag: "Uncovered"
      readonly descriptor: number
      readonly limit: number
      readonly bound: number
    }
  /** The default of the platform cannot be had. */
  | { readonly _tag: "LowerLevel"; readonly why: string }

let untold: ReadonlyArray<Finding> = []
const noted = new Set<string>()

/** To be told with the next child that starts, and only once however often it is found. */
export const noteFinding = (finding: Finding): void => {
  const text = textsOf(finding).join("\n")
  if (noted.has(text)) return
  noted.add(text)
  untold = [...untold, finding]
}

export const takeNoted = (): ReadonlyArray<Finding> => {
  const findings = untold
  if (findings.length > 0) untold = []
  return findings
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
    case "NoRecord":
      return [
        "this program could not be put on record as a host of children: what it leaves if it is killed together with " +
          "its reaper is not ended by the next start. Set TETHER_RUNTIME_DIR to a directory that only you can write to"
      ]
    case "Orphans":
      return orphanTexts(finding)
    case "Uncovered": {
      const { bound, descriptor, limit } = finding
      const why = `only numbers below ${bound}, and well below the limit on open files (${limit}), can be kept from them`
      return [`children inherit descriptor ${descriptor}, with which this program was started: ${why}`]
    }
    case "LowerLevel":
      return [
        `children are contained at level "group" and not "tree": ${finding.why}. ` +
          "What leaves its process group is not ended, neither by a stop nor when this program is killed"
      ]
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
