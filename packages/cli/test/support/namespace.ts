/**
 * A pid namespace of its own for a test. Every host that starts its first child ends all orphans that it can see: those
 * of a test must not be seen by the hosts of others, nor the other way round.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import { bin, type Ended, program, type Options, type Started, startProgram, until } from "./tether.js"

// Root may have a namespace for the asking; others need to be root of a user namespace first.
const variants = [[], ["--user", "--map-root-user"]].map((user) => ({
  unshare: [...user, "--pid", "--fork", "--mount-proc"],
  nsenter: user.length === 0 ? [] : ["--user", "--preserve-credentials"]
}))
const variant =
  process.platform !== "linux"
    ? undefined
    : variants.find(({ unshare }) => spawnSync("unshare", [...unshare, "true"]).status === 0)

/** Why there can be none, or undefined where there can. */
export const missing = variant === undefined ? "no pid namespace may be made here (unshare --pid)" : undefined

interface Process {
  readonly pid: number
  readonly parent: number
  readonly command: string
  readonly tree: string | undefined
}

export interface Namespace {
  readonly start: (program: string, args: ReadonlyArray<string>, options?: Options) => Started
  readonly run: (program: string, args: ReadonlyArray<string>, options?: Options) => Promise<Ended>
  readonly tether: (args: ReadonlyArray<string>, options?: Options) => Promise<Ended>
  /** All that run in it, by their pids in it. */
  readonly processes: () => ReadonlyArray<Process>
  readonly isAlive: (pid: number) => boolean
}

/** Its first process executes this script, which must not end. All that is in it ends with the test. */
export const openNamespace = async (script = "exec cat"): Promise<Namespace> => {
  const { nsenter = [], unshare = [] } = variant ?? {}
  const runtime = mkdtempSync(join(tmpdir(), "tether-namespace-"))
  onTestFinished(() => rmSync(runtime, { recursive: true, force: true }))
  const env = { TETHER_TREE: "", TETHER_RUNTIME_DIR: runtime }
  // Where the test itself is ended, its stdin ends, and with that `cat`.
  const first = startProgram("unshare", [...unshare, "--kill-child", "sh", "-c", `echo up; ${script}`], {
    input: { keep: true },
    env
  })
  await until("the namespace", () => first.stdout() === "up\n")
  const init = readdirSync("/proc")
    .map(Number)
    .find((pid) => parentOf(`/proc/${pid}`) === first.process.pid)
  const proc = `/proc/${init}/root/proc`

  const enter = ["-t", String(init), ...nsenter, "--pid", "--mount", "--"]
  const start: Namespace["start"] = (program, args, options = {}) =>
    startProgram("nsenter", [...enter, program, ...args], { ...options, env: { ...env, ...options.env } })
  const processes = () => readdirSync(proc).flatMap((name) => (/^\d/.test(name) ? processAt(proc, Number(name)) : []))
  return {
    start,
    run: (program, args, options) => start(program, args, options).ended,
    tether: (args, options) => start(process.execPath, [bin, ...args], options).ended,
    processes,
    isAlive: (pid) => processes().some((each) => each.pid === pid)
  }
}

export interface Hosted {
  readonly pid: number
  readonly reaper: number
  /** What it has started, by pid, as the shell sees it. */
  readonly children: ReadonlyArray<Process>
}

/** A host inside, with these scripts for children. */
export const startHost = async (inside: Namespace, ...scripts: ReadonlyArray<string>): Promise<Hosted> => {
  const before = new Set(inside.processes().map(({ pid }) => pid))
  const started = inside.start(process.execPath, [program("host.mjs"), ...scripts])
  await until("the host", () => {
    if (started.stderr() !== "") throw new Error(started.stderr())
    return started.stdout() === "up\n"
  })
  const fresh = inside.processes().filter(({ pid }) => !before.has(pid))
  // Its own parent is outside.
  const host = fresh.find(({ command, parent }) => parent === 0 && command.includes("host.mjs"))
  const below = fresh.filter(({ parent }) => parent === host?.pid)
  const reaper = below.find(({ command }) => command.endsWith("tether-reaper"))
  if (host === undefined || reaper === undefined) throw new Error(`no host or no reaper in ${JSON.stringify(fresh)}`)
  return { pid: host.pid, reaper: reaper.pid, children: below.filter(({ pid }) => pid !== reaper.pid) }
}

/** Ends a host so that nobody cleans up behind it: its reaper is stopped first, and killed with it. */
export const orphan = async (inside: Namespace, { pid, reaper }: Hosted): Promise<void> => {
  await inside.run("sh", ["-c", `kill -s STOP ${reaper}; kill -s KILL ${pid} ${reaper}`])
  await until("the end of the host", () => !inside.isAlive(pid) && !inside.isAlive(reaper))
}

/** For a shell: puts a host on record, as having lived. */
export const recorded = (host: string): string =>
  `mkdir -p -m 700 "$TETHER_RUNTIME_DIR/hosts" && ` +
  `printf 'tether-host 1\\ncommand node host.mjs\\nuid %d\\ntime %s\\n' ` +
  `"$(id -u)" "$(readlink /proc/self/ns/time | tr -dc 0-9)" > "$TETHER_RUNTIME_DIR/hosts/${host}" && ` +
  `chmod 600 "$TETHER_RUNTIME_DIR/hosts/${host}"`

/** For a shell: how a cookie names the boot of whoever asks, and its pid namespace. */
export const boot = "$(tr -d - < /proc/sys/kernel/random/boot_id)"
export const namespace = "$(readlink /proc/self/ns/pid | tr -dc 0-9)"

const statOf = (directory: string): ReadonlyArray<string> => {
  try {
    const stat = readFileSync(`${directory}/stat`, "utf8")
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  } catch {
    return []
  }
}

const parentOf = (directory: string): number => Number(statOf(directory)[1])

const processAt = (proc: string, pid: number): ReadonlyArray<Process> => {
  const directory = `${proc}/${pid}`
  const [state = "X", parent] = statOf(directory)
  if (/[ZX]/.test(state)) return []
  try {
    const [command, environment] = ["cmdline", "environ"].map((name) => readFileSync(`${directory}/${name}`, "utf8"))
    return [
      {
        pid,
        parent: Number(parent),
        command:
          command
            ?.split("\0")
            .filter((word) => word !== "")
            .join(" ") ?? "",
        tree: /(?:^|\0)TETHER_TREE=([^\0]*)/.exec(environment ?? "")?.[1]
      }
    ]
  } catch {
    return []
  }
}
