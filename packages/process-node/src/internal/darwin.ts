/**
 * The processes of macOS, from `ps`: there is no `/proc`, and what the kernel would tell, it tells native code only. So
 * every question is a spawn, for which this program stands still: some 5 ms for one process, 25 ms for all of them.
 *
 * Written from the sources of Apple's `ps` and tested with texts of its form, without a Mac.
 */
import type * as ProcStat from "@tether/host/ProcStat"
import * as TreeCookie from "@tether/host/TreeCookie"
import { spawnSync } from "node:child_process"
import type { Machine } from "./machine.js"
import { monotonic } from "./realTime.js"

/** Undefined where this is not macOS. */
export const make = (): Machine | undefined => (process.platform === "darwin" ? makeWith(runNow) : undefined)

/** What a program prints, or undefined where that cannot be known. Throws nothing. */
export type Run = (argv: readonly [file: string, ...args: ReadonlyArray<string>]) => string | undefined

/** A process as `ps` shows it. Its `name` is the whole command line: a short one may hold spaces, and ends nowhere. */
export interface Row extends ProcStat.ProcStat {
  readonly owner: number
}

/** All processes at one moment, and what was read of their trees since. */
interface Listing {
  readonly rows: ReadonlyMap<number, Row>
  trees?: ReadonlyMap<number, string>
  readAt: number
}

/** How long a listing serves for single questions, in milliseconds: a sweep asks them by the hundred. */
const freshFor = 5

export const makeWith = (run: Run, now: () => number = monotonic): Machine => {
  const ps = (...which: ReadonlyArray<string>) => parse(run(["/bin/ps", ...which, "-ww", "-o", columns]) ?? "")

  let last: Listing | undefined
  const list = (): Listing => {
    const rows = new Map(ps("-ax").map((row) => [row.pid, row]))
    last = { rows, readAt: now() }
    return last
  }
  const isRecent = () => last !== undefined && now() - last.readAt <= freshFor
  const recent = () => (last !== undefined && isRecent() ? last : list())

  const treesIn = (listing: Listing) => {
    if (listing.trees === undefined) {
      listing.trees = findTrees(listing.rows, ps("-axE"))
      // Both took their time, and the sweep that waited for them begins now.
      listing.readAt = now()
    }
    return listing.trees
  }

  return {
    here: {
      // Not `kern.boottime`: that moves when the clock is set, and every process would seem to be of another boot. In
      // small letters, as a cookie has it.
      bootId: run(["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"])?.trim().toLowerCase() || undefined,
      pidNamespace: undefined,
      seesEveryone: true
    },
    // Of programs that Apple protects, `/bin/sh` and `/bin/sleep` among them, the kernel shows the environment to
    // nobody, root included (XNU, `sysctl_procargsx`). They are found by their group or their parent, or not at all.
    seesTrees: true,
    isDirect: false,
    // These two begin a look at the machine and prove who is not there: never from an earlier listing.
    list: () => {
      const { rows } = list()
      // There is always somebody: nobody means that `ps` did not run.
      return rows.size === 0 ? undefined : [...rows.values()]
    },
    pids: () => {
      const { rows } = list()
      return rows.size === 0 ? undefined : [...rows.keys()]
    },
    // Whoever asks does so because of what comes next, such as a signal: what was true a moment ago will not do.
    find: (pid) => ps("-p", String(pid)).find((row) => row.pid === pid),
    listed: (pid) => recent().rows.get(pid),
    isThread: () => false,
    treeOf: (pid) => treesIn(recent()).get(pid),
    // `ps` writes an environment without marks between its variables: the end of a label cannot be told.
    labelOf: () => undefined,
    isInTmux: () => false,
    ownersOf: (pid) => {
      // Only the effective one is asked for.
      const owner = recent().rows.get(pid)?.owner
      return owner === undefined ? undefined : { real: owner, effective: owner, saved: owner }
    },
    sharesCgroup: () => true,
    infoOf: ({ name, pid, startTicks }) => ({ pid, command: name, startedAt: Number(startTicks) * 1000 }),
    // Not told, and each question would make a new one.
    lastPid: () => undefined,
    pidMax: 99_999,
    // Only `lsof` could tell. It takes seconds.
    linksOf: () => [],
    holdersOf: () => []
  }
}

/**
 * Without `sess`: it prints an address in the kernel, and on current systems 0. `command` is the last one, because only
 * that is not cut. Apple's `ps` splits at commas behind `=` too, unlike others.
 */
const columns = "pid=,ppid=,pgid=,uid=,state=,lstart=,command="

const line = /^ *(\d+) +(\d+) +(\d+) +(-?\d+) +(\S)(\S*) +(\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}) +(.*)$/

/** One process a line: `ps` writes a newline in a command as `^J`. What is no such line is left out. */
export const parse = (text: string): ReadonlyArray<Row> =>
  text.split("\n").flatMap((each): ReadonlyArray<Row> => {
    const [, pid, parent, group, owner, state = "", flags = "", lstart, name = ""] = line.exec(each) ?? []
    const started = Date.parse(`${lstart} UTC`)
    if (Number.isNaN(started)) return []
    return [
      {
        pid: Number(pid),
        name,
        state,
        parent: Number(parent),
        group: Number(group),
        // Unknown: 0 is nobody's session.
        session: 0,
        terminal: 0,
        foregroundGroup: 0,
        exiting: flags.includes("E"),
        startTicks: String(started / 1000),
        environmentAt: "0",
        isKernelThread: false,
        owner: Number(owner)
      }
    ]
  })

const cookie = new RegExp(` ${TreeCookie.variable}=(/\\S*)`, "g")

/**
 * The cookies, from a second listing that has each environment behind its command, with nothing in between. The command
 * is known from the first: it is cut off, so that no argument is taken for a variable, and no environment, which holds
 * secrets, is kept or shown. One with two different cookies has one of them inside another variable, and is not told.
 */
const findTrees = (
  rows: ReadonlyMap<number, Row>,
  withEnvironment: ReadonlyArray<Row>
): ReadonlyMap<number, string> => {
  const trees = new Map<number, string>()
  for (const { name, pid, startTicks } of withEnvironment) {
    const row = rows.get(pid)
    if (row?.startTicks !== startTicks || !name.startsWith(row.name)) continue
    const [tree, ...others] = new Set(Array.from(name.slice(row.name.length).matchAll(cookie), ([, value]) => value))
    if (tree !== undefined && others.length === 0) trees.set(pid, tree)
  }
  return trees
}

const runNow: Run = ([file, ...args]) => {
  const { error, signal, stdout } = spawnSync(file, args, {
    cwd: "/",
    encoding: "latin1",
    // The language and the time zone of `lstart`; and nothing of ours, so that `ps` is in no tree.
    env: { LC_ALL: "C", TZ: "UTC" },
    killSignal: "SIGKILL",
    // A thousand environments; more than Node's own limit of one MiB.
    maxBuffer: 64 * 1024 * 1024,
    stdio: ["ignore", "pipe", "ignore"],
    timeout: 2000
  })
  // A status of 1 is an answer: there is no such process.
  return error === undefined && signal === null ? stdout : undefined
}
