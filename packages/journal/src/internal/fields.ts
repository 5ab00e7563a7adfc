/**
 * A record as the fields of a line, and back. The order is part of the format: whoever reads with `cut` relies on it.
 */
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ExitRecord } from "../ExitRecord.js"
import { withoutAbsent } from "./withoutAbsent.js"

type Pairs = ReadonlyArray<readonly [string, string]>

export const toFields = (record: ExitRecord): Pairs => {
  const dead: Pairs =
    record.ev === "session-start"
      ? []
      : [
          ["dead_status", text(record.deadStatus)],
          ["dead_signal", record.deadSignal ?? ""]
        ]
  const rest: ReadonlyArray<readonly [string, string | number | undefined]> = [
    ["id", record.id],
    ["start", record.start],
    ["pid", record.pid],
    ["start_token", record.startToken],
    ["boot_id", record.bootId],
    ["pid_namespace", record.pidNamespace],
    ["host", record.host],
    ["writer", record.writer],
    ["command", record.command],
    ["cwd", record.cwd],
    ["log", record.log],
    ["ended_by", record.endedBy],
    ["stop_step", record.stopStep],
    ["reason", record.reason],
    ["uptime_ms", record.uptime],
    ["cause", record.cause],
    ["memory_bytes", record.memory],
    ["commands", record.commands],
    ["oom", record.oom?.certainty],
    ["oom_evidence", record.oom?.evidence],
    ["restart", record.restart],
    ["last_lines", record.lastLines]
  ]
  return [
    ["ts", new Date(record.ts).toISOString()],
    ["ev", record.ev],
    ["identity", record.identity],
    ...dead,
    ...rest.flatMap(([key, value]) => (value === undefined ? [] : [[key, text(value)] as const]))
  ]
}

const text = (value: string | number | undefined): string => (value === undefined ? "" : String(value))

/** Fields that a later version has added are left out. */
export const fromFields = (fields: Readonly<Record<string, string | undefined>>): Option.Option<ExitRecord> =>
  decode(
    withoutAbsent({
      id: fields["id"],
      ts: Date.parse(fields["ts"] ?? ""),
      ev: fields["ev"],
      identity: fields["identity"],
      start: fields["start"],
      pid: number(fields["pid"]),
      startToken: fields["start_token"],
      bootId: fields["boot_id"],
      pidNamespace: fields["pid_namespace"],
      host: fields["host"],
      writer: fields["writer"],
      command: fields["command"],
      cwd: fields["cwd"],
      log: fields["log"],
      deadStatus: number(fields["dead_status"]),
      deadSignal: fields["dead_signal"] === "" ? undefined : fields["dead_signal"],
      endedBy: fields["ended_by"],
      stopStep: fields["stop_step"],
      reason: fields["reason"],
      uptime: number(fields["uptime_ms"]),
      cause: fields["cause"],
      memory: number(fields["memory_bytes"]),
      commands: fields["commands"],
      oom:
        fields["oom"] === undefined ? undefined : { certainty: fields["oom"], evidence: fields["oom_evidence"] ?? "" },
      restart: fields["restart"],
      lastLines: fields["last_lines"]
    })
  )

const number = (text: string | undefined): number | undefined =>
  text === undefined || text === "" ? undefined : Number(text)

const decode = Schema.decodeUnknownOption(ExitRecord)
