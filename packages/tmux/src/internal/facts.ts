/**
 * What is known of a session, kept with its pane, so that any program finds it there.
 */
import { Identity } from "@tether/host/ProcessIdentity"
import * as RecordFields from "@tether/host/RecordFields"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** The option of the pane that holds them. An option of the session would show in every pane that a person adds. */
export const factsOption = "@tether"

export const Facts = Schema.Struct({
  version: Schema.Literal(1),
  identity: Schema.String,
  /** Of the tmux session and of the pane. */
  session: Schema.String.pipe(Schema.pattern(/^\$\d+$/)),
  pane: Schema.String.pipe(Schema.pattern(/^%\d+$/)),
  /** The pane's process: it lives as long as the program in it, and a moment longer. */
  shim: Identity,
  server: Schema.UndefinedOr(Identity),
  launchedAt: RecordFields.Timestamp,
  /** Without secrets. */
  command: Schema.String,
  cwd: Schema.String,
  logFile: Schema.String,
  exitLogDir: Schema.UndefinedOr(Schema.String),
  /** The id of the record of the start, where there is one. */
  start: Schema.UndefinedOr(RecordFields.Id),
  /** Where the shim listens. */
  socket: Schema.String,
  /** A file that is there until the whole output is in the log. */
  unwritten: Schema.String,
  /** How it is stopped, unless a stop has a plan of its own (`shimProtocol`). */
  stop: Schema.Array(Schema.Struct({ signal: Schema.String, wait: Schema.NonNegative })),
  /** The file that is there once the end is on record (`shimProtocol`). */
  end: Schema.String
})

export type Facts = typeof Facts.Type

const json = Schema.parseJson(Facts)
const encode = Schema.encodeSync(json)
const decode = Schema.decodeOption(json)

/** In an alphabet in which neither tmux nor a terminal finds anything to interpret. */
export const toText = (facts: Facts): string => Encoding.encodeBase64Url(encode(facts))

export const fromText = (text: string): Option.Option<Facts> =>
  Option.flatMap(Either.getRight(Encoding.decodeBase64UrlString(text)), (decoded) => decode(decoded))
