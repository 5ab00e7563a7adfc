/**
 * A sample of one peer, or of several: `node sample.js '[{ "name": …, "passes": …, "work": … }]'`. Prints the passes of
 * each as one line of JSON, the last one: libraries may log.
 *
 * A sample is a process of its own, so that none runs in the heap, the compiled code and the collector's mood that
 * another has left behind, and one that fails takes nobody with it. In it the work is done several times over: Effect's
 * runtime is some hundred functions, and until they are compiled a pass takes longer than it will.
 *
 * Promises and no effects: what surrounds a peer must not measure Effect's runtime with it (`Peer` in Row.ts).
 */
import { startHerd } from "./herd.js"
import { peers } from "./peers.js"
import { type Pass, type Peer, Unavailable, type Work } from "./Row.js"

interface Asked {
  readonly name: string
  readonly passes: number
  readonly work: Work
}

const pass = async (peer: Peer, work: Work): Promise<Pass> => {
  const cpu = process.cpuUsage()
  const begun = performance.now()
  const seen = await peer(work)
  const wallMillis = seen.millis ?? performance.now() - begun
  const { system, user } = process.cpuUsage(cpu)
  return { wallMillis, cpuMillis: seen.cpuMillis ?? (user + system) / 1000, seen }
}

const endings = new Set<() => void>()
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143]
] as const) {
  process.once(signal, () => {
    for (const end of endings) end()
    process.exit(code)
  })
}

const take = async ({ name, passes, work }: Asked): Promise<ReadonlyArray<Pass>> => {
  const peer = peers[name]
  if (peer === undefined) throw new Error(`there is no peer ${name}`)
  const endHerd = await startHerd(work.foreign)
  endings.add(endHerd)
  try {
    const taken: Array<Pass> = []
    while (taken.length < passes) taken.push(await pass(peer, work))
    return taken
  } finally {
    endHerd()
    endings.delete(endHerd)
  }
}

const taken: Array<ReadonlyArray<Pass> | { readonly unavailable: string }> = []
for (const asked of JSON.parse(process.argv[2] ?? "[]") as ReadonlyArray<Asked>) {
  taken.push(
    await take(asked).catch((error: unknown) => {
      if (error instanceof Unavailable) return { unavailable: error.message }
      throw error
    })
  )
}
// By itself it would wait for what a killed child has left open.
process.stdout.write(`\n${JSON.stringify(taken)}\n`, () => process.exit())
