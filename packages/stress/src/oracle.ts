/**
 * Who lives, asked of the system without any of the code under test: by the cookie of the host that was killed, and by
 * a mark of our own in the environment, or in the command line of those that have no environment.
 */
import { readdirSync, readFileSync } from "node:fs"

export interface Found {
  readonly pid: number
  readonly startTicks: string
  readonly state: string
  readonly parent: number
  readonly group: number
  readonly session: number
  readonly command: string
  readonly shape: string
  readonly tree: string
  readonly round: number
  /** How many hosts are above it. */
  readonly hosts: number
  /** The reaper of a host or what it runs, and not one of the host's children. */
  readonly isReaper: boolean
}

interface Stat extends Pick<Found, "state" | "parent" | "group" | "session" | "startTicks"> {}

export const statOf = (pid: number): Stat | undefined => {
  const text = textOf(`/proc/${pid}/stat`)
  const [state, parent, group, session, ...rest] = text.slice(text.lastIndexOf(")") + 2).split(" ")
  const startTicks = rest[15]
  if (state === undefined || startTicks === undefined) return undefined
  return { state, parent: Number(parent), group: Number(group), session: Number(session), startTicks }
}

export class Oracle {
  private readonly prefix: string
  /** Host as it stands in a cookie, to the round in which it ran. */
  private readonly rounds = new Map<string, number>()

  constructor(seed: number) {
    this.prefix = `stress-${seed}-`
  }

  /** The pid tells apart two runs of one seed on one machine. */
  markOf(round: number): string {
    return `${this.prefix}${round}.${process.pid}`
  }

  /** To be told of a host while it lives; answers with the way it stands in a cookie. */
  know(pid: number, round: number): string | undefined {
    const stat = statOf(pid)
    if (stat === undefined) return undefined
    const token = `${pid}-${stat.startTicks}`
    this.rounds.set(token, round)
    return token
  }

  /** Everything of this run that lives, whatever the round. */
  look(): ReadonlyArray<Found> {
    return readdirSync("/proc")
      .map(Number)
      .filter(Number.isInteger)
      .flatMap((pid) => this.lookAt(pid) ?? [])
  }

  /** A zombie has ended; it has no environment either. */
  private lookAt(pid: number): Found | undefined {
    const environment = textOf(`/proc/${pid}/environ`)
    const command = textOf(`/proc/${pid}/cmdline`)
    const variables = environment.split("\0")
    const valueOf = (name: string) =>
      variables.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? ""
    const tree = valueOf("TETHER_TREE")
    const round = this.roundOfMark(environment) ?? this.roundOfTree(tree) ?? this.roundOfMark(command)
    if (round === undefined) return undefined
    const stat = statOf(pid)
    if (stat === undefined || /[ZXx]/.test(stat.state)) return undefined
    return {
      pid,
      ...stat,
      command: command.split("\0").join(" ").trim(),
      shape: valueOf("TEST_SHAPE"),
      tree,
      round,
      hosts: tree.split("/").length - 1,
      isReaper: tree.endsWith(".r")
    }
  }

  private roundOfMark(text: string): number | undefined {
    const at = text.indexOf(this.prefix)
    if (at === -1) return undefined
    const [, round, runner] = /^(\d+)\.(\d+)/.exec(text.slice(at + this.prefix.length)) ?? []
    return Number(runner) === process.pid ? Number(round) : undefined
  }

  private roundOfTree(tree: string): number | undefined {
    for (const step of tree.split("/")) {
      const round = this.rounds.get(step.split("-", 2).join("-"))
      if (round !== undefined) return round
    }
    return undefined
  }
}

const textOf = (path: string): string => {
  try {
    return readFileSync(path, "latin1")
  } catch {
    return ""
  }
}
