/**
 * The life of a pane: its program, the stop of all that lives in its terminal, and what is recorded when the terminal
 * goes.
 */
import Deferred = require("./deferred.cjs")
import gate = require("./gate.cjs")
import processes = require("./processes.cjs")
import program = require("./program.cjs")
import records = require("./records.cjs")
import servers = require("./server.cjs")
import signals = require("./signals.cjs")
import stopping = require("./stopping.cjs")
import terminal = require("./terminal.cjs")
import type {
  ShimAnswer,
  ShimConfig,
  ShimProcess,
  ShimRequest,
  ShimStatus,
  ShimStep
} from "../internal/shimProtocol.js" with { "resolution-mode": "import" }
import type { Asker } from "./asker.cjs"

type ShimStop = Extract<ShimRequest, { readonly op: "stop" }>

interface End {
  readonly status: ShimStatus
  readonly at: number
  /** The step of a stop that was at work when it became known. */
  readonly step: string | undefined
}

/** How long the end waits for who is to ask how the start went, in milliseconds. */
const startedWait = 2000

/**
 * The same, where there was no start: whoever does not hear of it takes it for one. A launcher that is gone is not
 * waited for.
 */
const failureWait = 60_000

/** How long it waits for those who have stopped it: they may be writing, and are not waited for when they are gone. */
const stopperWait = 60_000

class Pane {
  private readonly server
  private readonly started = new Deferred<ShimAnswer>()
  private readonly startSeen = new Deferred<void>()
  private readonly end = new Deferred<End>()
  /** What the end waits for, so that nobody sees it before; it grows. */
  private readonly first: Array<Promise<unknown>> = []
  private send: (signal: NodeJS.Signals) => void = () => {}
  private pid: number | undefined
  private step: string | undefined
  private stopped: Promise<End> | undefined
  /**
   * When all that is left is killed, whatever the plan says: a stop in a hurry is not kept waiting by one that is
   * patient.
   */
  private readonly hurry = { until: Number.POSITIVE_INFINITY }
  private hasHungUp = false
  /** Where it did not simply end. */
  private reason: "launch-failed" | "server-vanished" | "terminal-closed" | undefined
  /** That of whoever has begun the stop, and not of a terminal that goes. */
  private stopReason: string | undefined
  /** Who is told of an end by a stop keeps the record of it: one of them. */
  private keeper: Asker | undefined

  constructor(
    private readonly config: ShimConfig,
    private readonly ownGate: gate.Gate
  ) {
    this.server = servers.make(config.server)
  }

  /**
   * Starts the program, and calls `over` once it has ended and everything is done that comes before the end of the
   * shim.
   */
  live(over: (status: ShimStatus) => void): void {
    signals.heed((signal) => this.heed(signal))
    // Whoever has opened the gate asks how the start went, and has an answer also when the program ends at once.
    this.first.push(
      this.end.promise.then(() => terminal.isGone() && this.hangUp()),
      atMost(startedWait, this.startSeen.promise)
    )
    this.send = program.start(this.config, {
      started: (pid) => {
        this.pid = pid
        gate.passed(this.ownGate)
        this.started.resolve({ _tag: "Started", pid })
      },
      failed: (failure) => {
        this.started.resolve({ _tag: "NotStarted", ...failure })
        this.reason = "launch-failed"
        this.first.push(atMost(failureWait, this.startSeen.promise, this.ownGate.isKept))
        this.ended({ code: failure.code === "EACCES" ? 126 : 127 })
      },
      ended: (status) => this.ended(status)
    })
    this.waitForAll(({ status }) => over(status))
  }

  private ended(status: ShimStatus): void {
    this.end.resolve({ status, at: Date.now(), step: this.step })
  }

  private waitForAll(over: (end: End) => void): void {
    const known = this.first.length
    void Promise.all(this.first).then(() => {
      if (this.first.length > known || this.end.value === undefined) this.waitForAll(over)
      else over(this.end.value)
    })
  }

  private heed(signal: NodeJS.Signals): void {
    if (signal === "SIGHUP" && terminal.isGone()) this.hangUp()
    else if (signals.passedOn.has(signal)) this.send(signal)
  }

  answer(request: ShimRequest, asker: Asker): Promise<ShimAnswer> {
    switch (request.op) {
      case "stop":
        return this.answerStop(request, asker)
      case "started":
        return this.answerStarted(asker)
      case "running":
        return Promise.resolve(
          this.end.value === undefined
            ? { _tag: "Running", isRunning: true, pid: this.pid }
            : { _tag: "Running", isRunning: false }
        )
    }
  }

  private answerStarted(asker: Asker): Promise<ShimAnswer> {
    void asker.left.then(() => this.startSeen.resolve())
    return this.started.promise
  }

  /** Where it has ended before, that is the answer, and the end is on its way: it waits for nobody. */
  private answerStop({ reason, steps }: ShimStop, asker: Asker): Promise<ShimAnswer> {
    const { value } = this.end
    if (value === undefined && this.stopped === undefined) this.stopReason = reason
    const stopped = value === undefined || this.stopped !== undefined ? this.stop(steps) : Promise.resolve(value)
    return stopped.then(({ status, step }) => {
      const keeps = step !== undefined && asker.isThere() && this.keeper?.isThere() !== true
      if (keeps) this.keeper = asker
      this.first.push(atMost(stopperWait, asker.left))
      return { _tag: "Stopped", status, step: keeps ? step : undefined }
    })
  }

  /** One at a time: whoever comes later has the same stop, which is over when its own would be, or earlier. */
  private stop(steps: ReadonlyArray<ShimStep>): Promise<End> {
    this.hurry.until = Math.min(this.hurry.until, performance.now() + steps.reduce((sum, { wait }) => sum + wait, 0))
    if (this.stopped !== undefined) return this.stopped
    const done = new Deferred<void>()
    this.stopped = done.promise.then(() => this.end.promise)
    this.first.push(this.stopped)
    stopping.carryOut({
      steps,
      hurry: this.hurry,
      living: () => this.living(),
      onStep: (signal) => {
        this.step = signal
      },
      done: () => done.resolve()
    })
    return this.stopped
  }

  /** All that lives in the terminal; the program alone where nobody can tell. */
  private living(): ReadonlyArray<ShimProcess> {
    if (processes.hasProc) return processes.othersOfSession()
    return this.pid === undefined || this.end.value !== undefined ? [] : [{ pid: this.pid, startToken: "" }]
  }

  /** The terminal has gone, by a person's hand or with the server. Which of the two shows while the stop goes on. */
  private hangUp(): void {
    if (this.hasHungUp) return
    this.hasHungUp = true
    const hasVanished = new Deferred<boolean>()
    servers.waitForEnd(this.server, (hasEnded) => {
      if (hasEnded) this.recordServer()
      hasVanished.resolve(hasEnded)
    })
    const stopped = this.stop(this.config.stop)
    this.first.push(
      Promise.all([hasVanished.promise, stopped]).then(([hasVanished]) => {
        this.reason ??= hasVanished ? "server-vanished" : "terminal-closed"
      })
    )
  }

  /** The end of the program, unless it is on record. */
  record(): void {
    const end = this.end.value
    if (end === undefined) return
    if (this.reason === undefined && this.server.hasEnded()) {
      this.recordServer()
      this.reason = "server-vanished"
    }
    this.recordSession(end)
  }

  private recordServer(): void {
    if (this.config.records === undefined) return
    records.serverExit(this.config.records, {
      at: Date.now(),
      server: this.server.identity,
      memory: this.server.memory()
    })
  }

  private recordSession({ at, status, step }: End): void {
    if (this.config.records === undefined) return
    // Who has stopped it may have been killed before it could write.
    const isStopped = step !== undefined && this.stopReason !== undefined
    const reason = isStopped ? this.stopReason : this.reason
    const by = isStopped || this.keeper !== undefined ? "owner" : endedBy(status, step, reason)
    records.sessionExit(this.config.records, {
      at,
      status,
      endedBy: by,
      step,
      reason
    })
  }
}

/** A person who closes the terminal ends what is in it; when the server vanishes, it is the shim that does. */
const endedBy = (status: ShimStatus, step: string | undefined, reason: string | undefined): string => {
  if (reason === "launch-failed") return "owner"
  if (step === undefined) return "code" in status ? "child" : "outside"
  return reason === "server-vanished" ? "supervisor" : "outside"
}

const atMost = (milliseconds: number, event: Promise<void>, isWorthIt: () => boolean = () => true): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
    const looks = setInterval(() => isWorthIt() || resolve(), lookEvery)
    void event.then(resolve).finally(() => clearInterval(looks))
  })

const lookEvery = 100

export = Pane
