/**
 * What Claude Code writes in the user's name, in elements of its own: commands and what they printed, notifications,
 * reminders, what is open in an editor.
 */

/** What a text of the user's is, once these elements are taken for what they are. */
export type Read =
  /** What is left of it was said; nothing may be left. */
  | { readonly _tag: "Said"; readonly text: string }
  /** A command (`/greet Ada`) or a shell command (`!ls`). Some are for the agent, and some for the program alone. */
  | { readonly _tag: "Command"; readonly text: string }
  /** What such a command has printed. */
  | { readonly _tag: "Output" }
  /** The agent is told that something in the background has ended. */
  | { readonly _tag: "Notified" }
  | { readonly _tag: "Interrupted" }
  /** One element of a kind that is not known here. */
  | { readonly _tag: "Element" }

/** They stand beside what was said, before it or behind it. */
const besides = ["system-reminder", "ide_opened_file", "ide_selection", "ide_diagnostics", "local-command-caveat"]

const outputs = ["local-command-stdout", "local-command-stderr", "bash-stdout", "bash-stderr", "user-memory-input"]

const notifications = ["task-notification"]

const beginsWith = (text: string, tags: ReadonlyArray<string>): boolean =>
  tags.some((tag) => text.startsWith(`<${tag}`))

const leading = new RegExp(`^\\s*<(${besides.join("|")})\\b[^>]*>[\\s\\S]*?</\\1>`)
const trailing = new RegExp(`<(${besides.join("|")})\\b[^>]*>(?:(?!</\\1>)[\\s\\S])*</\\1>\\s*$`)

/** Without the elements beside it. Most texts have none, and are given back as they are. */
const withoutBesides = (text: string): string => {
  let rest = text
  for (let found = leading.exec(rest); found !== null; found = leading.exec(rest)) rest = rest.slice(found[0].length)
  for (let found = trailing.exec(rest); found !== null; found = trailing.exec(rest)) rest = rest.slice(0, found.index)
  return rest === text ? text : rest.trim()
}

const elementIn = (text: string, tag: string): string | undefined =>
  new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(text)?.[1]?.trim()

/** The names of the program's elements have several words. */
const element = /^<([a-z]+(?:[-_][a-z]+)+)\b[^>]*>[\s\S]*<\/\1>$/

export const readText = (given: string): Read => {
  const text = given.includes("<") ? withoutBesides(given) : given
  const trimmed = text.trim()
  if (trimmed.startsWith("[Request interrupted by user")) return { _tag: "Interrupted" }
  if (!trimmed.startsWith("<")) return { _tag: "Said", text }
  if (beginsWith(trimmed, notifications)) return { _tag: "Notified" }
  if (beginsWith(trimmed, outputs)) return { _tag: "Output" }
  if (beginsWith(trimmed, ["bash-input"]))
    return { _tag: "Command", text: `!${elementIn(trimmed, "bash-input") ?? ""}` }
  if (beginsWith(trimmed, ["command-name", "command-message"])) {
    const words = [elementIn(trimmed, "command-name"), elementIn(trimmed, "command-args")]
    return { _tag: "Command", text: words.filter((word) => word !== undefined && word !== "").join(" ") }
  }
  return element.test(trimmed) ? { _tag: "Element" } : { _tag: "Said", text }
}
