/**
 * The name that a session has in tmux. It is for people: tmux renames `.` and `:` in it, so that a session is addressed
 * by its ids, and known by the facts of its pane. But no two sessions of a server can have the same name, which is how
 * tmux itself refuses the second of two launches at once.
 */
import { createHash } from "node:crypto"

export const sessionName = (identity: string): string => {
  const plain = identity.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, longest)
  return plain === identity ? plain : `${plain}-${createHash("sha256").update(identity).digest("hex").slice(0, 8)}`
}

const longest = 40
