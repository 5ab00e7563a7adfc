/**
 * What a pass has done so far, and whether it may go on.
 */
import type { Answer } from "../Answer.js"
import type { DrainReport } from "../DrainReport.js"

/** What a pass may take: records, bytes of their lines, and milliseconds. */
export interface Limits {
  readonly records: number
  readonly bytes: number
  readonly time: number
}

export class Tally {
  filesDrained = 0
  filesFailed = 0
  private readonly records = { inserted: 0, reinforced: 0, skipped: 0, failed: 0 }
  private count = 0
  private bytes = 0

  constructor(
    private readonly limits: Limits,
    /** Milliseconds of `ActiveTime`, as `now` is. */
    private readonly startedAt: number
  ) {}

  answered(answer: Answer, bytes: number): void {
    this.count++
    this.bytes += bytes
    this.records[kindOf(answer)]++
  }

  /** Why the pass is over, if it is. */
  spent(now: number): "records" | "bytes" | "time" | undefined {
    if (this.count >= this.limits.records) return "records"
    if (this.bytes >= this.limits.bytes) return "bytes"
    return now - this.startedAt >= this.limits.time ? "time" : undefined
  }

  report(stoppedBy: DrainReport["stoppedBy"], remaining: number): DrainReport {
    const { filesDrained, filesFailed, records } = this
    return { filesDrained, filesFailed, ...records, remaining, stoppedBy }
  }
}

const kindOf = (answer: Answer) => {
  switch (answer._tag) {
    case "Done":
      return answer.isKnown ? "reinforced" : "inserted"
    case "Skipped":
      return "skipped"
    case "Failed":
      return "failed"
  }
}
