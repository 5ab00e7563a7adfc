/**
 * Processes that sleep beside a sample and have nothing to do with it: what a search has to look at in vain.
 *
 * Promises and no effects: what surrounds a peer must not measure Effect's runtime with it (`Peer` in Row.ts).
 */
import { spawn } from "node:child_process"
import { end, findUntil, marked, newMark } from "./oracle.js"
import { herd } from "./programs.js"

/** Starts so many, and answers with what ends them. */
export const startHerd = async (count: number): Promise<() => void> => {
  if (count === 0) return () => undefined
  const mark = newMark()
  spawn("sh", ["-c", herd(count)], { env: { ...process.env, ...marked(mark) }, stdio: "ignore" })
  const all = await findUntil(mark, (found) => found.filter(({ command }) => command === "sleep 300").length === count)
  return () => end(all)
}
