/**
 * The machine that we are on.
 */
import * as darwin from "./darwin.js"
import * as foreignProc from "./foreignProc.js"
import type { Machine } from "./machine.js"
import * as procfs from "./procfs.js"

/** Where nothing can be told, groups alone are left to go by. */
const blind: Machine = {
  here: { bootId: undefined, pidNamespace: undefined, seesEveryone: false },
  seesTrees: false,
  isDirect: false,
  list: () => undefined,
  pids: () => undefined,
  find: () => undefined,
  listed: () => undefined,
  isThread: () => false,
  treeOf: () => undefined,
  labelOf: () => undefined,
  isInTmux: () => false,
  ownersOf: () => undefined,
  sharesCgroup: () => true,
  infoOf: (stat) => ({ pid: stat.pid, command: stat.name, startedAt: undefined }),
  lastPid: () => undefined,
  pidMax: 0,
  linksOf: () => [],
  holdersOf: () => []
}

/** Why the machine is blind, and what to do about it. */
export const whyBlind = (): string => {
  if (process.platform === "darwin") return "ps does not show this process"
  if (process.platform !== "linux") return `processes of ${process.platform} cannot be told apart here`
  return procfs.view() === "other"
    ? "/proc shows another pid namespace than ours (mount one of this namespace, as by unshare --mount-proc)"
    : "/proc cannot be read (mount -t proc proc /proc)"
}

export const makeMachine = (): Machine =>
  procfs.make() ??
  darwin.make() ??
  (process.platform === "linux" && procfs.view() === "other" ? { ...blind, ...foreignProc.make() } : blind)
