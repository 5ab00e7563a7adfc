// Worker threads that each run the command given as arguments, and end: how many zombies has the program then?
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import { once } from "node:events"
import { readdirSync, readFileSync } from "node:fs"
import { isMainThread, Worker } from "node:worker_threads"

const states = () =>
  readdirSync("/proc").flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
      const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
      return parent === String(process.pid) ? [state] : []
    } catch {
      return []
    }
  })

if (isMainThread) {
  for (let index = 0; index < 3; index++) {
    await once(new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) }), "exit")
  }
  // Whoever the system has yet to take over: a zombie of ours would stay.
  for (let tries = 0; tries < 400 && states().length > 0; tries++)
    await new Promise((resolve) => setTimeout(resolve, 5))
  console.log(JSON.stringify(states()))
} else {
  const [program, ...args] = process.argv.slice(2)
  await Effect.runPromise(Supervise.run(Command.make(program, ...args)).pipe(Effect.provide(NodeChildSpawner.layer)))
}
