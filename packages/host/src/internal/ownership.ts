/**
 * The rule by which a path is trusted, on owners and modes alone: no other user may be able to put something else
 * there.
 *
 * Each directory on the way belongs to the current user or to root, and is not writable for others. In a sticky
 * directory such as `/tmp`, others may create entries, and only the owner of an entry can remove or rename it: there
 * the entry itself must belong to the current user or to root.
 *
 * Only modes are looked at. A POSIX access list shows in the group bits of the mode; those of macOS do not.
 */
import * as TerminalText from "../TerminalText.js"

/** What `stat` tells of an entry of a directory. */
export interface Entry {
  readonly path: string
  readonly uid: number
  readonly gid: number
  /** With the sticky bit. */
  readonly mode: number
}

/** What decides who is another user. */
export interface Self {
  readonly uid: number
  /**
   * The user to whom everything seems to belong whose owner has no number in this user namespace, or `undefined` where
   * all owners have one. In a rootless container without a root of its own, `/` belongs to it.
   */
  readonly overflowUid: number | undefined
  /** Whether a group has members besides the user of the same number. */
  readonly hasOthers: (gid: number) => boolean
}

/** Whether it belongs to the current user or to root. */
export const isOwn = ({ uid }: Pick<Entry, "uid">, self: Pick<Self, "uid">): boolean => uid === self.uid || uid === 0

/** Why an entry of another user is not used. */
export const ownerProblem = ({ uid }: Pick<Entry, "uid">): string =>
  `it belongs to user ${uid}, must belong to the current user or root`

/** As `chmod` takes it. */
export const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, "0")

/**
 * Whether others can create entries in a directory. Many distributions give each user a group of the same number, and
 * make directories writable for it (umask 002): such a group is no other user, as long as it has no other members.
 */
export const isShared = ({ gid, mode, uid }: Entry, { hasOthers }: Self): boolean =>
  (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && (gid !== uid || hasOthers(gid)))

/** Why others can write to a directory, and what to do. */
export const sharedProblem = ({ mode, path, uid }: Entry, remedy = "chmod go-w"): string =>
  `other users can write to ${TerminalText.quote(path)} (owner ${uid}, mode ${octal(mode)}); ` +
  `run ${remedy} on it, or choose another directory`

/**
 * Why another user can replace an entry of a directory, or `undefined`. Without an entry: one that is still to be
 * created, exclusively.
 *
 * A directory of the overflow user counts as one of root: it can only be reached through directories in which nobody
 * but root, or the current user, can make it.
 */
export const replaceProblem = (directory: Entry, entry: Entry | undefined, self: Self): string | undefined => {
  if (!isOwn(directory, self) && directory.uid !== self.overflowUid)
    return (
      `${TerminalText.quote(directory.path)} belongs to user ${directory.uid} (mode ${octal(directory.mode)}), ` +
      `must belong to the current user or root; choose another directory`
    )
  if (!isShared(directory, self)) return undefined
  if ((directory.mode & 0o1000) === 0) return sharedProblem(directory, "chmod go-w, or chmod +t,")
  if (entry === undefined || isOwn(entry, self)) return undefined
  return (
    `${TerminalText.quote(entry.path)} belongs to user ${entry.uid} (mode ${octal(entry.mode)}) ` +
    `in a directory for all, must belong to the current user or root; choose another directory`
  )
}
