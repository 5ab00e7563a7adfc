/**
 * This program as a host of children: who it is, its reaper, and what lives. One for the whole program, whatever number
 * of layers are built in it.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import type * as ProcStat from "@tether/host/ProcStat"
import * as TreeCookie from "@tether/host/TreeCookie"
import type { Containment } from "@tether/process/ExitReport"
import * as GlobalValue from "effect/GlobalValue"
import type { Finding } from "./findings.js"
import { nameOnce, OwnRecord, type ProcessName } from "./hostRecord.js"
import { hasGroups } from "./launch.js"
import { identify, type Machine } from "./machine.js"
import { nap } from "./nap.js"
import { findOrphans, killOrphans, type Swept } from "./orphans.js"
import { makeMachine } from "./platform.js"
import { makeProcessTable, type ProcessTable } from "./processTable.js"
import { monotonic } from "./realTime.js"
import { Reaper } from "./reaper.js"
import { Searcher } from "./searcher.js"

/** A child that lives, for whoever must end or list all of them at once. */
export interface Resident {
  readonly label: string
  readonly pid: number
  readonly startedAt: number
  readonly containment: Containment
  /** Not of those that are to outlive us. */
  readonly endsWithUs: boolean
  readonly signal: (signal: Signal) => boolean
  readonly living: () => ReadonlyArray<ProcStat.ProcStat>
}

/** What is done about the orphans of other hosts when the first child is started. */
export type OrphanPolicy = "end" | "report" | "ignore"

export class Host {
  readonly machine: Machine = makeMachine()
  readonly table: ProcessTable = makeProcessTable(this.machine)
  readonly searcher = new Searcher(this.machine)
  readonly residents = new Set<Resident>()
  /** Undefined where a process cannot be told from another that had its pid: then there is no cookie. */
  readonly name: string | undefined
  /** Started with the first child. Undefined where there are no process groups. */
  reaper: Reaper | undefined
  private record: OwnRecord | undefined
  private sweptAs: OrphanPolicy | undefined
  private findings: ReadonlyArray<Finding> = []
  private children = 0
  private hasBegun = false
  private hasNoReaper = false

  constructor() {
    const identity = this.machine.seesTrees ? identify(this.machine, process.pid) : undefined
    if (identity === undefined) return
    // Copies of this module in one program (worker threads) are hosts of their own: each numbers its own children.
    this.name = TreeCookie.formatHost(identity, Math.random().toString(36).slice(2, 8) || "0")
  }

  /** Before a child is started, as `uid` if that is another user. */
  begin(orphans: OrphanPolicy, uid: number | undefined): void {
    if (!this.hasBegun) {
      this.hasBegun = true
      process.once("exit", () => this.endAll())
      if (this.name !== undefined) {
        this.record = OwnRecord.write(this.name)
        if (this.record === undefined) this.findings = [...this.findings, { _tag: "NoRecord" }]
      }
      if (hasGroups) this.reaper = new Reaper(this.name, this.record?.path)
    }
    this.sweep(orphans)
    this.record?.renew(() => this.reaperName())
    // The program itself may be another user by now than with its first child.
    const owner = uid ?? process.geteuid?.()
    if (owner !== undefined) {
      this.record?.allow(owner)
      this.reaper?.allow(owner)
    }
    if (this.reaper?.ensure() === false && !this.hasNoReaper) {
      this.hasNoReaper = true
      this.findings = [...this.findings, { _tag: "NoReaper" }]
    }
  }

  private reaperName(): ProcessName | undefined {
    const pid = this.reaper?.pid
    const identity = pid === undefined ? undefined : identify(this.machine, pid)
    return pid === undefined || identity === undefined ? undefined : { pid, startToken: identity.startToken }
  }

  private sweep(policy: OrphanPolicy): void {
    if (this.name === undefined || policy === "ignore" || this.sweptAs === "end" || this.sweptAs === policy) return
    this.sweptAs = policy
    const found: Swept = policy === "end" ? killOrphans(this.machine) : { ended: [], left: findOrphans(this.machine) }
    const left = found.left.filter(
      ({ isForeign, record, stat }) => !isForeign || nameOnce(record, { pid: stat.pid, startToken: stat.startTicks })
    )
    const swept = { ...found, left }
    if (swept.ended.length + swept.left.length > 0) this.findings = [...this.findings, { _tag: "Orphans", ...swept }]
  }

  /** What is to be told, once. */
  takeFindings(): ReadonlyArray<Finding> {
    const { findings } = this
    if (findings.length > 0) this.findings = []
    return findings
  }

  nextChild(): number {
    return ++this.children
  }

  /** The cookie of a child: below our own, if we have one. */
  cookieOf(child: number, leavable: boolean): string | undefined {
    if (this.name === undefined) return undefined
    return TreeCookie.extend(process.env[TreeCookie.variable], this.name, child, leavable ? "leavable" : "child")
  }

  /** SIGKILL to everything, now. */
  killAll(): void {
    for (const resident of this.contained()) resident.signal("SIGKILL")
  }

  private contained(): ReadonlyArray<Resident> {
    return [...this.residents].filter((resident) => resident.endsWithUs)
  }

  /**
   * The program ends with children alive: no event comes any more, so that they are asked, waited for with naps, and
   * killed. Their plans are too long for this; whatever is left after it is the reaper's.
   */
  private endAll(): void {
    const residents = this.contained()
    if (residents.length === 0) return
    for (const resident of residents) {
      resident.signal("SIGTERM")
      resident.signal("SIGCONT")
    }
    const deadline = monotonic() + lastGrace
    // Nobody reaps them any more, so they are looked at and not asked: a zombie takes every signal. Where nobody can be
    // seen, they get all of the time.
    const isInTime = () => monotonic() < deadline
    const mayLive = (resident: Resident) =>
      isInTime() && (this.table.list() === undefined || resident.living().length > 0)
    while (residents.some(mayLive)) nap(6)
    this.killAll()
  }
}

/** How long a program that is ending waits for its children, in milliseconds. */
const lastGrace = 200

export const theHost = (): Host => GlobalValue.globalValue(Symbol.for("@tether/process-node/Host"), () => new Host())
