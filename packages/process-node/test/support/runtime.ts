import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/**
 * Runs `body` with the environment for hosts in a pid namespace. No host outside can tell whether such a host lives, so
 * its record is kept for a week: here in a runtime directory that is removed after `body`.
 */
export const withRuntimeDirectory = async <A>(
  body: (env: NodeJS.ProcessEnv, directory: string) => Promise<A>
): Promise<A> => {
  const directory = mkdtempSync(join(tmpdir(), "tether-runtime-"))
  try {
    return await body({ ...process.env, TETHER_RUNTIME_DIR: directory }, directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
