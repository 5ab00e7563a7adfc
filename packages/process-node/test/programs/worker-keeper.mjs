// The host of keeper.mjs in a worker thread, with the same argument.
import { once } from "node:events"
import { Worker } from "node:worker_threads"

await once(new Worker(new URL("keeper.mjs", import.meta.url), { argv: process.argv.slice(2) }), "exit")
