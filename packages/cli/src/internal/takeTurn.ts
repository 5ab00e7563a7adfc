/**
 * One turn of an agent from its start to our exit code.
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as AgentTurn from "@tether/agent/AgentTurn"
import { isTerminal, type Terminal, type TurnEvent } from "@tether/agent/TurnEvent"
import type { ChildSpawner } from "@tether/process/ChildSpawner"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { resolve } from "node:path"
import { concluded } from "./answer.js"
import * as exitCode from "./exitCode.js"
import { toJson } from "./json.js"
import { keepJournal } from "./keepJournal.js"
import * as lineLogger from "./lineLogger.js"
import type { Outlets } from "./outlets.js"
import { type Forwarded, received } from "./signals.js"
import type { TurnOptions } from "./turnCommand.js"
import { TurnText } from "./turnText.js"

export const takeTurn = (options: TurnOptions, outlets: Outlets): Effect.Effect<number, never, ChildSpawner> =>
  Effect.flatMap(options.prompt === undefined ? promptOnStdin : Effect.succeed(options.prompt), (prompt) =>
    Effect.flatMap(taken({ ...options, prompt }, outlets), (code) => concluded(outlets, code))
  ).pipe(
    Effect.scoped,
    Effect.provide(keepJournal(options.journal)),
    Effect.provide(
      Logger.replace(Logger.defaultLogger, lineLogger.make(outlets, { outletOf: () => outlets.err, withPrefix: false }))
    )
  )

/** Without the newline at its end. A stdin that cannot be read has none. */
const promptOnStdin: Effect.Effect<string> = NodeStream.toString(() => process.stdin, { onFailure: String }).pipe(
  Effect.orElseSucceed(() => ""),
  Effect.map((text) => text.replace(/\r?\n$/, ""))
)

const taken = (
  options: TurnOptions & { readonly prompt: string },
  outlets: Outlets
): Effect.Effect<number, never, ChildSpawner | Scope.Scope> =>
  Effect.gen(function* () {
    const signals = yield* received
    const { adapter, args, binary, cwd, permissionMode, prompt, resume, timeout } = options
    const turn = yield* AgentTurn.start({
      turnId: String(process.pid),
      adapter,
      binary,
      cwd: resolve(cwd ?? "."),
      permissionMode,
      args,
      prompt,
      resumeSessionId: resume,
      timeouts: { total: timeout }
    })
    const show = shownIn(outlets, options)
    yield* Effect.forkScoped(obey(turn, signals, outlets))
    yield* Effect.forkScoped(Effect.zipRight(outlets.out.closed, turn.cancel))
    yield* Stream.runForEachChunk(turn.events, (events) => {
      for (const event of events) show(event)
      return outlets.settled
    })
    return codeOf(yield* turn.outcome)
  }).pipe(
    Effect.catchAll((error) => {
      outlets.say(error.message)
      return Effect.succeed(exitCode.ofReason(error.reason))
    })
  )

const shownIn = (outlets: Outlets, { json }: TurnOptions): ((event: TurnEvent) => void) => {
  if (json) return (event) => outlets.out.push(toJson(event))
  const text = new TurnText(outlets)
  return (event) => (isTerminal(event) ? text.end(event) : text.show(event))
}

/** A second Ctrl-C is from a person who has waited enough. */
const obey = (turn: AgentTurn.Turn, signals: Queue.Dequeue<Forwarded>, outlets: Outlets) =>
  Effect.gen(function* () {
    let interrupts = 0
    while (true) {
      if ((yield* Queue.take(signals)) === "SIGINT") interrupts++
      yield* Effect.fork(interrupts > 1 ? turn.kill : turn.cancel)
      // A reader that takes nothing is not waited for much longer.
      yield* Effect.fork(outlets.giveUpAfter(interrupts > 1 ? "100 millis" : "10 seconds"))
    }
  })

/** 124 is what \`timeout\` answers, and 130 what shells do after Ctrl-C. */
const codeOf = (terminal: Terminal): number => {
  if (terminal._tag === "Completed") return 0
  if (terminal._tag === "Cancelled") return 130
  return terminal.kind._tag === "Timeout" ? 124 : 1
}
