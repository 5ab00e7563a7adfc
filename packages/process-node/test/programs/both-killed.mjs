// In a pid namespace of its own: a host and its reaper are killed together, and another program starts a child. Tells
// who lived before and after, and what was logged.
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const textOf = (path) => {
  try {
    return readFileSync(path, "latin1")
  } catch {
    return ""
  }
}
const pids = () => readdirSync("/proc").map(Number).filter(Number.isInteger)
const commands = () =>
  pids()
    .filter((pid) => !/\) [ZX] /.test(textOf(`/proc/${pid}/stat`)))
    .map((pid) => textOf(`/proc/${pid}/cmdline`).split("\0").join(" ").trim())
    .filter((command) => command.startsWith("sleep"))
    .sort()

const keeper = (...children) => {
  const path = fileURLToPath(new URL("keeper.mjs", import.meta.url))
  return spawn(process.execPath, [path, JSON.stringify({ children })], { stdio: ["ignore", "pipe", "inherit"] })
}

const killed = keeper(
  { sh: "trap '' TERM; setsid sleep 31 & sleep 32" },
  { program: "sleep", args: ["33"], options: { containment: "none" } }
)
await once(killed.stdout, "data")
const reaper = pids().find((pid) => textOf(`/proc/${pid}/cmdline`).includes("tether-reaper"))
const living = keeper({ program: "sleep", args: ["34"] })
await once(living.stdout, "data")
while (commands().length < 4) await new Promise((resolve) => setTimeout(resolve, 5))

// Stopped, the host starts no other reaper.
killed.kill("SIGSTOP")
process.kill(reaper, "SIGKILL")
killed.kill("SIGKILL")
await once(killed, "exit")
const before = commands()

const logged = []
await Effect.runPromise(
  Supervise.run(Command.make("true")).pipe(
    Effect.provide(NodeChildSpawner.layer),
    Effect.provide(
      Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ message }) => void logged.push(String(message)))
      )
    )
  )
)
let after = commands()
for (let tries = 0; tries < 200 && after.length > 2; tries++) {
  await new Promise((resolve) => setTimeout(resolve, 5))
  after = commands()
}
console.log(JSON.stringify({ before, after, logged }))
process.exit()
