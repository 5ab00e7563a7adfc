/**
 * The host's side of its reaper: starts it, tells it of groups, and starts it again if it dies.
 */
import * as TreeCookie from "@tether/host/TreeCookie"
import type { ChildProcess } from "node:child_process"
import type { Socket } from "node:net"
import { uptime } from "node:os"
import { isMainThread } from "node:worker_threads"
import { codeOf } from "./failure.js"
import { groupReaperScript } from "./groupReaperScript.js"
import { recordDirectories } from "./hostRecord.js"
import { nodeSpawn } from "./nodeSpawn.js"
import { clearTimeout, monotonic, setTimeout } from "./realTime.js"
import { reaperScript } from "./reaperScript.js"

/** What stands for one child at the reaper's. */
export type Entry =
  | {
      readonly _tag: "Group"
      readonly pid: number
      /**
       * The member by which the group is known again, 0 if none is known, and when it started: undefined where only a
       * spawn could tell. While it is the leader, the leader has not been reaped.
       */
      readonly witness: number
      readonly startToken: string | undefined
      readonly leavable: number | undefined
    }
  | { readonly _tag: "Cgroup"; readonly directory: string }

/**
 * How long after a start the reaper is told that the host lives, in milliseconds, and how long at most: each time is
 * twice as long as the one before. A process that a child starts within its first second shows its group to the reaper
 * from the third second on at the latest.
 */
const firstSign = 50
const lastSign = 60_000

/** A reaper that is killed again and again is not started for ever: so often within `spell` milliseconds. */
const intensity = { starts: 5, spell: 1000 }

export class Reaper {
  private readonly entries = new Set<Entry>()
  private process: ChildProcess | undefined
  private starts: Array<number> = []
  private readonly uids = new Set<number>()
  private sign: NodeJS.Timeout | undefined
  private signDelay = 0
  /** What the system called it that none could be started, where it said so at once. */
  failure: string | undefined

  /**
   * `host`: undefined for one without a name, whose reaper knows groups by their numbers alone. `record`: the file in
   * which the reaper enters itself, if there is one.
   */
  constructor(
    private readonly host: string | undefined,
    private readonly record: string | undefined
  ) {}

  get pid(): number | undefined {
    return this.process?.pid
  }

  /** Whether one is there, after it was started if need be. */
  ensure(): boolean {
    if (this.process === undefined && this.mayStart()) this.start()
    return this.process !== undefined
  }

  /** A child was started, and is added in the same step: told first, because the host may be killed between the two. */
  announce(pid: number): void {
    this.say(`s ${pid}\n`)
  }

  add(entry: Entry): void {
    this.entries.add(entry)
    this.say(added(entry))
    this.signAfter(firstSign)
  }

  /** Told at once: by the next message, a stranger may have the id of the group. */
  remove(entry: Entry): void {
    if (this.entries.delete(entry)) this.say(removed(entry))
  }

  replace(entry: Entry, by: Entry): void {
    if (!this.entries.delete(entry)) return
    this.entries.add(by)
    this.say(`${removed(entry)}${added(by)}`)
  }

  /** A child is started as this user. */
  allow(uid: number): void {
    if (this.uids.has(uid)) return
    this.uids.add(uid)
    this.say(allowed(uid))
  }

  /** By a timer and not in any event: Node has then reported the end of every child that it has reaped. */
  private signAfter(delay: number): void {
    if (this.host === undefined || this.signDelay === delay) return
    clearTimeout(this.sign)
    this.signDelay = delay
    this.sign = setTimeout(() => {
      this.signDelay = 0
      this.say(`t ${nowToken()}\n`)
      if (this.entries.size > 0) this.signAfter(Math.min(delay * 2, lastSign))
    }, delay).unref()
  }

  private mayStart(): boolean {
    const now = monotonic()
    this.starts = this.starts.filter((at) => now - at < intensity.spell)
    return this.starts.length < intensity.starts
  }

  private start(): void {
    this.starts.push(monotonic())
    const child = this.spawn()
    // An error is reported later; without a listener it would end the program.
    child?.on("error", () => undefined)
    if (child?.pid === undefined) return
    this.process = child
    const pipe = pipeOf(child)
    pipe.on("error", () => undefined)
    // The reaper holds the other end for as long as it lives. Node reports a close only while the pipe is being read.
    pipe.once("close", () => this.forget(child)).resume()
    // It must not keep the program alive: the reaper ends after the program.
    child.unref()
    pipe.unref()
    this.say([...[...this.uids].map(allowed), ...[...this.entries].map(added)].join(""))
    if (this.entries.size > 0) this.signAfter(firstSign)
  }

  private forget(child: ChildProcess): void {
    if (this.process !== child) return
    this.process = undefined
    if (this.entries.size > 0) this.ensure()
  }

  private spawn(): ChildProcess | undefined {
    this.failure = undefined
    try {
      return spawnReaper(this.host, this.record)
    } catch (error) {
      this.failure = codeOf(error)
      return undefined
    }
  }

  // Written at once, in the step of the spawn, because a pipe takes it without waiting.
  private say(text: string): void {
    if (text !== "" && this.process !== undefined) pipeOf(this.process).write(text)
  }
}

/** In the unit of start times in `/proc`, hundredths of a second since boot. */
const nowToken = (): number => Math.floor(uptime() * 100)

const allowed = (uid: number): string => `u ${uid}\n`

const added = (entry: Entry): string =>
  entry._tag === "Group"
    ? `+ ${entry.pid} ${entry.witness} ${entry.startToken ?? "-"} ${entry.leavable ?? "-"}\n`
    : `c ${entry.directory}\n`

const removed = (entry: Entry): string => (entry._tag === "Group" ? `- ${entry.pid}\n` : `d ${entry.directory}\n`)

/** With the system's own tools first: the script is written for those. */
export const toolPath = (): string =>
  ["/usr/bin", "/bin", ...(process.env["PATH"] === undefined ? [] : [process.env["PATH"]])].join(":")

/** The descriptor that is the pipe. It is not 0, because Node closes stdin when the process that it started exits. */
const pipeOf = (reaper: ChildProcess): Socket => reaper.stdio[3] as Socket

/**
 * A worker thread that has ended reaps no processes, and its reaper would stay a zombie for as long as the program
 * lives. In a worker, the shell that is started therefore leaves the reaper to the system and exits at once.
 */
const script = isMainThread ? `exec <&3 3<&-; eval "$TETHER_REAPER"` : `eval "$TETHER_REAPER" <&3 3<&- &`

const spawnReaper = (host: string | undefined, record: string | undefined): ChildProcess =>
  nodeSpawn("/bin/sh", ["-c", script, "tether-reaper"], {
    cwd: "/",
    detached: true,
    stdio: ["ignore", "ignore", "ignore", "pipe"],
    env: {
      PATH: toolPath(),
      ...(host === undefined
        ? { TETHER_REAPER: groupReaperScript }
        : {
            TETHER_REAPER: reaperScript,
            TETHER_HOST: host,
            TETHER_UID: String(process.geteuid?.() ?? ""),
            TETHER_RECORD: record ?? "",
            TETHER_RECORDS: recordDirectories().join(":"),
            [TreeCookie.variable]: TreeCookie.extend(process.env[TreeCookie.variable], host, 0, "reaper")
          })
    }
  })
