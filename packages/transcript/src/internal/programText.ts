/**
 * What Claude Code writes in the user's name, in elements of its own: commands and what they printed, notifications,
 * reminders, what is open in an editor. Texts may be long: each is looked through once, whatever is in it.
 */

/** What a text of the user's is, once these elements are taken for what they are. */
export type Read =
  /** What is left of it was said; nothing may be left. */
  | { readonly _tag: "Said"; readonly text: string }
  /** A command (`/greet Ada`) or a shell command (`!ls`). Some are for the agent, and some for the program alone. */
  | { readonly _tag: "Command"; readonly text: string }
  /** What such a command has printed. A slash command that prints was for the program. */
  | { readonly _tag: "Output"; readonly of: "command" | "shell" }
  /** The agent is told that something in the background has ended. */
  | { readonly _tag: "Notified" }
  | { readonly _tag: "Interrupted" }
  /** One element of a kind that is not known here. */
  | { readonly _tag: "Element" }

/** They stand beside what was said, before it or behind it. */
const besides = ["system-reminder", "ide_opened_file", "ide_selection", "ide_diagnostics", "local-command-caveat"]

const commandOutputs = ["local-command-stdout", "local-command-stderr", "user-memory-input"]

const shellOutputs = ["bash-stdout", "bash-stderr"]

const notifications = ["task-notification"]

/**
 * `isByUser`: the line says that a person has written it. A person may write about such elements: the text was said as
 * it stands, and a command alone is stored in another form than it was typed in.
 */
export const readText = (given: string, isByUser = false): Read => {
  if (isByUser) return commandIn(given.trim()) ?? { _tag: "Said", text: given }
  const text = given.includes("<") ? withoutBesides(given) : given
  const trimmed = text.trim()
  if (interruption.test(trimmed)) return { _tag: "Interrupted" }
  if (!trimmed.startsWith("<")) return { _tag: "Said", text }
  const command = commandIn(trimmed)
  if (command !== undefined) return command
  if (opensWith(trimmed, notifications)) return { _tag: "Notified" }
  if (opensWith(trimmed, commandOutputs)) return { _tag: "Output", of: "command" }
  if (opensWith(trimmed, shellOutputs)) return { _tag: "Output", of: "shell" }
  if (opensWith(trimmed, ["bash-input"])) return { _tag: "Command", text: `!${elementIn(trimmed, "bash-input") ?? ""}` }
  return isElement(trimmed) ? { _tag: "Element" } : { _tag: "Said", text }
}

const interruption = /^\[Request interrupted by user[^\]]{0,100}\]$/

/** A command is stored as these elements alone, in any order, and each of them has its end. */
const commandIn = (text: string): Read | undefined => {
  if (!commandStart.test(text) || !commandEnd.test(text.slice(-30))) return undefined
  const words = [elementIn(text, "command-name"), elementIn(text, "command-args")]
  return { _tag: "Command", text: words.filter((word) => word !== undefined && word !== "").join(" ") }
}

const commandStart = /^<(command-name|command-message)>[^<]{0,1000}<\/\1>/
const commandEnd = /<\/command-(?:name|message|args)>$/

/** Without the elements beside it. Most texts have none, and are given back as they are. */
const withoutBesides = (text: string): string => {
  let from = 0
  let to = text.length
  for (let next = endOfLeading(text, from); next !== undefined; next = endOfLeading(text, from)) from = next
  for (let next = startOfTrailing(text, from, to); next !== undefined; next = startOfTrailing(text, from, to)) to = next
  return from === 0 && to === text.length ? text : text.slice(from, to).trim()
}

/** Where the element ends that is the first thing from here on. */
const endOfLeading = (text: string, from: number): number | undefined => {
  const start = from + (/^\s*/.exec(text.slice(from))?.[0].length ?? 0)
  const name = besides.find((each) => isTagAt(text, start, each))
  if (name === undefined) return undefined
  const close = text.indexOf(`</${name}>`, start)
  return close === -1 ? undefined : close + name.length + 3
}

/** Where the element begins that is the last thing before here. */
const startOfTrailing = (text: string, from: number, to: number): number | undefined => {
  const end = text.slice(from, to).trimEnd().length + from
  const name = besides.find((each) => text.endsWith(`</${each}>`, end))
  if (name === undefined) return undefined
  const close = end - name.length - 3
  // It begins behind the last one of its name that ends.
  let start = text.indexOf(`<${name}`, Math.max(from, text.lastIndexOf(`</${name}>`, close - 1)))
  while (start !== -1 && start < close && !isTagAt(text, start, name)) start = text.indexOf(`<${name}`, start + 1)
  return start === -1 || start >= close ? undefined : start
}

const isTagAt = (text: string, at: number, name: string): boolean =>
  text.startsWith(`<${name}`, at) && /[\s>]/.test(text.charAt(at + name.length + 1))

const opensWith = (text: string, names: ReadonlyArray<string>): boolean => names.some((name) => isTagAt(text, 0, name))

const elementIn = (text: string, name: string): string | undefined => {
  const start = text.indexOf(`<${name}>`)
  // What is in it may have such an end itself.
  const end = text.lastIndexOf(`</${name}>`)
  return start === -1 || end < start ? undefined : text.slice(start + name.length + 2, end).trim()
}

/** The names of the program's elements have several words. */
const elementStart = /^<([a-z]{1,60}(?:[-_][a-z]{1,60}){1,9})[\s>]/

const isElement = (text: string): boolean => {
  const name = elementStart.exec(text)?.[1]
  return name !== undefined && text.endsWith(`</${name}>`)
}
