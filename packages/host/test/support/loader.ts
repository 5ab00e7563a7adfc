import * as Effect from "effect/Effect"
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"

/**
 * A module behind a symbolic link in a directory that the loader knows, and a function that tells whether
 * the loader follows the link. Node 20 and 22 do not while the last `stat` in numbers was that of a pipe or a socket.
 */
export const linkedModule = Effect.acquireRelease(
  Effect.sync(() => makeLinked()),
  ({ remove }) => Effect.sync(remove)
)

const makeLinked = () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "tether-loader-")))
  const require = createRequire(join(root, "index.js"))
  mkdirSync(join(root, "real"))
  writeFileSync(join(root, "real", "index.js"), "module.exports = __filename")
  symlinkSync("real", join(root, "link"))
  writeFileSync(join(root, "first.js"), "")
  require(join(root, "first.js"))
  // What an earlier test has looked at does not count.
  statSync(root)
  return {
    isFollowed: (): boolean => require(join(root, "link")) === join(root, "real", "index.js"),
    remove: () => rmSync(root, { recursive: true })
  }
}
