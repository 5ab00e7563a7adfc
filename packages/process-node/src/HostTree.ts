/**
 * Which hosts live, and what they have started: read from the cookies in the environments of processes.
 */
import * as ProcessInfo from "@tether/host/ProcessInfo"
import type * as ProcStat from "@tether/host/ProcStat"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { theHost } from "./internal/host.js"
import { findHosts, type LiveHosts, membersOf } from "./internal/hostTree.js"
import type { Machine } from "./internal/machine.js"

/**
 * A process, and what it has started if it is a host: its reaper (one for each copy of the library in it, such as one a
 * worker thread), and its children by number. Both are empty for a process that is none.
 *
 * @example
 * ```ts
 * import type { Program } from "@tether/process-node/HostTree"
 *
 * const isHost = (program: Program) => program.reapers.length > 0 || program.children.length > 0
 * ```
 */
export interface Program {
  readonly process: ProcessInfo.ProcessInfo
  readonly reapers: ReadonlyArray<ProcessInfo.ProcessInfo>
  readonly children: ReadonlyArray<Child>
}

/**
 * One child of a host: its number (within `instance`, the copy of the library that started it), its label where the
 * system tells it (Linux does), whether its leftovers may live on, and the processes that live of it. The leader, if it
 * lives, is the first. A host that runs below the child is one of them.
 *
 * @example
 * ```ts
 * import type { Child } from "@tether/process-node/HostTree"
 *
 * const pids = (child: Child) => child.members.map((member) => member.process.pid)
 * ```
 */
export interface Child {
  readonly instance: string
  readonly number: number
  readonly label?: string | undefined
  readonly leavable: boolean
  readonly members: ReadonlyArray<Program>
}

/**
 * The schema of {@link Child}.
 *
 * @example
 * ```ts
 * import { Child } from "@tether/process-node/HostTree"
 * import * as Schema from "effect/Schema"
 *
 * const decode = Schema.decodeUnknown(Child)
 * ```
 */
export const Child: Schema.Schema<Child> = Schema.Struct({
  instance: Schema.String,
  number: Schema.Int,
  label: Schema.optional(Schema.String),
  leavable: Schema.Boolean,
  members: Schema.Array(Schema.suspend(() => Program))
})

/**
 * The schema of {@link Program}.
 *
 * @example
 * ```ts
 * import { Program } from "@tether/process-node/HostTree"
 * import * as Schema from "effect/Schema"
 *
 * const decode = Schema.decodeUnknown(Schema.Array(Program))
 * ```
 */
export const Program: Schema.Schema<Program> = Schema.Struct({
  process: ProcessInfo.schema,
  reapers: Schema.Array(ProcessInfo.schema),
  children: Schema.Array(Child)
})

/**
 * The living hosts of this user's processes, oldest first; those that run below another are found in it. A process
 * whose own host has died is shown at the next host above it. This program is among them, once it has started a child.
 *
 * It sees what `/proc` shows: on Linux, hosts of the own pid namespace. Children without containment (`"none"`) carry
 * no cookie and are not in it.
 *
 * @example
 * ```ts
 * import * as HostTree from "@tether/process-node/HostTree"
 * import * as Effect from "effect/Effect"
 *
 * const hosts = Effect.map(HostTree.list, (programs) => programs.map((program) => program.process.pid))
 * ```
 */
export const list: Effect.Effect<ReadonlyArray<Program>> = Effect.sync(() => {
  const { machine } = theHost()
  const hosts = findHosts(machine)
  return hosts.roots.map(({ stat }) => toProgram(machine, hosts, stat, new Set()))
})

const toProgram = (
  machine: Machine,
  hosts: LiveHosts,
  stat: ProcStat.ProcStat,
  above: ReadonlySet<number>
): Program => {
  const process = machine.infoOf(stat)
  const host = hosts.all.get(stat.pid)
  // An environment can be forged, and a path in it lead to itself.
  if (host === undefined || above.has(stat.pid)) return { process, reapers: [], children: [] }
  const path = new Set(above).add(stat.pid)
  const children = Array.from(host.children.values(), (child): Child => ({
    instance: child.step.instance,
    number: child.step.child,
    label: child.own === undefined ? undefined : machine.labelOf(child.own),
    leavable: child.step.kind === "leavable",
    members: membersOf(child, host).map((member) => toProgram(machine, hosts, member, path))
  }))
  return {
    process,
    reapers: host.reapers.map(machine.infoOf),
    children: children.sort((one, other) => one.number - other.number)
  }
}
