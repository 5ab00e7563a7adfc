/**
 * Hands records to a daemon that is up, over its socket. Each step has its time, and whatever goes wrong is an answer.
 *
 * ```
 * → {"v":1,"op":"put","header":{…},"records":2}
 * → {…}
 * → {…}
 * ← {"v":1,"ok":true,"inserted":2,"reinforced":0,"skipped":0,"failed":0}
 * ```
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as ActiveTime from "@tether/host/ActiveTime"
import * as Effect from "effect/Effect"
import type { Socket } from "node:net"
import { socketProblem } from "./socketPath.js"

/** The same as in `protocol`, which a hook has no time to load. */
const protocolVersion = 1

export interface Counts {
  readonly inserted: number
  readonly reinforced: number
  readonly skipped: number
  readonly failed: number
}

/** Why it was not delivered. */
export interface Undelivered {
  readonly _tag: "Undelivered"
  readonly problem: string
}

const undelivered = (problem: string): Undelivered => ({ _tag: "Undelivered", problem })

/** An answer is short: more is none of a daemon of ours. */
const longestAnswer = 65_536

export interface Delivery {
  readonly socket: string
  readonly header: object
  readonly lines: ReadonlyArray<string>
  /** Until when the connection must be there, and until when the answer, in milliseconds from now. */
  readonly connectWithin: number
  readonly answerWithin: number
}

export const deliver = (delivery: Delivery): Effect.Effect<Counts, Undelivered, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    // A `stat` of a socket would harm the module loader: see the default of `Lstat`.
    const isThere = yield* Effect.match(fs.access(delivery.socket), { onFailure: () => false, onSuccess: () => true })
    if (!isThere) return yield* Effect.fail(undelivered("no daemon listens"))
    const problem = yield* socketProblem(delivery.socket)
    if (problem !== undefined) return yield* Effect.fail(undelivered(`no daemon listens: ${problem}`))
    // Most hooks find nobody, and need not wait for this to be loaded.
    const net = yield* Effect.promise(() => import("node:net"))
    return yield* exchange(net, delivery)
  })

const exchange = (
  net: { readonly connect: (options: { readonly path: string }) => Socket },
  { answerWithin, connectWithin, header, lines, socket }: Delivery
): Effect.Effect<Counts, Undelivered> =>
  Effect.suspend(() => {
    let isConnected = false
    const conversation = Effect.async<Counts, Undelivered>((resume) => {
      let answer = ""
      const connection = net.connect({ path: socket })
      const end = (effect: Effect.Effect<Counts, Undelivered>) => {
        connection.destroy()
        resume(effect)
      }
      const fail = (problem: string) => end(Effect.fail(undelivered(problem)))
      connection.setEncoding("utf8")
      connection.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.message))
      connection.on("close", () => fail("the connection was closed before an answer"))
      connection.on("data", (text: string) => {
        answer += text
        const at = answer.indexOf("\n")
        if (at !== -1) end(countsIn(answer.slice(0, at), lines.length))
        else if (answer.length > longestAnswer) fail("the answer is too long")
      })
      connection.on("connect", () => {
        isConnected = true
        const request = JSON.stringify({ v: protocolVersion, op: "put", header, records: lines.length })
        connection.write([request, ...lines].map((line) => `${line}\n`).join(""))
      })
      return Effect.sync(() => connection.destroy())
    })
    // Time in which the program stood still does not count: the answer may have come meanwhile.
    const unconnected = Effect.flatMap(ActiveTime.sleep(connectWithin), () =>
      isConnected ? Effect.never : Effect.fail(undelivered(`no connection within ${connectWithin} ms`))
    )
    const unanswered = Effect.flatMap(ActiveTime.sleep(answerWithin), () =>
      Effect.fail(undelivered(`no answer within ${answerWithin} ms`))
    )
    return Effect.raceFirst(conversation, Effect.raceFirst(unconnected, unanswered))
  })

const countsIn = (line: string, records: number): Effect.Effect<Counts, Undelivered> => {
  const value = parsed(line)
  if (value === undefined || value["v"] !== protocolVersion) return Effect.fail(undelivered("the answer is no answer"))
  if (value["ok"] !== true)
    return Effect.fail(
      undelivered(
        `refused: ${typeof value["error"] === "string" ? value["error"].slice(0, 200) : "no reason was given"}`
      )
    )
  const count = (name: string) => (typeof value[name] === "number" ? value[name] : 0)
  const counts = {
    inserted: count("inserted"),
    reinforced: count("reinforced"),
    skipped: count("skipped"),
    failed: count("failed")
  }
  if (!Object.values(counts).every((count) => Number.isInteger(count) && count >= 0))
    return Effect.fail(undelivered("the answer is no answer"))
  const all = counts.inserted + counts.reinforced + counts.skipped + counts.failed
  if (all !== records) return Effect.fail(undelivered(`it tells of ${all} records, and got ${records}`))
  return counts.failed > 0
    ? Effect.fail(undelivered(`${counts.failed} records were not taken`))
    : Effect.succeed(counts)
}

const parsed = (line: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}
