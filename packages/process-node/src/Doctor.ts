/**
 * What this host can give its children, and why not more.
 */
import { Identity } from "@tether/host/ProcessIdentity"
import type { Containment } from "@tether/process/ExitReport"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { arch, release } from "node:os"
import { type Host, theHost } from "./internal/host.js"
import { recordPlace } from "./internal/hostRecord.js"
import { defaultLevel, meansOf, problemOf } from "./internal/levels.js"
import { identify } from "./internal/machine.js"
import { whyBlind } from "./internal/platform.js"
import * as procfs from "./internal/procfs.js"
import { reaperProblem } from "./internal/reaperTrial.js"

/**
 * What was found.
 *
 * - `levels`: for each level of containment, whether it can be had, what it rests on or why not, and whether it is the
 *   one of a child for which none is asked.
 * - `reaper`: whether there can be a process that cleans up behind this program when it is killed, or why not.
 * - `records`: whether this program can be put on record, so that a later start ends what it leaves if it is killed
 *   together with its reaper, and in which directory.
 * - `identity`: what tells a process from another that had its pid: where its start token comes from, and the identity
 *   of this program, with the boot and the pid namespace where the system has them.
 * - `proc`: whose processes `/proc` shows (our pid namespace's, another's, or none), how it hides those of other users,
 *   and whether we are shown them all the same.
 * - `system`: the platform, the version of its kernel, and that of Node.js.
 *
 * @example
 * ```ts
 * import type { Findings } from "@tether/process-node/Doctor"
 *
 * const isContained = (findings: Findings) =>
 *   findings.levels.some((level) => level.isDefault && level.level === "tree")
 * ```
 */
export const Findings = Schema.Struct({
  levels: Schema.Array(
    Schema.Struct({
      level: Schema.Literal("none", "group", "tree", "cgroup"),
      isAvailable: Schema.Boolean,
      isDefault: Schema.Boolean,
      reason: Schema.String
    })
  ),
  reaper: Schema.Struct({
    isAvailable: Schema.Boolean,
    reason: Schema.String
  }),
  records: Schema.Struct({
    isAvailable: Schema.Boolean,
    reason: Schema.String
  }),
  identity: Schema.Struct({
    startToken: Schema.Literal("proc", "ps", "none"),
    self: Schema.UndefinedOr(Identity)
  }),
  proc: Schema.Struct({
    view: Schema.Literal("own", "other", "none"),
    hidepid: Schema.UndefinedOr(Schema.String),
    seesEveryone: Schema.Boolean
  }),
  system: Schema.Struct({
    platform: Schema.String,
    arch: Schema.String,
    kernel: Schema.String,
    node: Schema.String
  })
})

/**
 * The type of {@link Findings}.
 *
 * @example
 * ```ts
 * import type { Findings } from "@tether/process-node/Doctor"
 *
 * const isKept = (findings: Findings) => findings.reaper.isAvailable
 * ```
 */
export type Findings = typeof Findings.Type

/**
 * Looks at this host as it is now. It tries what can only be known by trying: a cgroup is made and removed, a shell
 * does for a moment what a reaper does, and the directory of records is made if it is not there. No child, reaper or
 * orphan is touched.
 *
 * @example
 * ```ts
 * import * as Doctor from "@tether/process-node/Doctor"
 * import * as Effect from "effect/Effect"
 *
 * const reasons = Effect.map(Doctor.examine, ({ levels }) => levels.map(({ level, reason }) => `${level}: ${reason}`))
 * ```
 */
export const examine: Effect.Effect<Findings> = Effect.suspend(() => {
  const host = theHost()
  return Effect.map(reaperProblem(host), (problem): Findings => ({
    levels: (["none", "group", "tree", "cgroup"] as const).map((level) => levelOf(host, level)),
    reaper: {
      isAvailable: problem === undefined,
      reason: problem ?? meansOfReaper(host)
    },
    records: recordsOf(),
    identity: identityOf(host),
    proc: { view: procfs.view(), hidepid: procfs.hidepid(), seesEveryone: host.machine.here.seesEveryone },
    system: { platform: process.platform, arch: arch(), kernel: release(), node: process.versions.node }
  }))
})

const meansOfReaper = (host: Host): string =>
  host.name === undefined
    ? `/bin/sh starts, and ends process groups only: ${whyBlind()}`
    : "/bin/sh starts, and finds processes by their cookie"

const recordsOf = (): Findings["records"] => {
  const directory = recordPlace()
  return {
    isAvailable: directory !== undefined,
    reason: directory ?? "no directory is private to this user: set TETHER_RUNTIME_DIR to one"
  }
}

const levelOf = (host: Host, level: Containment): Findings["levels"][number] => {
  const problem = problemOf(host, level)
  return {
    level,
    isAvailable: problem === undefined,
    isDefault: level === defaultLevel(host),
    reason: problem ?? meansOf(level)
  }
}

const identityOf = ({ machine }: Host): Findings["identity"] => {
  const self = identify(machine, process.pid)
  return { startToken: self === undefined ? "none" : machine.isDirect ? "proc" : "ps", self }
}
