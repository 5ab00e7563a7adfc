/**
 * The levels of containment, in their order, and which of them this host can give.
 */
import type { Containment } from "@tether/process/ExitReport"
import { findCgroups } from "./cgroup.js"
import type { Finding } from "./findings.js"
import type { Host } from "./host.js"
import { hasGroups } from "./launch.js"
import { whyBlind } from "./platform.js"

/** Why a level cannot be had, or undefined where it can. */
export const problemOf = (host: Host, level: Containment): string | undefined => {
  switch (level) {
    case "none":
      return undefined
    case "group":
      return hasGroups ? undefined : "there are no process groups on Windows"
    case "tree":
      return host.name !== undefined ? undefined : `the environment of other processes cannot be read: ${whyBlind()}`
    case "cgroup": {
      const cgroups = findCgroups(host.name)
      return cgroups._tag === "Available" ? undefined : cgroups.reason
    }
  }
}

const order: ReadonlyArray<Containment> = ["none", "group", "tree", "cgroup"]

/** What is said of a level that was asked for and cannot be had: why, and what can. */
export const refusalText = (host: Host, level: Containment, why: string): string => {
  const lower = order.slice(0, order.indexOf(level)).findLast((each) => problemOf(host, each) === undefined)
  return `containment "${level}" cannot be had: ${why}. Ask for "${lower}", or leave the option out`
}

/** The level that a child for which none was asked does not get here, although it is the default of the platform. */
export const missedDefault = (host: Host): Finding | undefined =>
  process.platform === "linux" && host.name === undefined ? { _tag: "LowerLevel", why: whyBlind() } : undefined

/** What a level rests on where it can be had. */
export const meansOf = (level: Containment): string => {
  switch (level) {
    case "none":
      return "the program itself, by its pid"
    case "group":
      return "a session and a process group of its own"
    case "tree":
      return "descendants that leave the group are found by TETHER_TREE in their environment"
    case "cgroup":
      return "a cgroup of version 2 can be made below our own"
  }
}

/**
 * The level of a child for which none was asked. A look at all processes costs a spawn on macOS, and next to nothing on
 * Linux.
 */
export const defaultLevel = (host: Host): Containment => {
  if (!hasGroups) return "none"
  return process.platform === "linux" && host.name !== undefined ? "tree" : "group"
}
