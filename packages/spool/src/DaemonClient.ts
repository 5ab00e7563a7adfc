import * as FileSystem from "@effect/platform/FileSystem"
/**
 * Talks to a daemon over one connection, for programs that hand over again and again.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { connect, type Socket } from "node:net"
import { hookFiles } from "./internal/hookFiles.js"
import { LineSplitter } from "./internal/lineSplitter.js"
import { protocolVersion } from "./internal/protocol.js"
import { socketProblem } from "./internal/socketPath.js"
import type { Header, Taken } from "./Spool.js"

/**
 * The daemon did not answer: it is not there, or it went while it was asked, or it refused. Whatever was asked for may
 * have been done: records are known again by their keys.
 *
 * @example
 * ```ts
 * import type { DaemonGone } from "@tether/spool/DaemonClient"
 *
 * const line = (error: DaemonGone) => error.message
 * ```
 */
export class DaemonGone extends Schema.TaggedError<DaemonGone>()("DaemonGone", {
  socket: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `the daemon at ${TerminalText.quote(this.socket)} has not answered: ${TerminalText.sanitize(this.problem)}`
  }
}

/**
 * What a daemon is asked: to take records, whether it is there, to drain.
 *
 * @example
 * ```ts
 * import type { DaemonClient } from "@tether/spool/DaemonClient"
 *
 * const say = (client: DaemonClient) => client.put({ version: 1 }, [JSON.stringify("hello")])
 * ```
 */
export interface DaemonClient {
  readonly put: (header: Header, lines: ReadonlyArray<string>) => Effect.Effect<Taken, DaemonGone>
  readonly ping: Effect.Effect<void, DaemonGone>
  readonly drain: Effect.Effect<void, DaemonGone>
}

/**
 * A client that connects when it is first used, and is closed with the scope. Many requests may be under way at once.
 * A socket that belongs to another user, or that another user can replace, counts as none, with a warning.
 *
 * When the connection goes, all requests that are under way fail at once, and it tries to connect once more; requests
 * that come meanwhile wait for that attempt. If it fails, they fail, and the next request tries again. A connection
 * that goes while nothing is under way is made anew by the next request. Once the scope is closed, all requests fail.
 *
 * @example
 * ```ts
 * import * as DaemonClient from "@tether/spool/DaemonClient"
 * import * as Effect from "effect/Effect"
 *
 * const isUp = Effect.scoped(
 *   Effect.flatMap(DaemonClient.make("/run/user/1000/mails/daemon.sock"), (client) => client.ping)
 * ).pipe(
 *   Effect.as(true),
 *   Effect.catchTag("DaemonGone", () => Effect.succeed(false))
 * )
 * ```
 */
export const make = (socket: string): Effect.Effect<DaemonClient, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.map(Effect.runtime(), (runtime) => new Line(socket, runtime)),
      (line) => Effect.sync(() => line.close())
    ),
    (line) => {
      const ask = (request: object, lines: ReadonlyArray<string> = []) => line.ask(request, lines)
      return {
        put: (header, lines) =>
          Effect.map(ask({ op: "put", header, records: lines.length }, lines), (answer): Taken => ({
            inserted: countIn(answer, "inserted"),
            reinforced: countIn(answer, "reinforced"),
            skipped: countIn(answer, "skipped"),
            failed: countIn(answer, "failed")
          })),
        ping: Effect.asVoid(ask({ op: "ping" })),
        drain: Effect.asVoid(ask({ op: "drain" }))
      }
    }
  )

type Answer = Readonly<Record<string, unknown>>

const countIn = (answer: Answer, name: string): number => (typeof answer[name] === "number" ? answer[name] : 0)

/** An answer is short: a longer one is none of a daemon of ours. */
const longestAnswer = 65_536

const closed = "the client was closed"

/** The connection, and who waits for an answer on it. */
class Line {
  private readonly pending = new Map<number, Deferred.Deferred<Answer, DaemonGone>>()
  private attempt: Deferred.Deferred<Socket, DaemonGone> | undefined
  private socket: Socket | undefined
  private nextId = 0
  private isClosed = false
  /** Renewed by an answer: a server that takes connections and drops them is not asked for ever. */
  private mayTryAgain = true

  constructor(
    private readonly path: string,
    private readonly runtime: Runtime.Runtime<never>
  ) {}

  /** The connection that there is, or that is being made. */
  private readonly connected: Effect.Effect<Socket, DaemonGone> = Effect.suspend(() =>
    this.isClosed ? Effect.fail(this.gone(closed)) : Deferred.await(this.attempt ?? this.begin())
  )

  ask(request: object, lines: ReadonlyArray<string>): Effect.Effect<Answer, DaemonGone> {
    return Effect.flatMap(this.connected, (connection) =>
      Effect.suspend(() => {
        // It went before we came to it: nothing would tell of its end any more.
        if (connection.destroyed) return Effect.fail(this.gone("the connection was closed"))
        const id = ++this.nextId
        const answer = Deferred.unsafeMake<Answer, DaemonGone>(FiberId.none)
        this.pending.set(id, answer)
        connection.write(
          [JSON.stringify({ v: protocolVersion, id, ...request }), ...lines].map((line) => `${line}\n`).join("")
        )
        return Effect.onInterrupt(Deferred.await(answer), () => Effect.sync(() => this.pending.delete(id)))
      })
    )
  }

  close(): void {
    this.isClosed = true
    this.failAll(closed)
    if (this.attempt !== undefined) Deferred.unsafeDone(this.attempt, Effect.fail(this.gone(closed)))
    this.socket?.destroy()
  }

  private begin(): Deferred.Deferred<Socket, DaemonGone> {
    const attempt = Deferred.unsafeMake<Socket, DaemonGone>(FiberId.none)
    this.attempt = attempt
    Runtime.runCallback(this.runtime)(
      Effect.provideService(socketProblem(this.path), FileSystem.FileSystem, hookFiles),
      {
        onExit: (exit) => {
          const looked = Exit.isSuccess(exit) ? exit.value : "the socket could not be looked at"
          const problem = this.isClosed ? closed : looked
          if (problem === undefined) return this.connect(attempt)
          this.attempt = undefined
          Deferred.unsafeDone(attempt, Effect.fail(this.gone(problem)))
        }
      }
    )
    return attempt
  }

  private connect(attempt: Deferred.Deferred<Socket, DaemonGone>): void {
    const connection = connect({ path: this.path })
    this.socket = connection
    const splitter = new LineSplitter(longestAnswer)
    let isConnected = false
    let problem = "the connection was closed"
    connection.on("connect", () => {
      isConnected = true
      Deferred.unsafeDone(attempt, Effect.succeed(connection))
    })
    connection.on("data", (bytes: Buffer) => {
      for (const { text } of splitter.take(bytes)) this.answered(text)
    })
    connection.on("error", (error: NodeJS.ErrnoException) => {
      problem = error.code ?? error.message
    })
    connection.on("close", () => {
      this.attempt = undefined
      if (!isConnected) Deferred.unsafeDone(attempt, Effect.fail(this.gone(problem)))
      const wasBusy = this.pending.size > 0
      this.failAll(problem)
      if (!wasBusy || !isConnected || !this.mayTryAgain || this.isClosed) return
      this.mayTryAgain = false
      this.begin()
    })
  }

  private answered(text: string | undefined): void {
    const answer = parsed(text)
    const id = answer?.["id"]
    const waiting = typeof id === "number" ? this.pending.get(id) : undefined
    // Without an id it is about all of them: the daemon could make nothing of what it got.
    if (answer === undefined || waiting === undefined) return this.failAll(reasonIn(answer))
    this.pending.delete(id as number)
    this.mayTryAgain = true
    Deferred.unsafeDone(
      waiting,
      answer["ok"] === true ? Effect.succeed(answer) : Effect.fail(this.gone(reasonIn(answer)))
    )
  }

  private failAll(problem: string): void {
    const all = [...this.pending.values()]
    this.pending.clear()
    for (const waiting of all) Deferred.unsafeDone(waiting, Effect.fail(this.gone(problem)))
  }

  private gone(problem: string): DaemonGone {
    return new DaemonGone({ socket: this.path, problem })
  }
}

const parsed = (text: string | undefined): Answer | undefined => {
  try {
    const value: unknown = JSON.parse(text ?? "")
    return typeof value === "object" && value !== null ? (value as Answer) : undefined
  } catch {
    return undefined
  }
}

const reasonIn = (answer: Answer | undefined): string =>
  typeof answer?.["error"] === "string" ? `it refused: ${answer["error"].slice(0, 200)}` : "its answer is no answer"
