/**
 * The file by which a host is on record as having lived.
 */
import { describe, expect, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { mkdirSync, rmdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { program } from "../support/hosts.js"
import { name, ownRuntime } from "../support/records.js"

const runtime = ownRuntime()
const modeOf = (path: string) => statSync(path).mode & 0o777

describe("a record", () => {
  it.each(["0777", "0277", "0000"])("has its modes whatever the umask is: %s", (umask) => {
    const script = `process.umask(0o${umask}); import(process.argv[1]).then(({ OwnRecord }) => OwnRecord.write("${name}"))`
    const module = new URL("../../dist/internal/hostRecord.js", import.meta.url).href
    execFileSync(process.execPath, ["-e", script, module], {
      env: { ...process.env, TETHER_RUNTIME_DIR: join(runtime(), "new/deep") }
    })
    const places = ["new", "new/deep", "new/deep/hosts", `new/deep/hosts/${name}`]
    expect(places.map((path) => modeOf(join(runtime(), path)))).toEqual([0o700, 0o700, 0o700, 0o600])
  })

  const isRoot = process.geteuid?.() === 0
  if (!isRoot) console.log("skipped: records and directories of another user, because only root can make them")

  it.skipIf(!isRoot)("that cannot be written anywhere is missed in the log, once", () => {
    const taken = "/tmp/tether-65533"
    mkdirSync(taken, { mode: 0o700 })
    try {
      const { TETHER_RUNTIME_DIR: _own, XDG_RUNTIME_DIR: _runtime, ...env } = process.env
      const words = ["--reuid", "65533", "--regid", "65533", "--clear-groups", process.execPath, program("refused.mjs")]
      const output = execFileSync("setpriv", words, { encoding: "utf8", env: { ...env, TETHER_TREE: "" } })
      expect(output.match(/could not be put on record as a host of children.*Set TETHER_RUNTIME_DIR/g)).toHaveLength(1)
    } finally {
      rmdirSync(taken)
    }
  })
})
