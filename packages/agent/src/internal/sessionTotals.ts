/**
 * What sessions have used so far. Programs tell running totals at the end of a turn: of a thread, or of a session with
 * all the processes that have served it.
 */
type Counts<Name extends string> = Readonly<Record<Name, number>>

const most = 1000

export class SessionTotals<Name extends string> {
  private readonly totals = new Map<string, Counts<Name>>()

  constructor(private readonly names: ReadonlyArray<Name>) {}

  /**
   * What has come to the total of a session since the last turn. Undefined where the session goes on, and that was not
   * told here.
   */
  added(sessionId: string, goesOn: boolean, total: Counts<Name>): Counts<Name> | undefined {
    const before = this.totals.get(sessionId)
    this.remember(sessionId, total)
    if (before === undefined) return goesOn ? undefined : total
    // Some versions begin anew with each process. A recording that is played again does, too.
    const isAnew =
      this.names.some((name) => total[name] < before[name]) ||
      (!goesOn && this.names.every((name) => total[name] === before[name]))
    const entries = this.names.map((name) => [name, total[name] - before[name]])
    return isAnew ? total : (Object.fromEntries(entries) as Counts<Name>)
  }

  private remember(sessionId: string, total: Counts<Name>): void {
    this.totals.delete(sessionId)
    this.totals.set(sessionId, total)
    const [oldest] = this.totals.keys()
    if (this.totals.size > most && oldest !== undefined) this.totals.delete(oldest)
  }
}
