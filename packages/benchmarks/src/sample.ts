/**
 * One sample: `node sample.js PEER PASSES WORK`, where WORK is JSON. Prints its passes as one line of JSON.
 *
 * A sample is a process of its own, so that none runs in the heap, the compiled code and the collector's mood that
 * another has left behind, and one that fails takes nobody with it. In it the work is done several times over: Effect's
 * runtime is some hundred functions, and until they are compiled a pass takes longer than it will.
 */
import { peers } from "./peers.js"
import type { Pass, Work } from "./Row.js"

const [name = "", count = "1", text = "{}"] = process.argv.slice(2)
const work = JSON.parse(text) as Work
const peer = peers[name]
if (peer === undefined) throw new Error(`there is no peer ${name}`)

const pass = async (): Promise<Pass> => {
  const cpu = process.cpuUsage()
  const begun = performance.now()
  const seen = await peer(work)
  const wallMillis = performance.now() - begun
  const { system, user } = process.cpuUsage(cpu)
  return { wallMillis, cpuMillis: (user + system) / 1000, seen }
}

const passes: Array<Pass> = []
while (passes.length < Number(count)) passes.push(await pass())
console.log(JSON.stringify(passes))
