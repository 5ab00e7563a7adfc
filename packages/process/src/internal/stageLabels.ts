/**
 * What a log line, an error or a report calls a command, and each stage of a pipeline.
 */
import type * as Command from "@effect/platform/Command"
import type { Redactor } from "./redact.js"

/** The program's name: the last part of its path, or of the first word of a shell's line. */
export const programName = (command: Command.StandardCommand, redactor: Redactor): string => {
  const program = command.shell === false ? command.command : (command.command.trim().split(/\s/, 1)[0] ?? "")
  // First without secrets: in the last part of a path, what is left of one does not look like it.
  const parts = redactor.redact(program).split("/")
  return parts.findLast((part) => part !== "") ?? program
}

/**
 * The program's name, behind the label of the whole where it has one, and with a number where the same program stands
 * there more than once.
 */
export const stageLabels = (
  commands: ReadonlyArray<Command.StandardCommand>,
  label: string | undefined,
  redactor: Redactor
): ReadonlyArray<string> => {
  const names = commands.map((command) => {
    const name = programName(command, redactor)
    return label === undefined ? name : `${label}/${name}`
  })
  return names.map((name, index) => {
    const earlier = names.slice(0, index).filter((each) => each === name).length
    const isUnique = names.filter((each) => each === name).length === 1
    return redactor.redact(isUnique ? name : `${name}#${earlier + 1}`)
  })
}
