/**
 * The descriptors of a child, as Node takes them, and our ends of those that we read or write.
 */
import type { File, LaunchFailure, LaunchRequest } from "@tether/process/ChildDriver"
import * as Effect from "effect/Effect"
import type { ChildProcess, IOType } from "node:child_process"
import { openSync } from "node:fs"
import { Socket } from "node:net"
import type { Readable, Writable } from "node:stream"
import { failureOf } from "./failure.js"
import { openFiles } from "./files.js"
import { closeAll as closePipes, OpenHandle, type Pipe } from "./handle.js"
import { makePipes } from "./kernelPipes.js"

/** Our ends of what a child reads and writes, by its descriptors. */
export interface Ends {
  readonly readables: ReadonlyMap<number, Readable>
  readonly writables: ReadonlyMap<number, Writable>
}

/** What is open on behalf of a child that is about to start. */
export class Descriptors {
  readonly stdio: Array<IOType | number | undefined> = []
  /** Ours only until it has been started. */
  private readonly given: Array<OpenHandle> = []
  /** Our ends, where these are not Node's. */
  private readonly ours = new Map<number, OpenHandle>()

  private constructor(private readonly request: LaunchRequest) {}

  static open(request: LaunchRequest): Effect.Effect<Descriptors, LaunchFailure> {
    // The plain case, which need not wait for anything.
    if (request.pipes === "socket") return Effect.suspend(() => new Descriptors(request).openWith([]))
    const count = [...request.descriptors.values()].filter((each) => each === "input" || each === "output").length
    return Effect.flatMap(makePipes(count), (pipes) => new Descriptors(request).openWith(pipes))
  }

  private openWith(pipes: ReadonlyArray<Pipe>): Effect.Effect<Descriptors, LaunchFailure> {
    const unused = [...pipes]
    const files: Array<readonly [number, File]> = []
    try {
      for (const [descriptor, what] of this.request.descriptors) {
        const isStandard = descriptor <= 2
        if (what === "input" || what === "output") this.connect(descriptor, what, unused.pop())
        else if (what === "inherit") this.stdio[descriptor] = isStandard ? "inherit" : descriptor
        else if (what === "null" && isStandard) this.stdio[descriptor] = "ignore"
        else if (what === "null") this.give(descriptor, new OpenHandle(openSync("/dev/null", "r+")))
        else if (what._tag === "File") files.push([descriptor, what])
        else this.give(descriptor, what as OpenHandle)
      }
    } catch (error) {
      this.closeAll()
      closePipes(unused)
      return Effect.fail(failureOf(error, this.request))
    }
    const opened = openFiles(files.map(([, file]) => file))
    if ("reason" in opened) {
      this.closeAll()
      return Effect.fail(opened)
    }
    opened.forEach((handle, index) => this.give((files[index] as readonly [number, File])[0], handle))
    return Effect.succeed(this)
  }

  private connect(descriptor: number, what: "input" | "output", pipe: Pipe | undefined): void {
    if (pipe === undefined) {
      this.stdio[descriptor] = "pipe"
      return
    }
    this.give(descriptor, what === "input" ? pipe.reader : pipe.writer)
    this.ours.set(descriptor, what === "input" ? pipe.writer : pipe.reader)
  }

  private give(descriptor: number, handle: OpenHandle): void {
    this.given.push(handle)
    this.stdio[descriptor] = handle.fd
  }

  /** Our ends of a child that runs. */
  endsOf(child: ChildProcess): Ends {
    const readables = new Map<number, Readable>()
    const writables = new Map<number, Writable>()
    for (const [descriptor, what] of this.request.descriptors) {
      const fd = this.ours.get(descriptor)?.take()
      if (what === "output") {
        const readable =
          fd === undefined ? child.stdio[descriptor] : new Socket({ fd, readable: true, writable: false })
        if (readable) readables.set(descriptor, readable as Readable)
      } else if (what === "input") {
        const writable =
          fd === undefined ? child.stdio[descriptor] : new Socket({ fd, readable: false, writable: true })
        if (writable) writables.set(descriptor, writable as Writable)
      }
    }
    return { readables, writables }
  }

  /** It has been started, or never will be: what it was given is not ours to keep open. */
  closeGiven(): void {
    for (const handle of this.given) handle.close()
  }

  closeAll(): void {
    this.closeGiven()
    for (const handle of this.ours.values()) handle.close()
  }
}
