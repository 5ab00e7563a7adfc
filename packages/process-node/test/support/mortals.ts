/**
 * Hosts that die in every way there is, run as children of the test.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { kill, program } from "./hosts.js"
import { marked, waitUntil } from "./os.js"

let count = 0
export const newMark = (): string => `mortal-${process.pid}-${Date.now()}-${count++}`

export interface Life {
  readonly run?: "runMain" | "NodeRuntime"
  readonly children: ReadonlyArray<{
    readonly sh: string
    /** How long its stop waits after SIGTERM. */
    readonly patience?: string
    readonly options?: object
  }>
  readonly churn?: number
  readonly deed?: "throw" | "reject" | "exit" | "end" | "fail"
  readonly hang?: boolean
  readonly options?: {
    readonly dumpFile?: string
    readonly stopBound?: string | number
    readonly disableErrorReporting?: boolean
    readonly teardown?: number
  }
}

export interface Mortal {
  readonly pid: number
  readonly stdout: () => string
  readonly stderr: () => string
  readonly signal: (signal: NodeJS.Signals) => void
  /** Makes it do its deed. */
  readonly prompt: () => void
  readonly isOver: () => boolean
  /** It has died, which is before all that it wrote is there. */
  readonly death: Effect.Effect<void>
  /** What it ended by, with all of its output there: an exit code or a signal. */
  readonly end: Effect.Effect<number | NodeJS.Signals | null>
  readonly says: (text: string) => Effect.Effect<void>
}

/** A host that is up. Whatever carries its mark is killed when the test is over. */
export const mortal = (mark: string, life: Life): Effect.Effect<Mortal, never, Scope.Scope> =>
  Effect.gen(function* () {
    const host = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [program("mortal.mjs"), JSON.stringify(life)], {
          env: { ...process.env, TEST_MARK: mark },
          stdio: ["pipe", "pipe", "pipe"]
        })
      ),
      () => Effect.sync(() => marked(mark).forEach((pid) => kill(pid)))
    )
    const texts = { stdout: "", stderr: "" }
    for (const name of ["stdout", "stderr"] as const) {
      host[name].setEncoding("utf8").on("data", (text: string) => {
        texts[name] += text
      })
    }
    host.stdin.on("error", () => undefined)
    let end: number | NodeJS.Signals | null | undefined
    host.once("close", (code, signal) => {
      end = signal ?? code
    })
    let isDead = false
    host.once("exit", () => {
      isDead = true
    })
    const says = (text: string) =>
      waitUntil(`it says "${text}"`, () => {
        if (end !== undefined && !texts.stdout.includes(text))
          throw new Error(`not "${text}", but ${texts.stdout}${texts.stderr}`)
        return texts.stdout.includes(text)
      })
    yield* says("up ")
    return {
      pid: host.pid ?? 0,
      stdout: () => texts.stdout,
      stderr: () => texts.stderr,
      signal: (signal) => void host.kill(signal),
      prompt: () => void host.stdin.write("now\n"),
      isOver: () => end !== undefined,
      death: waitUntil("it is dead", () => isDead),
      end: Effect.map(
        waitUntil("it has ended", () => end !== undefined),
        () => end ?? null
      ),
      says
    }
  })

/** Nothing that carries the mark is left, the host included. */
export const nothingLeft = (mark: string): Effect.Effect<void> =>
  waitUntil("nothing is left", () => marked(mark).length === 0)

/** The sleeps last longer than any test waits: only an end from outside empties the tree. */
const tree: Life["children"] = [
  { sh: "sleep 300" },
  { sh: "trap '' TERM; sleep 300; sleep 300" },
  { sh: "setsid sh -c 'sleep 300 & sleep 300' & wait" }
]
const processes = 1 + 1 + 2 + 4

/** A host under `NodeRuntime` after one SIGINT. Its tree is up; another child ignores the SIGTERM. */
export const mortalAfterSigint = (mark: string) =>
  Effect.gen(function* () {
    const sh = "trap 'echo asked' TERM; echo ready; while :; do sleep 0.01; done"
    const host = yield* mortal(mark, { run: "NodeRuntime", children: [...tree, { sh }] })
    yield* host.says("ready")
    host.signal("SIGINT")
    yield* host.says("asked")
    return host
  })

/** A host whose {@link tree} is up. */
export const mortalWithTree = (mark: string, life: Omit<Life, "children">) =>
  Effect.tap(mortal(mark, { children: tree, ...life }), () =>
    waitUntil("the tree is there", () => marked(mark).length >= processes)
  )

/** The ways to die under a plain `Effect.runFork`. */
export const signals = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGKILL"] as const
export const deeds = ["throw", "reject", "exit"] as const
