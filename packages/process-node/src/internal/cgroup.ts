/**
 * A cgroup of version 2 for one child: whatever a descendant does to its session, parent or environment, it stays
 * inside, unless somebody who may write there moves it. Whom that happens to is found as at level `tree`.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import * as ProcStat from "@tether/host/ProcStat"
import type { Presence } from "@tether/process/ChildDriver"
import type * as Effect from "effect/Effect"
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import type { Container } from "./container.js"
import type { Machine } from "./machine.js"

/** Where cgroups of ours can be made, or why they cannot. */
export type Cgroups =
  | { readonly _tag: "Available"; readonly parent: string }
  | { readonly _tag: "Unavailable"; readonly reason: string }

export const findCgroups = (host: string | undefined): Cgroups => {
  const unavailable = (reason: string): Cgroups => ({ _tag: "Unavailable", reason })
  if (process.platform !== "linux") return unavailable("there are cgroups on Linux only")
  if (host === undefined) return unavailable("/proc cannot be read here")
  const parent = ownCgroup()
  if (parent === undefined) return unavailable("no cgroup of version 2 is mounted here")
  // The reaper is told of cgroups by the word.
  if (/\s/.test(parent)) return unavailable(`there is white space in the name of our own cgroup ${parent}`)
  const trial = join(parent, `tether-${host}`)
  try {
    make(trial)
    const canKill = existsSync(join(trial, "cgroup.kill"))
    rmdirSync(trial)
    return canKill
      ? { _tag: "Available", parent }
      : unavailable("the kernel is older than 5.14, and has no cgroup.kill")
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException
    return unavailable(`no cgroup may be made in ${parent} (${code}): it must be delegated to this user`)
  }
}

/** The directory of the cgroup that we are in. */
const ownCgroup = (): string | undefined => {
  const own = /^0::(.*)$/m.exec(textOf("/proc/self/cgroup") ?? "")?.[1]
  const mount = (textOf("/proc/self/mountinfo") ?? "")
    .split("\n")
    .find((line) => line.includes(" - cgroup2 "))
    ?.split(" ")
  const [root, point] = [mount?.[3], mount?.[4]]
  if (own === undefined || root === undefined || point === undefined) return undefined
  const directory = join(point, relative(root, own))
  return existsSync(join(directory, "cgroup.procs")) ? directory : undefined
}

/**
 * The words that start a program inside a cgroup. A process can be put there only once it runs, and what it forks
 * before that would stay outside: so a shell goes in first and becomes the program.
 */
export const gate = (
  directory: string,
  program: string,
  args: ReadonlyArray<string>
): [string, ReadonlyArray<string>] => [
  "/bin/sh",
  ["-c", `echo "$$" > "$0" && exec "$@"`, join(directory, "cgroup.procs"), program, ...args]
]

export const makeCgroup = (parent: string, host: string, child: number): string => {
  const directory = join(parent, `tether-${host}.${child}`)
  make(directory)
  return directory
}

/** The mode is set, since the umask may leave nothing of the usual one: then only root can use the cgroup. */
const make = (directory: string): void => {
  mkdirSync(directory)
  chmodSync(directory, 0o755)
}

export class Cgroup implements Container {
  readonly search: Effect.Effect<boolean>
  private isGone = false

  constructor(
    private readonly machine: Machine,
    private readonly tree: Container,
    readonly directory: string
  ) {
    this.search = tree.search
  }

  leaderEnded(): void {
    this.tree.leaderEnded()
  }

  presence(): Presence {
    const presence = this.tree.presence()
    if (this.isGone) return presence
    if (presence === "some" || isPopulated(this.directory)) return "some"
    this.isGone = true
    removeCgroup(this.directory)
    return presence
  }

  signal(signal: Signal): boolean {
    const inside = this.pids()
    const known = new Set(this.tree.members().map((member) => member.pid))
    const hadTree = this.tree.signal(signal)
    if (signal === "SIGKILL") writeQuietly(join(this.directory, "cgroup.kill"), "1")
    // Who is listed now is ours: nobody else comes into this cgroup.
    else inside.filter((pid) => !known.has(pid)).forEach((pid) => this.signalOne(pid, signal))
    return hadTree || inside.length > 0
  }

  members(): ReadonlyArray<ProcStat.ProcStat> {
    const known = this.tree.members()
    const others = this.pids().filter((pid) => !known.some((each) => each.pid === pid))
    return [...known, ...others.flatMap((pid) => this.machine.find(pid) ?? []).filter(ProcStat.isRunning)]
  }

  /** Nothing gets out of a cgroup without a trace. */
  suspects(): ReadonlyArray<ProcStat.ProcStat> {
    return []
  }

  adopt(stats: ReadonlyArray<ProcStat.ProcStat>): void {
    this.tree.adopt(stats)
  }

  release(): void {
    this.tree.release()
  }

  private pids(): ReadonlyArray<number> {
    return this.isGone ? [] : subtree(this.directory).flatMap(pidsIn)
  }

  private signalOne(pid: number, signal: Signal): void {
    try {
      process.kill(pid, signal)
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** A cgroup and those that were made in it, innermost first. */
const subtree = (directory: string): ReadonlyArray<string> => {
  try {
    const inner = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    return [...inner.flatMap((entry) => subtree(join(directory, entry.name))), directory]
  } catch {
    return []
  }
}

const pidsIn = (directory: string): ReadonlyArray<number> =>
  (textOf(join(directory, "cgroup.procs")) ?? "")
    .split("\n")
    .filter((line) => line !== "")
    .map(Number)

// A zombie does not count; a cgroup that is not there any more has nobody in it.
const isPopulated = (directory: string): boolean =>
  /^populated 1$/m.test(textOf(join(directory, "cgroup.events")) ?? "")

export const removeCgroup = (directory: string): void => {
  for (const each of subtree(directory)) {
    try {
      rmdirSync(each)
    } catch {
      // Somebody has come in between; an empty cgroup that is left costs next to nothing.
    }
  }
}

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}

const writeQuietly = (path: string, text: string): void => {
  try {
    writeFileSync(path, text)
  } catch {
    // It is gone, and so is everyone in it.
  }
}
