/**
 * One request to the shim of a pane, over its socket. That is in a private directory, which is looked at before
 * anything listens there: nobody else can have made it.
 */
import * as RecordFields from "@tether/host/RecordFields"
import * as Signals from "@tether/process/Signals"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { connect, type Socket } from "node:net"
import type { ShimAnswer, ShimRequest } from "./shimProtocol.js"

/** The shim did not answer: nobody listens there, or what came was no answer. */
export interface NoAnswer {
  readonly _tag: "NoAnswer"
  readonly problem: string
}

const noAnswer = (problem: string): NoAnswer => ({ _tag: "NoAnswer", problem })

/** The connection stays until the scope closes: until then a shim that was stopped does not end. */
export const ask = (socket: string, request: ShimRequest): Effect.Effect<ShimAnswer, NoAnswer, Scope.Scope> =>
  Effect.gen(function* () {
    const connection = yield* Effect.acquireRelease(
      Effect.sync(() => connect({ path: socket })),
      (connection) => Effect.sync(() => connection.destroy())
    )
    return yield* exchange(connection, request)
  })

const exchange = (connection: Socket, request: ShimRequest): Effect.Effect<ShimAnswer, NoAnswer> =>
  Effect.async((resume) => {
    let text = ""
    connection.setEncoding("utf8")
    // It stays for as long as the connection does: an error that nobody hears ends the program.
    connection.on("error", (error) => resume(Effect.fail(noAnswer(error.message))))
    connection.on("close", () => resume(Effect.fail(noAnswer("the connection was closed before an answer"))))
    connection.on("data", (part: string) => {
      text += part
      const end = text.indexOf("\n")
      if (end !== -1) resume(parse(text.slice(0, end)))
    })
    connection.write(`${JSON.stringify(request)}\n`)
  })

const parse = (line: string): Effect.Effect<ShimAnswer, NoAnswer> =>
  Effect.mapError(decode(line), () => noAnswer("the answer is no answer"))

const Status = Schema.Union(Schema.Struct({ code: Schema.Int }), Schema.Struct({ signal: Signals.Name }))

/** Checked, because its parts go into the journal: whatever listens there may have answered. */
const Answer: Schema.Schema<ShimAnswer> = Schema.Union(
  Schema.TaggedStruct("Started", { pid: RecordFields.Pid }),
  Schema.TaggedStruct("NotStarted", { code: Schema.String, message: Schema.String }),
  Schema.TaggedStruct("Stopped", { status: Status, step: Schema.UndefinedOr(Schema.String) }),
  Schema.TaggedStruct("Running", { isRunning: Schema.Boolean, pid: Schema.optional(RecordFields.Pid) }),
  Schema.TaggedStruct("Refused", { message: Schema.String })
)

const decode = Schema.decode(Schema.parseJson(Answer))
