/**
 * The names in a spool directory.
 *
 * ```
 * <name>.jsonl          to be drained
 * <name>.live.jsonl     still being written, and left alone
 * state/<name>.jsonl    how far a file was drained, and when it is tried again
 * claims/<id>/          the files that one drainer is at, and claims/<id>.lock, which names it
 * dead/                 files that were tried often enough
 * audit.log             what was dropped because there was too much
 *
 * .<name>.<random>.tmp  not written to its end yet
 * .<name>.<id>.drop     being dropped
 * state/<name>.<id>.odd what stood in the place of a state, and was none
 * ```
 */
import { createHash } from "node:crypto"

export const stateDirectory = "state"
export const claimsDirectory = "claims"
export const deadDirectory = "dead"
export const auditFile = "audit.log"

const extension = ".jsonl"

/** Whether a file is to be drained, by its name. */
export const isReady = (name: string): boolean =>
  name.endsWith(extension) && !name.startsWith(".") && !name.endsWith(`.live${extension}`)

/** Whether a file is still being written, by its name. */
export const isLive = (name: string): boolean => name.endsWith(`.live${extension}`) && !name.startsWith(".")

/** The name that a live file gets when it is complete. */
export const retiredName = (name: string, now: number): string =>
  lengthened(name.replace(/\.live\.jsonl$/, extension), `.live-${now}`)

/** The longest name that a file may have, in bytes. */
const longestName = 255

/** A name with something at its end. What is too long for that loses what stands before. */
export const lengthened = (name: string, addition: string): string => {
  const ending = `${addition}${extension}`
  const characters = [...name.replace(/\.jsonl$/, "")]
  while (Buffer.byteLength(`${characters.join("")}${ending}`) > longestName) characters.pop()
  return `${characters.join("")}${ending}`
}

export const fileName = (name: string): string => `${name}${extension}`

/** Unfinished files begin with a dot and have the ending of `AtomicFile`. */
export const isTemporary = (name: string): boolean => /^\..*\.[0-9a-f]{24}\.tmp$/.test(name)

/**
 * The same for a name that must always be the same for one text, and never for another: where something of the text is
 * lost, it has a hash as well.
 */
export const uniqueName = (text: string): string => {
  const safe = safeName(text)
  return safe === text ? safe : `${safe}.${createHash("sha256").update(text).digest("hex").slice(0, 12)}`
}

/** The longest part of a name that comes from outside, in bytes: with what is added, a name may have 255. */
const longest = 100

/**
 * A text as the beginning of a file name: what could lead elsewhere, hide the file or upset a terminal is replaced, and
 * it has a length that every file system takes.
 */
export const safeName = (text: string): string => {
  const safe = text
    .replace(/[^A-Za-z0-9._-]/g, "_")
    .replace(/^[.-]/, "_")
    .slice(0, longest)
  return safe === "" ? "_" : safe
}

/** A name may be so long and still be given an ending, in bytes. */
const longestOfState = 200

/** The name of the state of a file. A temporary name is made of it, which must not be too long. */
export const stateName = (name: string): string =>
  Buffer.byteLength(name) <= longestOfState
    ? name
    : `long.${createHash("sha256").update(name).digest("hex")}${extension}`

/** What stood in the place of a state, and was none. */
export const oddEnding = ".odd"

/** What there is too much of. */
export type Cap = "age" | "files" | "bytes"

/** The name of a file while it is dropped; the id tells since when. */
export const droppedName = (name: string, cap: Cap, id: string): string => `.${stateName(name)}.${cap}.${id}.drop`

/** What such a name tells, if it is one. */
export const droppedFrom = (
  name: string
): { readonly name: string; readonly cap: Cap; readonly id: string } | undefined => {
  const [, dropped, cap, id] = /^\.(.*)\.(age|files|bytes)\.([0-9A-Z]{26})\.drop$/s.exec(name) ?? []
  if (dropped === undefined || id === undefined) return undefined
  return cap === "age" || cap === "files" || cap === "bytes" ? { name: dropped, cap, id } : undefined
}
