/**
 * The modes of a terminal (echo, line editing, keys that send signals) around the children that have it as a stream.
 *
 * A program that is killed cannot put back what it changed. Without echo and without Ctrl-C the terminal is then of no
 * use to this program, either. So the modes are saved before the first child that inherits the terminal starts, and
 * restored after the end of the last one.
 *
 * Node.js has no call for the modes, only `setRawMode`. `stty`, which POSIX requires, has the terminal as its stdin. It
 * runs synchronously (2 ms): nothing else may see the terminal between the child's exit and the restoration. At the end
 * of the program, Node.js itself restores the modes that its descriptors 0, 1 and 2 had at its start.
 */
import type { Descriptor } from "@tether/process/ChildDriver"
import * as GlobalValue from "effect/GlobalValue"
import { spawnSync } from "node:child_process"
import { isatty } from "node:tty"
import { hasGroups } from "./launch.js"
import type { Machine } from "./machine.js"
import { statOfOpen } from "./stat.js"

/** What one child holds. */
export interface TerminalHold {
  /** The leader has ended, and other members of the child may live. */
  readonly leaderEnded: () => void
  /** The child is gone, or did not start. Repeating it does nothing. */
  readonly release: () => void
}

/** A terminal that at least one child has. */
interface Terminal {
  readonly descriptor: number
  readonly device: number
  /** In the notation of `stty -g`. */
  readonly modes: string
  /** Whether this program itself had set the raw mode. */
  readonly wasRaw: boolean
  holds: number
  /** Holds whose leader still runs. */
  leaders: number
}

const held = GlobalValue.globalValue(
  Symbol.for("@tether/process-node/terminalModes"),
  () => new Map<number, Terminal>()
)

/** Saves the modes of the terminals that a child inherits, if there are any. To be called before its start. */
export const holdTerminals = (
  machine: Machine,
  descriptors: ReadonlyMap<number, Descriptor>
): TerminalHold | undefined => {
  const terminals = new Set<Terminal>()
  for (const [descriptor, what] of descriptors) {
    if (what !== "inherit" || !hasGroups || !isatty(descriptor)) continue
    const terminal = terminalAt(descriptor)
    if (terminal !== undefined) terminals.add(terminal)
  }
  if (terminals.size === 0) return undefined
  for (const terminal of terminals) {
    terminal.holds++
    terminal.leaders++
  }
  let hasLeader = true
  let isReleased = false
  const leaderEnded = () => {
    if (!hasLeader) return
    hasLeader = false
    for (const terminal of terminals) if (--terminal.leaders === 0) restore(machine, terminal)
  }
  return {
    leaderEnded,
    release: () => {
      if (isReleased) return
      isReleased = true
      const isLater = !hasLeader
      leaderEnded()
      for (const terminal of terminals) {
        // Members that outlived the leader may have changed the modes again.
        if (isLater && terminal.leaders === 0) restore(machine, terminal)
        if (--terminal.holds === 0) held.delete(terminal.device)
      }
    }
  }
}

const terminalAt = (descriptor: number): Terminal | undefined => {
  const device = Number(statOfOpen(descriptor).rdev)
  const known = held.get(device)
  if (known !== undefined) return known
  const modes = modesOf(descriptor)
  if (modes === undefined) return undefined
  const terminal = { descriptor, device, modes, wasRaw: isRaw(), holds: 0, leaders: 0 }
  held.set(device, terminal)
  return terminal
}

const restore = (machine: Machine, { descriptor, device, modes, wasRaw }: Terminal): void => {
  // The program has called `setRawMode` since, for a prompt of its own: the modes are no child's any more.
  if (isRaw() !== wasRaw || isInBackground(machine, device)) return
  const now = modesOf(descriptor)
  if (now !== undefined && now !== modes) stty(descriptor, modes)
}

/**
 * Whether another job of the shell has the terminal. Then its modes are those of that job, and whoever changes them
 * from the background is stopped by SIGTTOU. A process outside the terminal's session is not restricted.
 */
const isInBackground = (machine: Machine, device: number): boolean => {
  const self = machine.isDirect ? machine.find(process.pid) : undefined
  return self !== undefined && self.terminal === device && self.group !== self.foregroundGroup
}

const isRaw = (): boolean => isatty(0) && process.stdin.isRaw === true

const modesOf = (descriptor: number): string | undefined => {
  const text = stty(descriptor, "-g")?.trim()
  return text !== undefined && /^[\w:=]+$/.test(text) ? text : undefined
}

/** Undefined where there is no `stty`, and where it fails. */
const stty = (descriptor: number, word: string): string | undefined => {
  const { status, stdout } = spawnSync("stty", [word], {
    stdio: [descriptor, "pipe", "ignore"],
    encoding: "utf8",
    // A terminal whose output a person has stopped (Ctrl-S) makes it wait, and so does a job that has just been put
    // into the background.
    timeout: 1000,
    killSignal: "SIGKILL"
  })
  return status === 0 ? stdout : undefined
}
