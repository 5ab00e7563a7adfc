/**
 * Who has a child's pipes open, other than us. They are pairs of sockets, or pipes of the kernel: either
 * way the link in /proc names them.
 */
import type * as ProcStat from "@tether/host/ProcStat"
import { descriptorOf, type LaunchRequest, type StreamName, streamAt } from "@tether/process/ChildDriver"
import type { BigIntStats } from "node:fs"
import type { Readable } from "node:stream"
import { OpenHandle } from "./handle.js"
import type { Machine } from "./machine.js"
import { statOfOpen } from "./stat.js"

export interface Holders {
  readonly processes: ReadonlyArray<ProcStat.ProcStat>
  /** Whether it is certain, or only likely, that it is our pipe that they hold. */
  readonly isCertain: boolean
}

export class Pipes {
  private readonly links = new Map<StreamName, string>()

  /**
   * To be made in the step of the spawn: the child's own descriptors tell for sure, while it has them. On a busy
   * machine it may have redirected them by then, to `/dev/null`, which half of all processes have open: nothing but a
   * socket is believed to be the other end of ours.
   */
  constructor(
    private readonly machine: Machine,
    pid: number,
    private readonly ours: ReadonlyMap<number, Readable>,
    private readonly given: ReadonlyMap<number, string>
  ) {
    if (ours.size === 0) return
    const descriptors = [...ours.keys()]
    const links = machine.linksOf(pid, descriptors)
    for (const [index, descriptor] of descriptors.entries()) {
      const told = links[index]?.startsWith("socket:[") === true ? links[index] : undefined
      const link = nameOf(ours.get(descriptor), kernelPipeOf) ?? told
      if (link !== undefined) this.links.set(streamAt(descriptor), link)
    }
  }

  holders(stream: StreamName): Holders {
    const given = this.given.get(descriptorOf(stream))
    // Of both ends: whoever reads from it is no member for that.
    if (given !== undefined) return { processes: this.machine.holdersOf(given), isCertain: false }
    const pipe = this.ours.get(descriptorOf(stream))
    const known = this.links.get(stream)
    const link = known ?? nameOf(pipe, neighbourOf)
    return {
      processes: pipe === undefined || link === undefined ? [] : this.machine.holdersOf(link),
      isCertain: known !== undefined
    }
  }
}

/**
 * A child may have ended before it could be asked. Linux numbers the two sockets of a pair one after the other, but for
 * one pair in a thousand (measured): good enough for a name in a report.
 */
const neighbourOf = (stats: BigIntStats): string | undefined =>
  stats.isSocket() ? `socket:[${stats.ino + 1n}]` : undefined

/** The names of those pipes of the kernel that it is given, to be taken while they are open here. */
export const namesOfGiven = (descriptors: LaunchRequest["descriptors"]): ReadonlyMap<number, string> => {
  const names = new Map<number, string>()
  for (const [descriptor, what] of descriptors) {
    if (!(what instanceof OpenHandle)) continue
    const name = kernelPipeOf(statOfOpen(what.fd))
    if (name !== undefined) names.set(descriptor, name)
  }
  return names
}

/** A pipe of the kernel has the same name at either end. */
const kernelPipeOf = (stats: BigIntStats): string | undefined => (stats.isFIFO() ? `pipe:[${stats.ino}]` : undefined)

const nameOf = (pipe: Readable | undefined, name: (stats: BigIntStats) => string | undefined): string | undefined => {
  // Node has no public name for the descriptor of a pipe.
  const fd = (pipe as { readonly _handle?: { readonly fd?: unknown } | null } | undefined)?._handle?.fd
  return typeof fd === "number" && fd >= 0 ? name(statOfOpen(fd)) : undefined
}
