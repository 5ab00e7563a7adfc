/**
 * One sample: `node sample.js PEER PASSES WORK`, where WORK is JSON. Prints its passes as one line of JSON, the last one:
 * libraries may log.
 *
 * A sample is a process of its own, so that none runs in the heap, the compiled code and the collector's mood that
 * another has left behind, and one that fails takes nobody with it. In it the work is done several times over: Effect's
 * runtime is some hundred functions, and until they are compiled a pass takes longer than it will.
 */
import { startHerd } from "./herd.js"
import { peers } from "./peers.js"
import { type Pass, Unavailable, type Work } from "./Row.js"

const [name = "", count = "1", text = "{}"] = process.argv.slice(2)
const work = JSON.parse(text) as Work
const peer = peers[name]
if (peer === undefined) throw new Error(`there is no peer ${name}`)

const pass = async (): Promise<Pass> => {
  const cpu = process.cpuUsage()
  const begun = performance.now()
  const seen = await peer(work)
  const wallMillis = seen.millis ?? performance.now() - begun
  const { system, user } = process.cpuUsage(cpu)
  return { wallMillis, cpuMillis: (user + system) / 1000, seen }
}

const take = async (): Promise<ReadonlyArray<Pass>> => {
  const endHerd = await startHerd(work.foreign)
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    process.once(signal, () => {
      endHerd()
      process.exit(code)
    })
  }
  try {
    const passes: Array<Pass> = []
    while (passes.length < Number(count)) passes.push(await pass())
    return passes
  } finally {
    endHerd()
  }
}

const taken = await take().catch((error: unknown) => {
  if (error instanceof Unavailable) return { unavailable: error.message }
  throw error
})
// By itself it would wait for what a killed child has left open.
process.stdout.write(`\n${JSON.stringify(taken)}\n`, () => process.exit())
