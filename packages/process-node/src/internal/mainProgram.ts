/**
 * The life of a program around its main fiber: what happens when the system, or an error that nobody caught, wants it
 * to end. All that is installed for it goes with the main fiber.
 */
import { defaultTeardown, type Teardown } from "@effect/platform/Runtime"
import * as ActiveTime from "@tether/host/ActiveTime"
import * as TerminalText from "@tether/host/TerminalText"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import { inspect } from "node:util"
import { writeDump } from "./dump.js"
import type { Host } from "./host.js"
import { clearInterval, setInterval } from "./realTime.js"
import { sayOnStderr } from "./stderr.js"

export interface Settings {
  readonly dumpFile: string
  readonly stopBound: Duration.Duration
}

const deadly = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const

/** A longer timer would be one of a millisecond. */
const longestTimer = 2 ** 31 - 1

export class MainProgram {
  /** The exit code of an end that is not the program's own. */
  private code: number | undefined
  private fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined
  private wasSignalled = false
  /** The terminal has gone. Node 20 crashes when it is to put one that is gone into its old state before it exits. */
  private isHungUp = false
  private isStopping = false
  private hasFailed = false
  private hasComplained = false
  private keepAlive: NodeJS.Timeout | undefined
  private bound: Fiber.RuntimeFiber<void> | undefined

  constructor(
    private readonly host: Host,
    private readonly settings: Settings
  ) {}

  /** In the first step of the main fiber, so that no child is started before it. */
  begin(fiber: Fiber.RuntimeFiber<unknown, unknown>): void {
    this.fiber = fiber
    for (const signal of deadly) process.on(signal, this.onDeadly)
    process.on("SIGUSR2", this.onAsked)
    // Rejections that nobody handles come here too, unless Node was told otherwise by --unhandled-rejections.
    process.on("uncaughtException", this.onUncaught)
    this.keepAlive = setInterval(() => undefined, longestTimer)
    fiber.addObserver(() => this.end())
  }

  private end(): void {
    for (const signal of deadly) process.off(signal, this.onDeadly)
    process.off("SIGUSR2", this.onAsked)
    process.off("uncaughtException", this.onUncaught)
    clearInterval(this.keepAlive)
    this.unbind()
  }

  readonly teardown: Teardown = (exit, onExit) => defaultTeardown(exit, (code) => onExit(this.code ?? code))

  /** Not for a success, whose last output may still be on its way. */
  readonly exit = (code: number): void => {
    if (this.isHungUp) process.kill(process.pid, "SIGHUP")
    if (code !== 0 || this.code !== undefined) process.exit(code)
  }

  private readonly onDeadly = (signal: NodeJS.Signals, number: number): void => {
    if (!this.wasSignalled) {
      this.wasSignalled = true
      this.isHungUp = signal === "SIGHUP" && [process.stdin, process.stdout, process.stderr].some((each) => each.isTTY)
      this.code ??= 128 + number
      return this.stop()
    }
    // The end of a terminal is told twice, by the kernel and by the shell: that is not somebody who has waited enough.
    if (signal !== "SIGHUP") this.killAndExit(128 + number)
  }

  private readonly onUncaught = (error: unknown): void => {
    if (!this.hasFailed) {
      this.hasFailed = true
      this.code ??= 1
      this.stop()
    }
    sayOnStderr(`Uncaught ${textOf(error)}\n`)
  }

  private readonly onAsked = (): void => this.dump("SIGUSR2")

  private stop(): void {
    this.unbind()
    // Time in which the program stood still does not count: a person may have stopped it meanwhile.
    this.bound = Effect.runFork(Effect.andThen(ActiveTime.clock.sleep(this.settings.stopBound), this.onBound))
    if (this.isStopping) return
    this.isStopping = true
    this.fiber?.unsafeInterruptAsFork(this.fiber.id())
  }

  private unbind(): void {
    this.bound?.unsafeInterruptAsFork(FiberId.none)
  }

  private readonly onBound = (): void => {
    const why = `the program has not stopped within ${Duration.format(this.settings.stopBound)}`
    // After an error that nobody caught, whoever should have ended it may be waiting for ever.
    if (this.hasFailed) return this.dump(why, () => this.killAndExit(this.code ?? 1))
    this.dump(why)
    this.log(Effect.logWarning(`${why}: what still lives is told in ${this.settings.dumpFile}`))
  }

  private killAndExit(code: number): void {
    this.host.killAll()
    process.exit(code)
  }

  private dump(why: string, andThen: () => void = () => undefined): void {
    const { fiber } = this
    if (fiber === undefined) return
    Effect.runFork(writeDump(this.settings.dumpFile, why, this.host.residents, fiber)).addObserver((exit) => {
      this.complain(exit)
      andThen()
    })
  }

  private complain(exit: Exit.Exit<void, unknown>): void {
    if (exit._tag === "Success" || this.hasComplained) return
    this.hasComplained = true
    this.log(Effect.logWarning(`nothing could be written to ${this.settings.dumpFile}`, exit.cause))
  }

  /** To the loggers that the main fiber has, whatever becomes of it. */
  private log(entry: Effect.Effect<void>): void {
    if (this.fiber === undefined) return
    const loggers = this.fiber.getFiberRef(FiberRef.currentLoggers)
    Effect.runFork(Effect.catchAllDefect(Effect.locally(entry, FiberRef.currentLoggers, loggers), () => Effect.void))
  }
}

/** An error can be made so that it cannot even be looked at. */
const textOf = (error: unknown): string => {
  try {
    // Its message may be what a child wrote.
    return inspect(error)
      .split("\n")
      .map((line) => TerminalText.sanitize(line))
      .join("\n")
  } catch {
    return "an error that cannot be shown"
  }
}
