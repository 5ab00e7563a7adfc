/**
 * Carries out the plan of a stop.
 */
import processes = require("./processes.cjs")
import type { ShimProcess, ShimStep } from "../internal/shimProtocol.js" with { "resolution-mode": "import" }

/** Between two looks, in milliseconds. */
const pause = 10

/** For what SIGKILL does not end at once, such as one that waits for a disk. */
const killWait = 5000

interface Stopping {
  readonly steps: ReadonlyArray<ShimStep>
  /** When what is left is killed, on the clock of `performance`. It may become earlier. */
  readonly hurry: { readonly until: number }
  /** Who is to be stopped: all that live now. */
  readonly living: () => ReadonlyArray<ShimProcess>
  /** Told of each step, before its signal is sent. */
  readonly onStep: (signal: string) => void
  readonly done: () => void
  /** The first signal is sent in any case. */
  readonly hasBegun?: boolean
}

const carryOut = (stopping: Stopping): void => {
  const [step, ...steps] = stopping.steps
  if (step === undefined || (stopping.hasBegun && performance.now() >= stopping.hurry.until))
    return kill(stopping, performance.now() + killWait)
  const targets = stopping.living()
  if (targets.length === 0) return stopping.done()
  stopping.onStep(step.signal)
  for (const target of targets) signal(target, step.signal)
  watch(
    { targets, living: stopping.living, hurry: stopping.hurry, deadline: performance.now() + step.wait },
    (areGone) => {
      if (areGone) stopping.done()
      else carryOut({ ...stopping, steps, hasBegun: true })
    }
  )
}

/** Again and again, since a process that is about to die may still start another. */
const kill = (stopping: Stopping, deadline: number): void => {
  const targets = stopping.living()
  if (targets.length === 0 || performance.now() > deadline) return stopping.done()
  stopping.onStep("SIGKILL")
  for (const { pid } of targets) processes.send(pid, "SIGKILL")
  setTimeout(() => kill(stopping, deadline), pause)
}

/**
 * The look whether it is still the same is right before the signal: Node.js has no pidfd. What is stopped hears it once
 * it goes on.
 */
const signal = (target: ShimProcess, name: string): void => {
  if (processes.hasProc && !processes.isAlive(target)) return
  processes.send(target.pid, name)
  processes.send(target.pid, "SIGCONT")
}

interface Watch {
  readonly targets: ReadonlyArray<ShimProcess>
  readonly living: () => ReadonlyArray<ShimProcess>
  readonly hurry: { readonly until: number }
  readonly deadline: number
}

/**
 * Whom the targets start while they end, as for a clean-up, is waited for, and has no signal of this step. To look at
 * all processes is dear: only once the known ones are gone.
 */
const watch = ({ deadline, hurry, living, targets }: Watch, done: (areGone: boolean) => void): void => {
  const known = processes.hasProc ? targets.filter(processes.isAlive) : []
  const left = known.length === 0 ? living() : known
  if (left.length === 0) done(true)
  else if (performance.now() >= Math.min(deadline, hurry.until)) done(false)
  else setTimeout(() => watch({ deadline, hurry, living, targets: left }, done), pause)
}

export = { carryOut }
