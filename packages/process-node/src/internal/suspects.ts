/**
 * Daemons that nothing ties to a child any more, and that it may have started all the same. One that overwrites its
 * environment with its title (nginx, redis), or clears it, leads a session of its own and has lost its parent has left
 * no trace of where it comes from: it can be named, and it must not be signalled.
 */
import type * as ProcStat from "@tether/host/ProcStat"
import { isGone, type Machine } from "./machine.js"
import { mayBeSignalled } from "./orphans.js"

/** Programs that take over orphans by PR_SET_CHILD_SUBREAPER, as the first process of a machine does. */
const subreapers: ReadonlySet<string> = new Set(["systemd", "tini"])

/** Whether a process without a cookie looks like a daemon that this program may have started. */
export const mayBeDaemon = (machine: Machine, stat: ProcStat.ProcStat): boolean =>
  stat.session === stat.pid &&
  // A session with a terminal is a person's, or a terminal program's.
  stat.terminal === 0 &&
  !stat.exiting &&
  !stat.isKernelThread &&
  !belongsToTmux(machine, stat) &&
  isReparented(machine, stat) &&
  !isGone(machine, stat) &&
  machine.sharesCgroup(stat.pid)

/**
 * A tmux server is started without a cookie on purpose, because its sessions must outlive the program that started it.
 * Until it listens it has the name of a client. When a server ends, its panes live on for a moment without a parent.
 */
const belongsToTmux = (machine: Machine, { name, pid }: ProcStat.ProcStat): boolean =>
  name === "tmux: server" || name === "tmux: client" || machine.isInTmux(pid)

const isReparented = (machine: Machine, { parent }: ProcStat.ProcStat): boolean => {
  if (parent === 1) return true
  const adoptive = machine.listed(parent)
  return adoptive !== undefined && subreapers.has(adoptive.name) && isAncestor(machine, parent)
}

/** An orphan goes to an ancestor of its own, which is then one of ours. */
const isAncestor = (machine: Machine, pid: number): boolean => {
  let above = machine.listed(process.pid)?.parent
  for (let steps = 0; above !== undefined && above > 1 && steps < 100; steps++) {
    if (above === pid) return true
    above = machine.listed(above)?.parent
  }
  return false
}

/** Whether it belongs to the user that the child was started as. */
export const belongsTo = (machine: Machine, { pid }: ProcStat.ProcStat, uids: ReadonlySet<number>): boolean => {
  const owners = machine.ownersOf(pid)
  return owners !== undefined && mayBeSignalled(owners, uids)
}
