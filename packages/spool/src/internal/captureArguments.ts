/**
 * The words behind `tether capture-transcript` and `tether capture-turn`.
 */
import * as DidYouMean from "@tether/host/DidYouMean"
import * as TerminalText from "@tether/host/TerminalText"
import * as Either from "effect/Either"
import { parse } from "node:path"
import { parseArgs } from "node:util"
import type { Policy } from "../Capture.js"

export interface Capturing {
  readonly command: "capture-transcript" | "capture-turn"
  readonly transcript: string
  readonly sessionId: string
  readonly noSpawn: boolean
  /** Session and transcript are named on stdin, as agent programs do for their hooks. */
  readonly isHook: boolean
  readonly maxTurns: number | undefined
  readonly policy: Policy | undefined
  readonly cwd: string | undefined
  /** The agent's last words, which only a hook tells. */
  readonly lastAnswer: string | undefined
  readonly strict: boolean
  /** How long it may wait for what does not move, in milliseconds. */
  readonly deadline: number
}

const policies: ReadonlyArray<Policy> = ["probe-then-live", "always-defer", "live-or-fail"]

const isPolicy = (text: string): text is Policy => policies.some((policy) => policy === text)

/** All that is wrong with the words is named at once. */
export const parseCapture = (argv: ReadonlyArray<string>): Either.Either<Capturing, ReadonlyArray<string>> => {
  const [command, ...words] = argv
  if (command !== "capture-transcript" && command !== "capture-turn")
    return Either.left([
      `there is no command ${TerminalText.quote(command ?? "")}; use one of: capture-transcript, capture-turn`
    ])
  const options = command === "capture-turn" ? ofTurn : ofTranscript
  const parsed = Either.try({
    try: () => parseArgs({ args: words, allowPositionals: true, options }),
    catch: (error) => [problemOf(error, Object.keys(options))]
  })
  return Either.flatMap(parsed, ({ positionals, values }) => {
    const given = values as Readonly<Record<string, string | boolean | undefined>>
    const textOf = (name: string) => (typeof given[name] === "string" ? given[name] : undefined)
    const [transcript = "", ...more] = positionals
    const [maxTurns, policy, deadline] = [textOf("max-turns"), textOf("policy"), textOf("deadline") ?? "1000"]
    const isHook = given["hook"] === true
    // Empty is what an unset variable leaves.
    const sessionId = textOf("session-id") || parse(transcript).name
    const problems = [
      ...(transcript === "" && !isHook ? ["the transcript is missing: give its path"] : []),
      ...(transcript !== "" && isHook ? ["with --hook the transcript is named on stdin, and not here"] : []),
      ...(more.length > 0
        ? [`there is one transcript too many: ${more.map((word) => TerminalText.quote(word)).join(", ")}`]
        : []),
      ...(sessionId === "" && transcript !== "" ? ["--session-id is empty"] : []),
      ...(maxTurns === undefined || /^\d{1,9}$/.test(maxTurns)
        ? []
        : [`--max-turns takes a whole number, and not ${TerminalText.quote(maxTurns)}`]),
      ...(policy === undefined || isPolicy(policy)
        ? []
        : [`--policy is one of ${policies.join(", ")}, and not ${TerminalText.quote(policy)}`]),
      ...(/^[1-9]\d{1,5}$/.test(deadline)
        ? []
        : [`--deadline takes milliseconds from 10 to 999999, and not ${TerminalText.quote(deadline)}`])
    ]
    return problems.length > 0
      ? Either.left(problems)
      : Either.right({
          command,
          transcript,
          sessionId,
          noSpawn: given["no-spawn"] === true || command === "capture-turn",
          isHook,
          maxTurns: maxTurns === undefined ? undefined : Number(maxTurns),
          policy: policy !== undefined && isPolicy(policy) ? policy : undefined,
          cwd: textOf("cwd"),
          lastAnswer: undefined,
          strict: given["strict"] === true,
          deadline: Number(deadline)
        })
  })
}

const problemOf = (error: unknown, options: ReadonlyArray<string>): string => {
  const [message = ""] = String(error instanceof Error ? error.message : error).split("\n", 1)
  const unknown = /^Unknown option '([^' ]+)/.exec(message)?.[1]
  if (unknown === undefined) return message
  return `there is no option ${DidYouMean.quoted(
    unknown,
    options.map((name) => `--${name}`)
  )}`
}

const ofTurn = {
  "session-id": { type: "string" },
  cwd: { type: "string" },
  hook: { type: "boolean" },
  strict: { type: "boolean" },
  deadline: { type: "string" }
} as const

const ofTranscript = {
  ...ofTurn,
  "no-spawn": { type: "boolean" },
  "max-turns": { type: "string" },
  policy: { type: "string" }
} as const
