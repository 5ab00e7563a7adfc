import { join } from "node:path"
import { startGroup } from "./processGroup.mjs"

const busyLoop = join(import.meta.dirname, "busyLoop.mjs")

/** Starts what runs beside the tests. `stop` ends it, and returns what was wrong with it, if anything. */
export const startLoad = (kind, cores, output) => {
  if (kind === "busy") return busyLoops(cores, output)
  if (kind === "bench") return benchmarks(output)
  return { stop: async () => undefined }
}

const busyLoops = (cores, output) => {
  const loops = Array.from({ length: cores }, () => startGroup(process.execPath, [busyLoop], output))
  return {
    stop: async () => {
      const early = loops.filter((loop) => loop.hasEnded()).length
      await Promise.all(loops.map((loop) => loop.stop()))
      return early === 0 ? undefined : `${early} of ${cores} busy loops ended before the tests: ${output}`
    }
  }
}

/** Runs the quick benchmarks again and again, because one pass is shorter than the tests. `stop` waits for the last. */
const benchmarks = (output) => {
  const stopping = new AbortController()
  const repeat = async () => {
    while (!stopping.signal.aborted) {
      const { code } = await startGroup("npm", ["run", "bench", "--", "--quick"], output).ended
      if (code !== 0) return `The benchmarks failed with exit code ${code}: ${output}`
    }
    return undefined
  }
  const repeated = repeat()
  return {
    stop: () => {
      stopping.abort()
      return repeated
    }
  }
}
