/**
 * A folder of a peer's own. A promise, because a peer is one (`Peer` in Row.ts).
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export const inFolder = async <A>(use: (folder: string) => Promise<A>, parent = tmpdir()): Promise<A> => {
  const folder = mkdtempSync(join(parent, "tether-benchmark-"))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  // A sample that gets a signal ends in the middle.
  process.once("exit", remove)
  try {
    return await use(folder)
  } finally {
    remove()
    process.off("exit", remove)
  }
}

const memory = "/dev/shm"

/**
 * In memory, where there is such a file system. On a disk, what is measured would be how many files were deleted just
 * before: ext4 without a journal looks at each of them before it creates the next.
 */
export const inMemory = <A>(use: (folder: string) => Promise<A>): Promise<A> =>
  inFolder(use, existsSync(memory) ? memory : tmpdir())
