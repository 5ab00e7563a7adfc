/**
 * How far one file is, while it is drained.
 */
import type { State, Unsettled } from "./state.js"

export class Progress {
  position: number
  offset: number
  private readonly open: Map<number, Unsettled>
  /** Whether it has changed since it was last saved. */
  isDirty = false

  constructor(private readonly before: State) {
    this.position = before.position
    this.offset = before.offset
    this.open = new Map(before.unsettled.map((each) => [each.position, each]))
  }

  get attempts(): number {
    return this.before.attempts
  }

  get unsettled(): ReadonlyArray<Unsettled> {
    return [...this.open.values()]
  }

  /** What a handler has not taken, and may take yet. */
  get refused(): ReadonlyArray<Unsettled> {
    return this.unsettled.filter(({ isMalformed }) => !isMalformed)
  }

  /** What is to be tried again. */
  get retries(): ReadonlyArray<Unsettled> {
    return this.before.isThrough ? this.refused : []
  }

  /** The line before `offset` has been dealt with, be it a record or none. */
  passed(position: number, offset: number): void {
    this.position = Math.max(this.position, position)
    this.offset = Math.max(this.offset, offset)
    this.isDirty = true
  }

  settled(position: number): void {
    if (this.open.delete(position)) this.isDirty = true
  }

  failed(unsettled: Unsettled): void {
    this.open.set(unsettled.position, unsettled)
    this.isDirty = true
  }

  /** As it stands. */
  get state(): State {
    return { ...this.before, position: this.position, offset: this.offset, unsettled: this.unsettled }
  }

  /** After a try in vain. */
  stateAfter(now: number, nextAt: number): State {
    const { firstAt = now, firstError = this.unsettled[0]?.error } = this.before
    return { ...this.state, isThrough: true, attempts: this.attempts + 1, nextAt, firstAt, ...(firstError !== undefined && { firstError }) }
  }
}
