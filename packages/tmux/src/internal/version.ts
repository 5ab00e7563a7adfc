/**
 * Which tmux that is.
 */

/**
 * The oldest with hooks and options of panes. `pane_dead_signal` came with 3.3: before, a death by a signal has no
 * name.
 */
const oldest = [3, 2] as const

export const oldestVersion = oldest.join(".")

/** `tmux 3.3a`, `tmux next-3.6`; undefined where there is no number in it, as in `tmux master`. */
export const parseVersion = (text: string): { readonly text: string; readonly isNewEnough: boolean } | undefined => {
  const found = /^tmux (?:next-)?((\d+)\.(\d+)\S*)/.exec(text.trim())
  if (found === null) return undefined
  const [, version = "", major, minor] = found
  const isNewEnough = Number(major) > oldest[0] || (Number(major) === oldest[0] && Number(minor) >= oldest[1])
  return { text: version, isNewEnough }
}
