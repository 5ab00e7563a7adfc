/**
 * What is asked for and makes no sense, found before anything is started.
 */
import * as TerminalText from "@tether/host/TerminalText"
import { SpawnError } from "@tether/process/SpawnError"
import * as Duration from "effect/Duration"
import type { Prompt } from "../AgentAdapter.js"
import type { ProcessOptions } from "./request.js"

export const problemsOf = (
  { cwd, newSessionId, prompt, resumeSessionId, turnId }: Omit<Prompt, "turnId" | "prompt"> & Partial<Prompt>,
  { afterResult, binary, leftoverGrace, maxLineBytes, timeouts = {} }: ProcessOptions
): ReadonlyArray<string> => {
  const isEmpty = (text: string | undefined) => text !== undefined && text.trim() === ""
  const times = Object.entries({ ...timeouts, afterResult, leftoverGrace })
  return [
    ...(cwd.startsWith("/") || /^[A-Za-z]:[\\/]/.test(cwd)
      ? []
      : [`cwd is an absolute path, and not ${TerminalText.quote(cwd)}`]),
    ...(isEmpty(prompt) ? ["prompt is empty"] : []),
    ...(isEmpty(turnId) ? ["turnId is empty"] : []),
    ...(isEmpty(binary) ? ["binary is empty"] : []),
    ...(isEmpty(resumeSessionId) ? ["resumeSessionId is empty"] : []),
    ...(isEmpty(newSessionId) ? ["newSessionId is empty"] : []),
    ...(maxLineBytes === undefined || (Number.isSafeInteger(maxLineBytes) && maxLineBytes > 0)
      ? []
      : [`maxLineBytes is a whole number above 0, and not ${maxLineBytes}`]),
    ...times.flatMap(([name, time]) =>
      time === undefined || Duration.decodeUnknown(time)._tag === "Some"
        ? []
        : [`${name} is a duration, and not ${String(time)}`]
    )
  ]
}

export const refusal = (
  reason: SpawnError["reason"],
  label: string,
  command: string,
  cwd: string,
  problems: ReadonlyArray<string>
): SpawnError => new SpawnError({ reason, label, command, args: [], cwd, problems, code: undefined })
