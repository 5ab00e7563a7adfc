/**
 * The words of this package: a row of peers that do the same work, and how one of them is to stand beside another.
 */

/** The work of one pass. Which of its fields matter is the row's business. */
export interface Work {
  /** A text file of `lines` lines. */
  readonly file: string
  readonly lines: number
  readonly spawns: number
}

/** What a peer saw. It is checked: who loses lines is not fast. */
export interface Seen {
  readonly lines: number
  readonly characters: number
  readonly spawns: number
}

/** Does the work the way a user of one library would, and tells what it saw. */
export type Peer = (work: Work) => Promise<Seen>

/** One pass over the work. CPU time is of the measuring process, all its threads, and not of its children. */
export interface Pass {
  readonly wallMillis: number
  readonly cpuMillis: number
  readonly seen: Seen
}

export interface Row {
  readonly name: string
  readonly title: string
  readonly unit: "line" | "spawn"
  /** How many passes one sample makes, of which the first half only warms up. */
  readonly passes: number
  /** The titles of the peers by their names in `peers.ts`, in the order in which they take turns. */
  readonly peers: Readonly<Record<string, string>>
  readonly comparisons: ReadonlyArray<Comparison>
}

/** A ratio of throughputs (higher is better for `peer`) or of times (lower is better), and what it is to be. */
export interface Comparison {
  readonly peer: string
  readonly against: string
  readonly of: "throughput" | "time"
  readonly target?: Target
}

export type Target = { readonly atLeast: number } | { readonly atMost: number } | { readonly below: number }
