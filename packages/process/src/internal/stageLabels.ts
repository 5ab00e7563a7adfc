/**
 * The names of the stages of a pipeline: what a log line, an error or a report calls each of them.
 */
import type * as Command from "@effect/platform/Command"
import type { Redactor } from "./redact.js"

/**
 * Behind the label of the whole, if it has one, the program's name, with a number where the same program stands there
 * more than once. Without a label, the words of the command, as for a single one.
 */
export const stageLabels = (
  commands: ReadonlyArray<Command.StandardCommand>,
  label: string | undefined,
  redactor: Redactor
): ReadonlyArray<string> => {
  const names = commands.map((command) =>
    label === undefined
      ? [command.command, ...command.args].join(" ")
      : // First without secrets: in the last part of a path, what is left of one does not look like it.
        `${label}/${redactor.redact(command.command).split("/").at(-1)}`
  )
  return names.map((name, index) => {
    const earlier = names.slice(0, index).filter((each) => each === name).length
    const isUnique = names.filter((each) => each === name).length === 1
    return redactor.redact(isUnique ? name : `${name}#${earlier + 1}`)
  })
}
