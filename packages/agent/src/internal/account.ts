/**
 * What is known of a turn so far, line by line: what each line means to who reads the turn, and what must be known of
 * it at the end.
 */
import type { LinesInfo } from "@tether/process/ChildOptions"
import type { Redactor } from "@tether/process/Redactor"
import type { Decoder, Ended, Said } from "../AgentAdapter.js"
import type { Notice, Result, TurnEvent, Usage } from "../TurnEvent.js"
import type { Attribution } from "./attribution.js"

/** Of stderr, lines are events up to so many bytes in all; the line that crosses is whole. */
const stderrShown = 8 * 1024

const shownOfNotice = 200

const stderrKept = 8 * 1024

/** What the process of a turn has done before. */
export interface Before {
  readonly turns: number
}

export class Account {
  sessionId: string | undefined
  result: Result | undefined
  usage: Usage | undefined
  /** When the last line came, or the turn began. */
  lastAt: number
  hasSpoken = false
  /** The end of stderr, in characters and without secrets, for where no process has ended that could tell it. */
  stderrTail = ""
  truncatedLines = 0
  private shownBytes = 0
  /** A result that came before anything else of the turn: it may be that of an earlier one, and late. */
  early: Result | undefined
  /** The lines of this turn with a meaning, results excluded. */
  private linesWithMeaning = 0
  private linesBeforeEarly = 0
  /** The agent has written a message, or a part of one, in this turn. */
  private hasWords = false
  private readonly counts = new Map<Notice["kind"], number>()

  constructor(
    readonly decoder: Decoder,
    /** Milliseconds of a monotonic clock. */
    private readonly now: () => number,
    private readonly redactor: Redactor,
    private readonly before: Before,
    private readonly attribution: Pick<Attribution, "answered" | "begun" | "verdict">
  ) {
    this.lastAt = now()
  }

  /** The lines from one index to another. */
  stdout(lines: ReadonlyArray<string>, info: LinesInfo, from = 0, to = lines.length): ReadonlyArray<TurnEvent> {
    this.heard()
    const events: Array<TurnEvent> = []
    for (let index = from; index < to; index++) {
      const line = lines[index] as string
      const dropped = info.truncated?.get(index)
      if (dropped === undefined) this.read(events, line)
      else {
        this.truncatedLines++
        events.push(this.notice("truncated", `a line lost ${dropped} bytes: ${line}`, this.redactor.redactCut))
      }
    }
    return events
  }

  stderr(lines: ReadonlyArray<string>, info: LinesInfo): ReadonlyArray<TurnEvent> {
    this.heard()
    const events: Array<TurnEvent> = []
    const shown = this.redactor.redactLines(lines, info.truncated)
    for (const [index, line] of lines.entries()) {
      if (this.shownBytes < stderrShown) events.push({ _tag: "Stderr", line: shown[index] ?? "" })
      this.shownBytes += new TextEncoder().encode(line).length + 1
    }
    this.stderrTail = `${this.stderrTail}${shown.map((line) => `${line}\n`).join("")}`.slice(-stderrKept)
    return events
  }

  /** What the decoder still has, now that nothing more comes. */
  end(): ReadonlyArray<TurnEvent> {
    const events: Array<TurnEvent> = []
    this.read(events, undefined)
    return events
  }

  /** Whether nothing else has come: then it was no earlier turn's, and counts. */
  acceptEarly(): boolean {
    if (this.linesWithMeaning > this.linesBeforeEarly) return false
    this.result ??= this.early
    return true
  }

  notice(kind: Notice["kind"], said: string, redact = this.redactor.redact): Notice {
    const text = redact(said)
    const count = (this.counts.get(kind) ?? 0) + 1
    this.counts.set(kind, count)
    return {
      _tag: "Notice",
      kind,
      text: text.length > shownOfNotice ? `${text.slice(0, shownOfNotice - 1)}…` : text,
      count
    }
  }

  private heard(): void {
    this.hasSpoken = true
    this.lastAt = this.now()
  }

  get stderrBytes(): number {
    return this.shownBytes
  }

  /** A line, or the end. A decoder that fails at one line must not be the end of all others. */
  private read(events: Array<TurnEvent>, line: string | undefined): void {
    try {
      const said = line === undefined ? this.decoder.end() : this.decoder.line(line)
      this.add(events, said)
      if (said.length > 0 && said[said.length - 1]?._tag !== "Ended") this.linesWithMeaning++
      this.hasWords ||= said.some(({ _tag }) => _tag === "Message" || _tag === "Delta")
    } catch {
      events.push(this.notice("malformed", line ?? "the end"))
    }
  }

  /** What was said before the turn, and belongs to none. */
  claim(said: ReadonlyArray<Said>): ReadonlyArray<TurnEvent> {
    const events: Array<TurnEvent> = []
    this.add(events, said)
    return events
  }

  private add(events: Array<TurnEvent>, said: ReadonlyArray<Said>): void {
    for (const each of said) {
      switch (each._tag) {
        case "SessionBound":
          if (this.sessionId === each.sessionId) break
          this.sessionId = each.sessionId
          events.push(each)
          break
        case "Notice":
          events.push(this.notice(each.kind, each.text))
          break
        case "Begun":
          this.attribution.begun(each)
          break
        case "Ended": {
          const verdict = this.attribution.verdict(each)
          if (verdict === "no") {
            this.add(events, [ownTurn(each)])
            break
          }
          const isFirst = verdict === "doubtful" ? !this.hasWords : this.linesWithMeaning === 0
          if (verdict !== "certain" && isFirst && this.before.turns > 0) {
            events.push(
              this.notice(
                "repeated",
                `the result ${each.result.subtype} came before anything else, and may be that of an earlier turn`
              )
            )
            this.early = each.result
            this.linesBeforeEarly = this.linesWithMeaning
            break
          }
          if (this.result !== undefined)
            events.push(this.notice("repeated", `the result ${each.result.subtype}: the last one counts`))
          this.result = each.result
          this.attribution.answered()
          break
        }
        case "Usage":
          this.usage = this.usage === undefined ? each : sumOf(this.usage, each)
          events.push(each)
          break
        default:
          events.push(each)
      }
    }
  }
}

/** The end of a turn that the agent has begun by itself. */
export const ownTurn = ({ result }: Ended): Said => ({
  _tag: "Notice",
  kind: "background",
  text: `it has ended a turn that it had begun by itself: ${result.subtype}`
})

const sumOf = (one: Usage, other: Usage): Usage => ({
  _tag: "Usage",
  inputTokens: one.inputTokens + other.inputTokens,
  outputTokens: one.outputTokens + other.outputTokens,
  cacheReadTokens: one.cacheReadTokens + other.cacheReadTokens,
  cacheWriteTokens: one.cacheWriteTokens + other.cacheWriteTokens,
  ...(one.costUsd === undefined && other.costUsd === undefined
    ? {}
    : { costUsd: (one.costUsd ?? 0) + (other.costUsd ?? 0) })
})
