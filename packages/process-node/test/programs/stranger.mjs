// In a pid namespace of few pids: lets somebody else have the pid of a child that has ended, and tells what became of
// the stranger. The first argument says who might signal it by mistake: "handle" or "reaper".
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import { ChildSpawner } from "@tether/process/ChildSpawner"
import * as StopPlan from "@tether/process/StopPlan"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const isAlive = (pid) => {
  try {
    return !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return false
  }
}

/** Starts processes until one of them has this pid. It leads a group of its own, as a child of ours would. */
const strangerAt = (pid) =>
  new Promise((resolve, reject) => {
    let tries = 0
    const next = () => {
      if (tries++ > 4000) return reject(new Error(`nobody was given the pid ${pid}`))
      const each = spawn("sleep", ["1020"], { detached: true, stdio: "ignore" })
      if (each.pid === pid) resolve(each)
      else each.once("exit", next).kill("SIGKILL")
    }
    next()
  })

const until = async (what, holds) => {
  const deadline = Date.now() + 60_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const throughHandle = () =>
  Effect.gen(function* () {
    const spawner = yield* ChildSpawner
    const { child } = yield* spawner.acquire(Command.make("true"))
    yield* child.gone
    const stranger = yield* Effect.promise(() => strangerAt(child.pid))
    const told = yield* child.signal("SIGKILL")
    yield* child.stop(StopPlan.kill)
    yield* Effect.sleep("100 millis")
    const lives = isAlive(stranger.pid)
    stranger.kill("SIGKILL")
    return { told, lives }
  }).pipe(Effect.provide(NodeChildSpawner.layer), Effect.runPromise)

const throughReaper = async () => {
  const keeper = fileURLToPath(new URL("keeper.mjs", import.meta.url))
  const host = spawn(process.execPath, [keeper, JSON.stringify({ children: [{ program: "sleep", args: ["1019"] }] })], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  let output = ""
  host.stdout.on("data", (chunk) => (output += chunk))
  await until("the host is up", () => output.includes("up "))
  const command = (pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "latin1")
    } catch {
      return ""
    }
  }
  const pids = readdirSync("/proc").map(Number).filter(Number.isInteger)
  const reaper = pids.find((pid) => command(pid).includes("tether-reaper"))
  const child = pids.find((pid) => command(pid) === "sleep\x001019\0")
  // Neither the host nor its reaper can act while the child's pid goes to somebody else.
  process.kill(reaper, "SIGSTOP")
  process.kill(host.pid, "SIGSTOP")
  process.kill(child, "SIGKILL")
  process.kill(host.pid, "SIGKILL")
  await until("the child is reaped", () => command(child) === "" && !readdirSync("/proc").includes(String(child)))
  const stranger = await strangerAt(child)
  process.kill(reaper, "SIGCONT")
  await until("the reaper has done its work", () => !isAlive(reaper))
  const lives = isAlive(stranger.pid)
  stranger.kill("SIGKILL")
  return { told: false, lives }
}

console.log(JSON.stringify(await (process.argv[2] === "handle" ? throughHandle() : throughReaper())))
