/**
 * The host's side of its reaper: starts it, tells it of groups, and starts it again if it dies.
 */
import * as TreeCookie from "@tether/host/TreeCookie"
import { type ChildProcess, spawn } from "node:child_process"
import type { Socket } from "node:net"
import { reaperScript } from "./reaperScript.js"

/** What stands for one child at the reaper's. */
export type Entry =
  | {
      readonly _tag: "Group"
      readonly pid: number
      /** The member by which the group is known again, and when it started. Undefined where only a spawn could tell. */
      readonly witness: number
      readonly startToken: string | undefined
      readonly leavable: number | undefined
    }
  | { readonly _tag: "Cgroup"; readonly directory: string }

/** A reaper that is killed again and again is not started for ever: so often within `spell` milliseconds. */
const intensity = { starts: 5, spell: 1000 }

export class Reaper {
  private readonly entries = new Set<Entry>()
  private process: ChildProcess | undefined
  private starts: Array<number> = []
  private unsaid = ""

  constructor(private readonly host: string) {}

  get pid(): number | undefined {
    return this.process?.pid
  }

  /** Whether one is there, after it was started if need be. */
  ensure(): boolean {
    if (this.process === undefined && this.mayStart()) this.start()
    return this.process !== undefined
  }

  add(entry: Entry): void {
    this.entries.add(entry)
    this.say(added(entry))
  }

  /**
   * Said with what is said next: each word wakes the reaper, and costs as much as a tenth of a spawn. A group that is
   * gone is told by its start token too.
   */
  remove(entry: Entry): void {
    if (this.entries.delete(entry)) this.unsaid += removed(entry)
  }

  flush(): void {
    this.say("")
  }

  private mayStart(): boolean {
    const now = performance.now()
    this.starts = this.starts.filter((at) => now - at < intensity.spell)
    return this.starts.length < intensity.starts
  }

  private start(): void {
    this.starts.push(performance.now())
    const child = spawnReaper(this.host)
    // An error is told later; without a listener it would end the program.
    child?.on("error", () => undefined)
    if (child?.pid === undefined) return
    this.process = child
    child.stdin?.on("error", () => undefined)
    // It must not keep the program alive: its own end comes after ours.
    child.unref()
    ;(child.stdin as Socket | null)?.unref()
    child.once("exit", () => {
      this.process = undefined
      if (this.entries.size > 0) this.ensure()
    })
    // It is told of everyone, and of nobody else.
    this.unsaid = [...this.entries].map(added).join("")
    this.flush()
  }

  // Written at once, in the step of the spawn, because a pipe takes it without waiting.
  private say(line: string): void {
    const text = this.unsaid + line
    this.unsaid = ""
    if (text !== "") this.process?.stdin?.write(text)
  }
}

const added = (entry: Entry): string =>
  entry._tag === "Group"
    ? `+ ${entry.pid} ${entry.witness} ${entry.startToken ?? "-"} ${entry.leavable ?? "-"}\n`
    : `c ${entry.directory}\n`

const removed = (entry: Entry): string => (entry._tag === "Group" ? `- ${entry.pid}\n` : `d ${entry.directory}\n`)

/** With the system's own tools first: the script is written for those. */
export const toolPath = (): string =>
  ["/usr/bin", "/bin", ...(process.env["PATH"] === undefined ? [] : [process.env["PATH"]])].join(":")

const spawnReaper = (host: string): ChildProcess | undefined => {
  try {
    return spawn("/bin/sh", ["-c", `eval "$TETHER_REAPER"`, "tether-reaper"], {
      cwd: "/",
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: {
        PATH: toolPath(),
        TETHER_REAPER: reaperScript,
        TETHER_HOST: host,
        [TreeCookie.variable]: TreeCookie.extend(process.env[TreeCookie.variable], host, 0, "reaper")
      }
    })
  } catch {
    return undefined
  }
}
