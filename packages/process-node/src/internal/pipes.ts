/**
 * Who has the other end of a child's pipes open. Node makes them pairs of sockets.
 */
import type * as ProcStat from "@tether/host/ProcStat"
import type { StreamName } from "@tether/process/ChildDriver"
import { fstatSync } from "node:fs"
import type { Readable } from "node:stream"
import type { Machine } from "./machine.js"

export interface Holders {
  readonly processes: ReadonlyArray<ProcStat.ProcStat>
  /** Whether it is certain, or only likely, that it is our pipe that they hold. */
  readonly isCertain: boolean
}

export class Pipes {
  private readonly sockets: Readonly<Record<StreamName, string | undefined>>

  /** To be made in the step of the spawn: the child's own descriptors tell for sure, while it has them. */
  constructor(
    private readonly machine: Machine,
    pid: number,
    private readonly ours: Readonly<Record<StreamName, Readable | undefined>>
  ) {
    const isRead = ours.stdout !== undefined || ours.stderr !== undefined
    const [stdout, stderr] = isRead ? machine.socketsOf(pid, [1, 2]) : []
    this.sockets = { stdout, stderr }
  }

  holders(stream: StreamName): Holders {
    const pipe = this.ours[stream]
    const known = this.sockets[stream]
    const socket = known ?? (pipe && neighbourOf(pipe))
    return {
      processes: pipe === undefined || socket === undefined ? [] : this.machine.holdersOf(socket),
      isCertain: known !== undefined
    }
  }
}

/**
 * A child may have ended before it could be asked. Linux numbers the two sockets of a pair one after the other, but for
 * one pair in a thousand (measured): good enough for a name in a report.
 */
const neighbourOf = (pipe: Readable): string | undefined => {
  // Node has no public name for the descriptor of a pipe.
  const fd = (pipe as { readonly _handle?: { readonly fd?: unknown } | null })._handle?.fd
  return typeof fd === "number" && fd >= 0 ? `socket:[${fstatSync(fd).ino + 1}]` : undefined
}
