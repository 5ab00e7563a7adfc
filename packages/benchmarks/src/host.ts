/**
 * The host that is killed: `node host.js LIBRARY CHILDREN`. Starts children as a user of the library would, each of
 * them with processes of its own below it, and keeps them.
 */
import * as Execa from "./peers/execa.js"
import * as Platform from "./peers/platform.js"
import * as Tether from "./peers/tether.js"

const keepers: Readonly<Record<string, (children: number) => void>> = {
  tether: Tether.keep,
  execa: Execa.keep,
  platform: Platform.keep
}

const [library = "", children = "0"] = process.argv.slice(2)
const keep = keepers[library]
if (keep === undefined) throw new Error(`there is no library ${library}`)
// If nobody kills it.
setTimeout(() => process.exit(1), 60_000)
keep(Number(children))
