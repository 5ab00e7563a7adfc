/**
 * One end of a pipe of the kernel, as a descriptor of ours.
 */
import type { KernelPipe, PipeEnd } from "@tether/process/ChildDriver"
import { closeSync, fchmodSync, openSync } from "node:fs"

export class End implements PipeEnd {
  readonly _tag = "PipeEnd"
  private isClosed = false

  constructor(readonly fd: number) {}

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    closeSync(this.fd)
  }

  /** The descriptor, which is the caller's to close from now on. */
  take(): number {
    this.isClosed = true
    return this.fd
  }
}

export interface Pipe extends KernelPipe {
  readonly reader: End
  readonly writer: End
}

/**
 * Both ends of whatever stands at a path. They are opened apart, because a flag such as "do not wait" belongs to what was
 * opened, and a child must not find ours. A child that runs as another user may open its end again: hence the mode.
 */
export const openBoth = (path: string): Pipe => {
  const reader = new End(openSync(path, "r"))
  try {
    const writer = new End(openSync(path, "w"))
    fchmodSync(writer.fd, 0o666)
    return { reader, writer }
  } catch (error) {
    reader.close()
    throw error
  }
}

export const closeAll = (pipes: Iterable<Pipe>): void => {
  for (const { reader, writer } of pipes) {
    reader.close()
    writer.close()
  }
}
