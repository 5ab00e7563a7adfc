/**
 * `tether doctor`: what this host can give.
 */
import * as Command from "@effect/cli/Command"
import * as Doctor from "@tether/process-node/Doctor"
import * as Effect from "effect/Effect"
import type { Answer } from "./answer.js"
import { jsonOf } from "./json.js"
import { flag } from "./options.js"
import { table } from "./table.js"
import * as texts from "./texts.js"

export const doctorCommand = (width: number | undefined, give: (answer: Answer) => Effect.Effect<void>) =>
  Command.make(texts.doctor.name, { json: flag(texts.doctor.options.json) }, ({ json }) =>
    Effect.flatMap(Doctor.examine, (findings) =>
      give({ lines: json ? [toJson(findings)] : toLines(findings, width), code: 0 })
    )
  ).pipe(Command.withDescription(texts.doctor.summary))

const toJson = jsonOf(Doctor.Findings)

const toLines = (findings: Doctor.Findings, width: number | undefined): ReadonlyArray<string> => {
  const { identity, proc, reaper, records, system } = findings
  const style = { width, overflow: "wrap" } as const
  const levels = findings.levels.map(({ isAvailable, isDefault, level, reason }) => [
    level,
    isDefault ? "yes, the default" : isAvailable ? "yes" : "no",
    reason
  ])
  return [
    ...table(["CONTAINMENT", "AVAILABLE", "WHY"], levels, style),
    "",
    ...table(
      ["FACT", "VALUE"],
      [
        ["reaper", `${reaper.isAvailable ? "yes" : "no"}: ${reaper.reason}`],
        ["records of hosts", `${records.isAvailable ? "yes, in " : "no: "}${records.reason}`],
        ["start token", startTokens[identity.startToken]],
        ["boot id", identity.self?.bootId ?? "not known"],
        ["pid namespace", identity.self?.pidNamespace ?? "not known"],
        ["/proc", views[proc.view]],
        ["hidepid", proc.view === "own" ? hidepidOf(proc) : "not known"],
        ["platform", `${system.platform} ${system.arch}`],
        ["kernel", system.kernel],
        ["Node.js", system.node]
      ],
      style
    )
  ]
}

const startTokens: Readonly<Record<Doctor.Findings["identity"]["startToken"], string>> = {
  proc: "clock ticks since boot, from /proc",
  ps: "the second of the start, from ps",
  none: "none: a process cannot be told from another that had its pid"
}

const views: Readonly<Record<Doctor.Findings["proc"]["view"], string>> = {
  own: "shows our own pid namespace",
  other: "shows another pid namespace than ours",
  none: "is not there"
}

const hidepidOf = ({ hidepid, seesEveryone }: Doctor.Findings["proc"]): string =>
  `${hidepid ?? "off"}: ${
    seesEveryone ? "all processes are shown" : "others are hidden, and one that is not seen is not taken for dead"
  }`
