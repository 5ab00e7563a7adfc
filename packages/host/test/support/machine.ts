/**
 * Processes that exist only for a test, directories of its own, and programs that run for real.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as ProcessIdentity from "../../src/ProcessIdentity.js"

/** The real file system and the real processes. */
export const live = Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer)

/** This process, under the name that it has in the test; the others are as alive as the test says. */
export const named = (
  name: string,
  liveness: (name: string) => ProcessIdentity.Liveness
): Layer.Layer<ProcessIdentity.ProcessIdentity> =>
  Layer.succeed(ProcessIdentity.ProcessIdentity, {
    identify: (pid) =>
      Effect.succeed(Option.some({ pid, startToken: name, bootId: undefined, pidNamespace: undefined })),
    liveness: (identity) => Effect.sync(() => liveness(identity.startToken))
  })

/** A directory in this one, removed when the scope closes. */
export const directoryIn = (parent: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(parent, "tether-host-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )

/** The same in the temporary directory. */
export const directory = Effect.suspend(() => directoryIn(tmpdir()))

/** What is logged while a program runs. */
export const logged = (): { readonly layer: Layer.Layer<never>; readonly messages: Array<string> } => {
  const messages: Array<string> = []
  const logger = Logger.make(({ message }) => {
    messages.push((Array.isArray(message) ? message : [message]).map(String).join(" "))
  })
  return { layer: Logger.replace(Logger.defaultLogger, logger), messages }
}

export interface Running {
  readonly pid: number
  readonly child: ChildProcess
  readonly output: () => string
  readonly ended: Effect.Effect<number | string>
}

/** A program of `test/programs`, which is killed with the scope. */
export const run = (name: string, ...args: ReadonlyArray<string>): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync((): Running => {
      const path = fileURLToPath(new URL(`../../node_modules/.programs/${name}`, import.meta.url))
      const child = spawn(process.execPath, [path, ...args], { stdio: ["pipe", "pipe", "inherit"] })
      let output = ""
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        output += text
      })
      child.stdin.on("error", () => {})
      let status: number | string | undefined
      const ended = new Promise<number | string>((resolve) =>
        child.once("close", (code, signal) => {
          status = code ?? signal ?? "lost"
          resolve(status)
        })
      )
      return { pid: child.pid ?? 0, child, output: () => output, ended: Effect.promise(() => ended) }
    }),
    ({ child, ended }) =>
      Effect.zipRight(
        Effect.sync(() => child.kill("SIGKILL")),
        ended
      )
  )

/** Looks until it is so. The deadline is for what hangs: a busy machine meets it. */
export const waitUntil = (what: string, isSo: () => boolean): Effect.Effect<void> =>
  Effect.gen(function* () {
    const deadline = performance.now() + 60_000
    while (!isSo()) {
      if (performance.now() > deadline) return yield* Effect.dieMessage(`not within a minute: ${what}`)
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 5)))
    }
  })
