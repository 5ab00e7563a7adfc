/**
 * Programs that host children of their own, run as children of the test, so that they can be killed.
 */
import * as TreeCookie from "@tether/host/TreeCookie"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { isAlive, waitUntil } from "./os.js"

export const program = (name: string): string =>
  fileURLToPath(new URL(`../../node_modules/.programs/${name}`, import.meta.url))

export interface Kept {
  readonly sh?: string
  readonly program?: string
  readonly args?: ReadonlyArray<string>
  readonly options?: object
}

export interface RunningHost {
  readonly pid: number
  readonly process: ChildProcess
  readonly output: () => string
}

/** A host that keeps these children, up and running. Whatever carries its mark is killed when the test is over. */
export const keeper = (
  mark: string,
  children: ReadonlyArray<Kept>,
  script = "keeper.mjs"
): Effect.Effect<RunningHost, never, Scope.Scope> =>
  Effect.gen(function* () {
    const host = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [program(script), JSON.stringify({ children })], {
          env: { ...process.env, TEST_MARK: mark },
          stdio: ["ignore", "pipe", "inherit"]
        })
      ),
      () => Effect.sync(() => environs(`TEST_MARK=${mark}`).forEach((pid) => kill(pid)))
    )
    let output = ""
    host.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text
    })
    yield* waitUntil("the host is up", () => output.includes("up "))
    return { pid: host.pid ?? 0, process: host, output: () => output }
  })

export const kill = (pid: number, signal: NodeJS.Signals = "SIGKILL"): void => {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}

const environOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1")
  } catch {
    return ""
  }
}

export const everyone = (): ReadonlyArray<number> => readdirSync("/proc").map(Number).filter(Number.isInteger)

/** The living processes that have this in their environment. */
export const environs = (text: string): ReadonlyArray<number> =>
  everyone().filter((pid) => environOf(pid).includes(text) && isAlive(pid))

const pathOf = (pid: number): ReadonlyArray<TreeCookie.Step> => {
  const value = environOf(pid)
    .split("\0")
    .find((entry) => entry.startsWith("TETHER_TREE="))
  return value === undefined ? [] : TreeCookie.parse(value.slice("TETHER_TREE=".length))
}

/** Everything that has this host in its cookie, its reaper included. */
export const treeOf = (host: number): ReadonlyArray<number> =>
  environs("TETHER_TREE=").filter((pid) => pathOf(pid).some((step) => step.host.pid === host))

export const reaperOf = (host: number): number | undefined =>
  treeOf(host).find((pid) => pathOf(pid).some((step) => step.host.pid === host && step.kind === "reaper"))

export const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim()
  } catch {
    return ""
  }
}
