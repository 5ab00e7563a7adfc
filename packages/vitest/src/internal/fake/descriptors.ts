/**
 * What a scripted child has at its descriptors, as its request asks for it.
 */
import {
  type Descriptor,
  type File,
  type Handle,
  type LaunchEvents,
  type LaunchFailure,
  type LaunchRequest,
  streamAt,
  type StreamName
} from "@tether/process/ChildDriver"
import { nothing, type Sink, sinkTo, type Source } from "./ends.js"
import { openFiles, sinkOf, sourceOf } from "./handles.js"
import { Pipe } from "./pipe.js"

type InputListener = (descriptor: number, bytes: Uint8Array) => void

export class Ends {
  /** Of the leader. */
  readonly sinks = new Map<StreamName, Sink>()
  source: Source = nothing
  /** Those that we read, and those that we write. */
  readonly outputs = new Map<StreamName, Pipe>()
  readonly inputs = new Map<number, Sink>()
  private readonly openers = new Map<StreamName, () => Sink>()
  private listener: InputListener = () => undefined

  /** Opens all of them, or says what could not be opened. What the request has brought is closed or taken over. */
  static open(request: LaunchRequest, events: LaunchEvents, capacity: number): Ends | LaunchFailure {
    const files = openFiles([...request.descriptors.values()].filter(isFile))
    if ("reason" in files) {
      for (const what of request.descriptors.values()) if (isHandle(what)) what.close()
      return files
    }
    const ends = new Ends()
    let next = 0
    for (const [descriptor, what] of request.descriptors) {
      ends.connect(descriptor, isFile(what) ? (files[next++] as Handle) : what, events, capacity)
    }
    return ends
  }

  onInput(listener: InputListener): void {
    this.listener = listener
  }

  /** Of those that one process has, what it hands on to another one. */
  share(own: ReadonlyMap<StreamName, Sink>, streams: ReadonlyArray<StreamName>): Map<StreamName, Sink> {
    const shared = new Map<StreamName, Sink>()
    for (const stream of streams) {
      const open = own.has(stream) ? this.openers.get(stream) : undefined
      if (open !== undefined) shared.set(stream, open())
    }
    return shared
  }

  private connect(descriptor: number, what: Exclude<Descriptor, File>, events: LaunchEvents, capacity: number): void {
    if (what === "input") return this.connectInput(descriptor, capacity)
    if (descriptor === 0) {
      // We have nothing to hand on: what our own stdin holds is not a test's to read.
      if (isHandle(what)) this.source = sourceOf(what) ?? nothing
      return
    }
    const stream = streamAt(descriptor)
    const open = this.opener(stream, descriptor, what, events, capacity)
    this.openers.set(stream, open)
    this.sinks.set(stream, open())
    if (isHandle(what)) what.close()
  }

  private opener(
    stream: StreamName,
    descriptor: number,
    what: Exclude<Descriptor, File | "input">,
    events: LaunchEvents,
    capacity: number
  ): () => Sink {
    if (what === "output") {
      const pipe = new Pipe(capacity, {
        data: (bytes) => events.data(stream, bytes),
        end: () => events.end(stream)
      })
      this.outputs.set(stream, pipe)
      return () => pipe.openWriter()
    }
    if (isHandle(what)) return () => sinkOf(what) ?? sinkTo(() => undefined)
    const ours =
      what === "inherit" && descriptor <= 2 ? (descriptor === 1 ? process.stdout : process.stderr) : undefined
    return () => sinkTo((bytes) => ours?.write(bytes))
  }

  private connectInput(descriptor: number, capacity: number): void {
    const heard = (bytes: Uint8Array) => this.listener(descriptor, bytes)
    // A script reads its stdin; what comes at other descriptors is taken as it comes.
    if (descriptor !== 0) return void this.inputs.set(descriptor, sinkTo(heard))
    const pipe = new Pipe(capacity, undefined, heard)
    this.source = pipe.openReader()
    this.inputs.set(0, pipe.openWriter())
  }
}

const isFile = (what: Descriptor): what is File => typeof what === "object" && what._tag === "File"

const isHandle = (what: Descriptor): what is Handle => typeof what === "object" && what._tag === "Handle"
