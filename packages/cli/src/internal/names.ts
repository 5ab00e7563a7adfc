import * as TerminalText from "@tether/host/TerminalText"

/** The last ones of them, which are the likeliest to be meant. */
export const namesOf = (known: ReadonlyArray<string>): string => {
  const more = known.length > most ? ` and ${known.length - most} more` : ""
  return `${known
    .slice(-most)
    .map((name) => TerminalText.quote(name))
    .join(", ")}${more}`
}

const most = 10

/** Whether a tmux server of ours can be called like that. */
export const isServerName = (name: string): boolean => /^[A-Za-z0-9_-]+$/.test(name)
