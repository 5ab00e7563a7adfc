/**
 * What is open here and is handed to a child that is scripted: files, which are real ones, and pipes between children.
 */
import type { File, Handle, KernelPipe, LaunchFailure } from "@tether/process/ChildDriver"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { type Sink, sinkTo, type Source } from "./ends.js"
import { Pipe } from "./pipe.js"

interface ReadHandle extends Handle {
  readonly source: Source
}

interface WriteHandle extends Handle {
  readonly sink: () => Sink
}

export const sourceOf = (handle: Handle): Source | undefined =>
  "source" in handle ? (handle as ReadHandle).source : undefined

export const sinkOf = (handle: Handle): Sink | undefined =>
  "sink" in handle ? (handle as WriteHandle).sink() : undefined

/** A pipe from one scripted child to the next. */
export const makePipe = (capacity: number): KernelPipe => {
  const pipe = new Pipe(capacity)
  const source = pipe.openReader()
  const first = pipe.openWriter()
  const reader: ReadHandle = { _tag: "Handle", close: source.release, source }
  const writer: WriteHandle = { _tag: "Handle", close: first.release, sink: () => pipe.openWriter() }
  return { reader, writer }
}

/** All of the files, or none; one that is written under several names is opened once. */
export const openFiles = (files: ReadonlyArray<File>): ReadonlyArray<Handle> | LaunchFailure => {
  const opened: Array<Handle> = []
  const written = new Map<string, WriteHandle>()
  try {
    for (const file of files) {
      const shared = file.access === "read" ? undefined : written.get(file.path)
      const handle = shared ?? openFile(file)
      if ("sink" in handle) written.set(file.path, handle)
      opened.push(handle)
    }
    return opened
  } catch (error) {
    for (const handle of opened) handle.close()
    const code = (error as NodeJS.ErrnoException).code
    return { reason: "BadFile", problem: (error as Error).message, code }
  }
}

const openFile = ({ access, path }: File): ReadHandle | WriteHandle => {
  const descriptor = Fs.openSync(path, access === "read" ? "r" : access === "append" ? "a" : "w")
  let isOpen = true
  const close = () => {
    if (isOpen) Fs.closeSync(descriptor)
    isOpen = false
  }
  if (access !== "read") {
    // Several descriptors of a child may share it, and several children: it is closed with the last of them.
    let users = 0
    const release = () => {
      if (--users === 0) close()
    }
    return {
      _tag: "Handle",
      close: () => (users === 0 ? close() : undefined),
      sink: () => {
        users++
        return sinkTo((bytes) => isOpen && Fs.writeSync(descriptor, bytes), release)
      }
    }
  }
  const take = Effect.sync(() => {
    const bytes = new Uint8Array(64 * 1024)
    const length = isOpen ? Fs.readSync(descriptor, bytes) : 0
    return length === 0 ? undefined : bytes.subarray(0, length)
  })
  return { _tag: "Handle", close, source: { take, release: close } }
}
