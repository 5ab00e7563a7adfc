/**
 * Something that is open here and that a child is to be given.
 */
import type { Handle, KernelPipe } from "@tether/process/ChildDriver"
import { closeSync, fchmodSync, openSync } from "node:fs"

export class OpenHandle implements Handle {
  readonly _tag = "Handle"
  private isClosed = false

  /** `users`: how many handles of this descriptor are not closed. The last one closes it. */
  constructor(
    readonly fd: number,
    private readonly users: { count: number } = { count: 1 }
  ) {}

  /** Another one of the same. */
  again(): OpenHandle {
    this.users.count++
    return new OpenHandle(this.fd, this.users)
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    if (--this.users.count === 0) closeSync(this.fd)
  }

  /** The descriptor, which is the caller's to close from now on. */
  take(): number {
    this.isClosed = true
    return this.fd
  }
}

export interface Pipe extends KernelPipe {
  readonly reader: OpenHandle
  readonly writer: OpenHandle
}

/**
 * Both ends of whatever stands at a path. They are opened apart, because a flag such as "do not wait" belongs to what
 * was opened, and a child must not find ours. A child that runs as another user may open its end again: hence the mode.
 */
export const openBoth = (path: string): Pipe => {
  const reader = new OpenHandle(openSync(path, "r"))
  try {
    const writer = new OpenHandle(openSync(path, "w"))
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
