/**
 * What is captured of a session, as the lines of a file of the spool. They are written by hand: a hook has no time to
 * load a schema for them.
 */
import { createHash } from "node:crypto"
import type { CaptureEvent, CaptureHeader } from "../CaptureRecord.js"
import type { Turn } from "../Transcript.js"

export const captureVersion = 1

export const headerOf = (sessionId: string, cwd: string, now: number): CaptureHeader => ({
  version: captureVersion,
  session_id: sessionId,
  deferred_at: new Date(now).toISOString(),
  cwd
})

/** A turn may be so long, in characters: escaped, it must be a line that can be drained. */
const longest = 2 * 1024 * 1024

const cut = (text: string): string =>
  text.length <= longest ? text : `${text.slice(0, longest)}\n[cut here: ${text.length - longest} more characters]`

export const eventOf = (sessionId: string, { at, identity, number, role, text }: Turn, now: number): CaptureEvent => ({
  text: cut(text),
  cue: `session ${sessionId} turn ${number}`,
  tier: "episodic",
  role,
  ts: new Date(at ?? now).toISOString(),
  key: keyOf([sessionId, identity ?? String(number), role, text.trim()])
})

/** The same turn has the same key, whenever and from wherever it is captured, and wherever it stands then. */
const keyOf = (parts: ReadonlyArray<string>): string => {
  const hash = createHash("sha256")
  // Lengths first: no two lists of parts are the same text.
  for (const part of parts) hash.update(`${part.length}:${part}`)
  return hash.digest("hex").slice(0, 32)
}
