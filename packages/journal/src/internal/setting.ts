/**
 * Who writes a journal, and where.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as ActiveTime from "@tether/host/ActiveTime"
import { type Identity, ProcessIdentity } from "@tether/host/ProcessIdentity"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

export interface Surroundings {
  readonly host: string | undefined
  /** Undefined where it cannot be told which process we are. */
  readonly writer: Identity | undefined
  readonly files: FileSystem.FileSystem
  readonly processes: ProcessIdentity["Type"]
  /** Of whoever opens it: fibers with different clocks may use it. */
  readonly clock: Clock.Clock
}

export const makeSurroundings: Effect.Effect<Surroundings, never, FileSystem.FileSystem | ProcessIdentity> = Effect.gen(
  function* () {
    const files = yield* FileSystem.FileSystem
    const processes = yield* ProcessIdentity
    const host = yield* Effect.option(files.readFileString("/proc/sys/kernel/hostname"))
    const self = yield* ownPid(files)
    const writer = self === undefined ? Option.none() : yield* processes.identify(self)
    return {
      files,
      processes,
      clock: yield* ActiveTime.current,
      host: Option.getOrUndefined(Option.map(host, (name) => name.trim())),
      writer: Option.getOrUndefined(writer)
    }
  }
)

/** Without Node's word for it: the link leads to the process that reads it. */
const ownPid = (files: FileSystem.FileSystem): Effect.Effect<number | undefined> =>
  Effect.map(Effect.option(files.readLink("/proc/self")), (found) =>
    Option.getOrUndefined(Option.filter(Option.map(found, Number), Number.isInteger))
  )
