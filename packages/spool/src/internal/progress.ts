/**
 * How far one file is, while it is drained.
 */
import type { State, Unsettled } from "./state.js"

/** So many stretches of lines that are no records are told apart. What is beyond them belongs to the last one. */
const mostStretches = 100

export class Progress {
  position: number
  offset: number
  /** What a handler has not taken, and may take yet, by its position. */
  private readonly refusals: Map<number, Unsettled>
  private readonly malformed: Array<Unsettled>
  private malformedCount: number
  /** The records up to this one were tried in this round. */
  private tried: number
  private behindSince: number
  private firstError: string | undefined
  /** Whether something was not taken since the file was claimed. */
  hasFailed = false
  /** Whether it has changed since it was last saved. */
  isDirty = false

  constructor(private readonly before: State) {
    this.position = before.position
    this.offset = before.offset
    this.refusals = new Map(before.unsettled.flatMap((each) => (each.isMalformed ? [] : [[each.position, each]])))
    this.malformed = before.unsettled.filter(({ isMalformed }) => isMalformed)
    this.malformedCount = before.malformed
    this.tried = before.tried
    this.behindSince = before.behindSince
    this.firstError = before.firstError
  }

  get attempts(): number {
    return this.before.attempts
  }

  /** How many places there are at which a handler has not taken something. */
  get refused(): number {
    return this.refusals.size
  }

  /** How many records are not settled. */
  get unsettled(): number {
    return countOf(this.state)
  }

  /** What is still to be tried again in this round, in its order. */
  get retries(): ReadonlyArray<Unsettled> {
    return this.before.isThrough
      ? inOrder([...this.refusals.values()].filter(({ position }) => position > this.tried))
      : []
  }

  /** The line before `offset` has been dealt with, be it a record or none. */
  passed(position: number, offset: number): void {
    this.position = Math.max(this.position, position)
    this.offset = Math.max(this.offset, offset)
    this.isDirty = true
  }

  /** The record at a position was taken; its line ends at `end`. */
  settled(position: number, end: number): void {
    this.isTried(position, end)
  }

  failed(unsettled: Unsettled, end: number): void {
    this.isTried(unsettled.position, end)
    this.hasFailed = true
    this.firstError ??= unsettled.isMalformed ? `record ${unsettled.position}: ${unsettled.error}` : unsettled.error
    if (unsettled.isMalformed) this.addMalformed(unsettled)
    else this.refusals.set(unsettled.position, unsettled)
  }

  /** Others go first in the next pass, or no longer. */
  setBehind(since: number): void {
    if (since !== this.behindSince) this.isDirty = true
    this.behindSince = since
  }

  /** As it stands. */
  get state(): State {
    return {
      ...this.before,
      position: this.position,
      offset: this.offset,
      unsettled: inOrder([...this.refusals.values(), ...this.malformed]),
      malformed: this.malformedCount,
      tried: this.tried,
      behindSince: this.behindSince,
      ...(this.firstError !== undefined && { firstError: this.firstError })
    }
  }

  /** After a try in vain. */
  stateAfter(now: number, nextAt: number): State {
    const { firstAt = now } = this.before
    return { ...this.state, isThrough: true, tried: 0, behindSince: 0, attempts: this.attempts + 1, nextAt, firstAt }
  }

  /** Of several that are to be tried again, what comes behind the first still is. */
  private isTried(position: number, end: number): void {
    const entry = this.refusals.get(position)
    if (this.refusals.delete(position) && entry !== undefined && entry.count > 1) {
      this.refusals.set(position + 1, { ...entry, position: position + 1, offset: end, count: entry.count - 1 })
    }
    this.tried = position
    this.isDirty = true
  }

  /** Lines of nonsense that follow each other are one stretch: there may be very many of them. */
  private addMalformed(unsettled: Unsettled): void {
    this.malformedCount++
    const last = this.malformed.at(-1)
    const continues =
      last !== undefined && last.position + last.count === unsettled.position && last.error === unsettled.error
    if (last === undefined || (!continues && this.malformed.length < mostStretches)) this.malformed.push(unsettled)
    else this.malformed.splice(-1, 1, joined(last, unsettled))
  }
}

/** From the beginning of the one to the end of the other, with what is between them. */
const joined = (a: Unsettled, b: Unsettled): Unsettled => {
  const [first, second] = a.position <= b.position ? [a, b] : [b, a]
  return { ...first, error: a.error, count: Math.max(first.count, second.position + second.count - first.position) }
}

const inOrder = (unsettled: ReadonlyArray<Unsettled>) => unsettled.toSorted((a, b) => a.position - b.position)

/** How many records of a file are not settled. */
export const countOf = ({ malformed, unsettled }: State): number =>
  unsettled.reduce((sum, { count, isMalformed }) => (isMalformed ? sum : sum + count), malformed)
