/**
 * Hosts and their children as rows of a table.
 */
import * as ProcessInfo from "@tether/host/ProcessInfo"
import * as TerminalText from "@tether/host/TerminalText"
import type { Child, Program } from "@tether/process-node/HostTree"
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
const branchOf = (program: Program, name?: string, others: ReadonlyArray<Program> = []): Branch => ({
  process: program.process,
  title: `${name === undefined ? "" : `${name} `}${ProcessInfo.commandLine(program.process)}`,
  below: [
    ...others.map((other) => branchOf(other)),
    ...program.reapers.map((process) => ({ process, title: "reaper", below: [] })),
    ...program.children.flatMap((child) => {
      const [first, ...rest] = child.members
      return first === undefined ? [] : [branchOf(first, `[${nameOf(child, program)}]`, rest)]
    })
  ]
})

/** Its label, with its number where that alone says which child it is. A label cannot be read everywhere. */
const nameOf = ({ label = "", number }: Child, { children }: Program): string => {
  const isUnique = children.filter((child) => child.label === label).length === 1
  return [
    ...(label === "" ? [] : [TerminalText.sanitize(label)]),
    ...(label === "" || !isUnique ? [`#${number}`] : [])
  ].join(" ")
}

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
      ...program.children.flatMap((child) =>
        child.members.flatMap((member) => rowsOf(member, own, nameOf(child, program)))
      )
    ]
  }
  return { head: ["PID", "HOST", "CHILD", "AGE", "COMMAND"], rows: hosts.flatMap((host) => rowsOf(host)) }
}
