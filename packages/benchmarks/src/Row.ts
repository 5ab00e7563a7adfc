/**
 * The words of this package: a row of peers that do the same work, and how one of them is to stand beside another.
 */

/** The work of one pass. Which of its fields matter is the row's business. */
export interface Work {
  /** On a disk, for what is to be left there until the end of the run. */
  readonly folder: string
  /** A text file of `lines` lines. */
  readonly file: string
  readonly lines: number
  /** A file of `bytes` bytes, all of them zero, which takes no room. */
  readonly zeros: string
  readonly bytes: number
  /** How many lines a reader takes that is slow about it. */
  readonly slowLines: number
  readonly spawns: number
  /** How many processes the tree has whose host is killed. */
  readonly processes: number
  /** How many children are stopped at once. */
  readonly children: number
  /** How many children sleep at the same time, and say nothing. */
  readonly sleepers: number
  /** How many children are started and closed, one after the other. */
  readonly closes: number
  /** How many records a journal or a spool is given, or has. */
  readonly records: number
  /** How many processes sleep beside all of the sample's passes, and have nothing to do with it. */
  readonly foreign: number
  /** How long a child has been running when it is closed, in milliseconds, where that matters. */
  readonly age: number
  /** How many programs are run, one after the other, each to its end. */
  readonly programs: number
  /** The transcript of a session, of at least so many bytes. */
  readonly transcript: string
  readonly transcriptBytes: number
}

/** What a peer saw. It is checked: who loses lines is not fast. */
export interface Seen {
  readonly lines: number
  readonly characters: number
  /** How many processes there were: started, or found alive. */
  readonly spawns: number
  /** How many bytes went all the way. */
  readonly bytes?: number
  /** What the pass took of memory, in the row's own measure. */
  readonly memory?: number
  /** What counts of the pass, in milliseconds; all of it, if nothing is said. */
  readonly millis?: number
  /** The same of CPU time. */
  readonly cpuMillis?: number
  /** How late the event loop was at its turn, in milliseconds: 99 of 100 times not later. */
  readonly delay?: number
  /** How many processes lived that should not have, and were ended by the benchmark. */
  readonly left?: number
}

/**
 * Does the work the way a user of one library would, and tells what it saw. A promise and no effect, here and in all
 * that surrounds a peer: Effect's runtime is measured itself, and must not be beneath libraries that know nothing of
 * it.
 */
export type Peer = (work: Work) => Promise<Seen>

/** This peer's work cannot be done on this machine. Anything else that a peer fails with is a mistake. */
export class Unavailable extends Error {}

/** One pass over the work. CPU time is of the measuring process, all its threads, and not of its children. */
export interface Pass {
  readonly wallMillis: number
  readonly cpuMillis: number
  readonly seen: Seen
}

export interface Row {
  readonly name: string
  readonly title: (work: Work) => string
  /** What is counted, and checked to have been seen. */
  readonly unit: "line" | "byte" | "spawn" | "process" | "child" | "sleeper" | "close" | "record" | "program"
  /**
   * What is measured beside the time: by how many MiB the resident memory of the sample has grown after the first
   * eighth of the pass, or how many KiB of the heap one child takes.
   */
  readonly memory?: "growth" | "heap"
  /** Beside the time of every peer, how much the memory has grown, in MiB, and how late the event loop was. */
  readonly watched?: boolean
  /**
   * How many passes one sample makes, of which the first half only warms up. With `each`, every pass is a sample by
   * itself, and nothing warms up: the work is done by another process, which begins anew.
   */
  readonly passes: number
  readonly each?: boolean
  /** By their names in `peers.ts`, in the order in which they take turns: the title, or more than that. */
  readonly peers: Readonly<Record<string, string | Entry>>
  readonly comparisons: ReadonlyArray<Comparison>
  readonly limits?: ReadonlyArray<Limit>
}

/** A peer of a row that does other work than the row's, or does it less often. */
export interface Entry {
  readonly title: string
  readonly work?: (work: Work) => Partial<Work>
  /** With the foreign processes beside it; otherwise there are none. */
  readonly beside?: boolean
  readonly passes?: number
}

/** A ratio of throughputs (higher is better for `peer`) or of times (lower is better), and what it is to be. */
export interface Comparison {
  readonly peer: string
  readonly against: string
  readonly of: "throughput" | "time"
  readonly target?: Target
}

/**
 * What one peer is to reach by itself: milliseconds over all samples, the most processes that one left alive, or the
 * most memory that one took.
 */
export interface Limit {
  readonly peer: string
  readonly of: "median" | "worst" | "left" | "memory"
  readonly target: Target
}

export type Target = { readonly atLeast: number } | { readonly atMost: number } | { readonly below: number }
