/**
 * Hosts and their children as rows of a table.
 */
import * as ProcessInfo from "@tether/host/ProcessInfo"
import type { Program } from "@tether/process-node/HostTree"
import { formatAge } from "./age.js"

interface Rows {
  readonly head: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

/** A line of the tree, and the lines below it. */
interface Branch {
  readonly process: ProcessInfo.ProcessInfo
  readonly title: string
  readonly below: ReadonlyArray<Branch>
}

export const treeRows = (hosts: ReadonlyArray<Program>, now: number): Rows => {
  const rowsOf = ({ below, process, title }: Branch, before = "", stem = ""): Rows["rows"] => [
    [String(process.pid), formatAge(process.startedAt, now), before + title],
    ...below.flatMap((each, index) =>
      index === below.length - 1 ? rowsOf(each, `${stem}└─ `, `${stem}   `) : rowsOf(each, `${stem}├─ `, `${stem}│  `)
    )
  ]
  return { head: ["PID", "AGE", "COMMAND"], rows: hosts.flatMap((host) => rowsOf(branchOf(host))) }
}

/** Beside its own, a process that stands for its child has the other members of that child below it. */
const branchOf = (program: Program, number?: number, others: ReadonlyArray<Program> = []): Branch => ({
  process: program.process,
  title: `${number === undefined ? "" : `#${number} `}${ProcessInfo.commandLine(program.process)}`,
  below: [
    ...others.map((other) => branchOf(other)),
    ...program.reapers.map((process) => ({ process, title: "reaper", below: [] })),
    ...program.children.flatMap(({ members: [first, ...rest], number }) =>
      first === undefined ? [] : [branchOf(first, number, rest)]
    )
  ]
})

export const flatRows = (hosts: ReadonlyArray<Program>, now: number): Rows => {
  const rowOf = (process: ProcessInfo.ProcessInfo, host: string, child: string) => [
    String(process.pid),
    host,
    child,
    formatAge(process.startedAt, now),
    ProcessInfo.commandLine(process)
  ]
  const rowsOf = (program: Program, host = "-", child = "-"): Rows["rows"] => {
    const own = String(program.process.pid)
    return [
      rowOf(program.process, host, child),
      ...program.reapers.map((reaper) => rowOf(reaper, own, "reaper")),
      ...program.children.flatMap(({ members, number }) =>
        members.flatMap((member) => rowsOf(member, own, `#${number}`))
      )
    ]
  }
  return { head: ["PID", "HOST", "CHILD", "AGE", "COMMAND"], rows: hosts.flatMap((host) => rowsOf(host)) }
}
