/**
 * One round: a host is started, ended at an instant, and what lives after it is watched until nothing does.
 *
 * Promises and no effects: what looks on must not fail together with what it looks at.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { type Found, type Oracle, statOf } from "./oracle.js"
import type { Ending, Plan } from "./plan.js"

export interface Round {
  readonly seed: number
  /** Its number in this run, and the number by which its random numbers are found. */
  readonly number: number
  readonly played: number
  readonly plan: Plan
  /** Nothing may live this long after its host, in milliseconds. */
  readonly deadline: number
}

export interface RoundResult extends Round {
  /** Those that lived when the host was ended, the host and its reaper included. */
  readonly seen: ReadonlyArray<Found>
  /** From the end of the host until nothing of it lived, its reaper aside; and with its reaper. */
  readonly emptyMillis: number
  readonly quietMillis: number
  /** What lived after the deadline. */
  readonly survivors: ReadonlyArray<Found>
  /** Of rounds that were over: nobody had seen them. */
  readonly revenants: ReadonlyArray<Found>
  readonly problems: ReadonlyArray<string>
}

/**
 * A look is no snapshot: one that forks a successor and ends may be behind it. So often in a row nobody must be there.
 */
const looksNeeded = 3
const pause = 10
/** What a host may take to its first child, to its own end, and to a new reaper: after that it is stuck. */
const patience = 60_000

const hostProgram = fileURLToPath(new URL("./host.bundle.mjs", import.meta.url))
const signals: Readonly<Record<Ending, NodeJS.Signals>> = {
  kill: "SIGKILL",
  reaper: "SIGKILL",
  close: "SIGTERM",
  exit: "SIGUSR2"
}

export const runRound = async (round: Round, oracle: Oracle): Promise<RoundResult> => {
  const { deadline, plan } = round
  const host = new Host(round, oracle)
  const problems: Array<string> = []
  if (!plan.isAtStart && !(await host.first)) problems.push("the host had no first child")
  await sleep(plan.instant)
  if (plan.ending === "reaper" && !(await host.changeReaper())) problems.push("the host started no new reaper")
  const seen = oracle.look()
  const ended = await host.end()
  if (ended === undefined) problems.push(`the host did not end within ${patience} ms`)
  const after = await watch(round, oracle, ended ?? performance.now(), plan.ending === "close" ? 0 : deadline)
  problems.push(...host.complaints())
  for (const each of [...after.survivors, ...after.revenants]) endOne(each)
  return { ...round, seen, ...after, problems }
}

class Host {
  readonly child: ChildProcess
  readonly first: Promise<boolean>
  private readonly exited: Promise<unknown>
  private readonly token: string | undefined
  private stderr = ""

  constructor(
    private readonly round: Round,
    private readonly oracle: Oracle
  ) {
    const { number, plan, played, seed } = round
    this.child = spawn(process.execPath, [hostProgram, String(seed), String(played), String(plan.depth), "40"], {
      env: { ...process.env, TEST_MARK: oracle.markOf(number) },
      stdio: ["ignore", "pipe", "pipe"]
    })
    this.exited = once(this.child, "exit")
    this.token = this.child.pid === undefined ? undefined : oracle.know(this.child.pid, number)
    const { stderr, stdout } = this.child
    this.first = within(patience, Promise.race([stdout === null ? this.exited : once(stdout, "data"), this.exited]))
    stderr?.on("data", (text: Buffer) => {
      this.stderr += text.toString()
    })
  }

  /** Since when nothing of it may live: since its SIGKILL, or since its own end. Undefined if that did not come. */
  async end(): Promise<number | undefined> {
    const killed = performance.now()
    const signal = signals[this.round.plan.ending]
    this.child.kill(signal)
    if (signal === "SIGKILL") return killed
    const hasEnded = await within(patience, this.exited)
    if (!hasEnded) this.child.kill("SIGKILL")
    return hasEnded ? performance.now() : undefined
  }

  /** Its reaper is killed, and it starts another. */
  async changeReaper(): Promise<boolean> {
    const old = this.reaper()
    if (old !== undefined) endOne(old)
    const until = performance.now() + patience
    while (performance.now() < until) {
      const reaper = this.reaper()
      if (reaper !== undefined && reaper.pid !== old?.pid) {
        // It is told of what lives in the step that starts it.
        await sleep(2)
        return true
      }
      await sleep(1)
    }
    return false
  }

  complaints(): ReadonlyArray<string> {
    this.child.stdout?.destroy()
    this.child.stderr?.destroy()
    return this.stderr === "" ? [] : [`the host said: ${this.stderr.trim()}`]
  }

  private reaper(): Found | undefined {
    return this.oracle
      .look()
      .find(
        (each) =>
          each.isReaper && each.parent === this.child.pid && each.tree.split("/").at(-1)?.startsWith(`${this.token}-`)
      )
  }
}

type Watched = Pick<RoundResult, "emptyMillis" | "quietMillis" | "survivors" | "revenants">

/** `allowed` is how long children may live; a reaper has the whole deadline in any case. */
const watch = async ({ deadline, number }: Round, oracle: Oracle, since: number, allowed: number): Promise<Watched> => {
  let emptySince: number | undefined
  let quietSince: number | undefined
  let looks = 0
  while (true) {
    const began = performance.now() - since
    const found = oracle.look()
    const ours = found.filter((each) => each.round === number)
    const revenants = found.filter((each) => each.round < number)
    const children = ours.filter((each) => !each.isReaper)
    emptySince = children.length > 0 ? undefined : (emptySince ?? began)
    quietSince = ours.length > 0 ? undefined : (quietSince ?? began)
    looks = ours.length > 0 ? 0 : looks + 1
    const survivors = began > deadline ? ours : began > allowed ? children : []
    const isOver = survivors.length > 0 || revenants.length > 0 || looks >= looksNeeded
    if (isOver) return { emptyMillis: emptySince ?? began, quietMillis: quietSince ?? began, survivors, revenants }
    await sleep(pause)
  }
}

/** Only a process that was looked at, while it is still the one that was looked at. */
const endOne = ({ pid, startTicks }: Found): void => {
  try {
    if (statOf(pid)?.startTicks === startTicks) process.kill(pid, "SIGKILL")
  } catch {
    // It has ended by itself.
  }
}

const within = async (millis: number, event: Promise<unknown>): Promise<boolean> => {
  const abort = new AbortController()
  const late = sleep(millis, false, { signal: abort.signal }).catch(() => false)
  const inTime = await Promise.race([event.then(() => true), late])
  abort.abort()
  return inTime
}
