/**
 * `kill -9` of a host, and how long what it has started lives on. The same for every library: what differs is the host.
 *
 * Promises and no effects: what surrounds a peer must not measure Effect's runtime with it (`Peer` in Row.ts).
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { awaitEnd, end, findUntil, later, marked, newMark } from "../oracle.js"
import { packageFile } from "../packageFile.js"
import { familySize, isShell, isSleep } from "../programs.js"
import type { Peer } from "../Row.js"

const hostProgram = packageFile("dist/host.bundle.mjs")

/** What lives after so long is left alive, and ended here. */
const bound = 1000

export const killed =
  (library: "tether" | "execa" | "platform"): Peer =>
  async ({ processes }) => {
    const mark = newMark()
    const children = processes / familySize
    const host = spawn(process.execPath, [hostProgram, library, String(children)], {
      env: { ...process.env, ...marked(mark) },
      stdio: ["ignore", "ignore", "inherit"]
    })
    const ended = once(host, "exit")
    const found = await findUntil(
      mark,
      (found) => found.filter(isShell).length === children && found.filter(isSleep).length === processes - children
    )
    const tree = found.filter(({ pid }) => pid !== host.pid)
    // Whoever was told of the last child has had the time to hear it.
    await later(50)
    const begun = performance.now()
    host.kill("SIGKILL")
    const left = awaitEnd(tree, bound)
    const millis = performance.now() - begun
    end(tree)
    await ended
    return { lines: 0, characters: 0, spawns: tree.length, millis, left }
  }
