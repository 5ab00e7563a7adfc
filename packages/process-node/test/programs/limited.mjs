// Runs a child where that must fail, and prints the reason.
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { execFileSync } from "node:child_process"
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs"

const what = process.argv[2]
let command = Command.make("true")
if (what === "user")
  command = Object.assign(Object.create(Object.getPrototypeOf(command)), command, {
    uid: Option.some(1),
    gid: Option.some(1)
  })
if (what === "processes") execFileSync("prlimit", ["--pid", String(process.pid), "--nproc=1:1"])

const taken = []
let isLimited = false
const takeAll = () => {
  if (!isLimited) execFileSync("prlimit", ["--pid", String(process.pid), "--nofile=200:200"])
  isLimited = true
  try {
    while (true) taken.push(openSync("/dev/null"))
  } catch {
    // There are no more.
  }
}
if (what === "descriptors") takeAll()

/** A child that leaves something in its group, while this program has no descriptor left to look at it with. */
const leftover = Effect.scoped(
  Effect.gen(function* () {
    const child = yield* Supervise.start(Command.make("sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!; exec sleep 0.3"))
    yield* Effect.sync(takeAll)
    const report = yield* child.gone
    const pid = Number(report.stdout.tail)
    taken.forEach((fd) => closeSync(fd))
    const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1][0] : "gone"
    return pid > 0 && (state === "gone" || state === "Z") ? "nothing left" : `${pid} is ${state}`
  })
).pipe(Effect.provide(NodeChildSpawner.layer))

/** How many descriptors each failed start has left open, for every number of them that is free when it begins. */
const few = Effect.gen(function* () {
  const count = () => readdirSync("/proc/self/fd").length
  const starts = {
    run: Supervise.run(command),
    "with more descriptors": Supervise.run(command, { fds: { 5: "lines", 90: "lines", 91: "null" } }),
    "with pipes": Supervise.run(command, { pipes: "fifo" }),
    pipeline: Supervise.run(Command.pipeTo(command, command))
  }
  const left = []
  const tryWith = (free, name) =>
    Effect.gen(function* () {
      const before = count()
      takeAll()
      for (let i = 0; i < free; i++) closeSync(taken.pop())
      const result = yield* Effect.either(starts[name])
      for (const fd of taken.splice(0)) closeSync(fd)
      // What ends as it should does so within some turns of the loop.
      for (let turn = 0; turn < 500 && count() !== before; turn++) yield* Effect.sleep("2 millis")
      if (count() !== before) left.push(`${name} with ${free} free: ${count() - before}`)
      return result._tag === "Right" ? "started" : `${result.left.reason} ${result.left.code}`
    })
  // Not even the reaper can be started.
  const results = [yield* tryWith(2, "run"), yield* tryWith(3, "run")]
  yield* Supervise.run(command)
  for (const name of Object.keys(starts)) {
    for (let free = 2; free <= 14; free++) results.push(yield* tryWith(free, name))
  }
  return JSON.stringify({ left, results: [...new Set(results)].sort() })
}).pipe(Effect.provide(NodeChildSpawner.layer))

const reason = Supervise.run(command).pipe(
  Effect.match({
    onFailure: (error) => `${error.reason} ${error.code}`,
    onSuccess: () => "it worked"
  }),
  Effect.provide(NodeChildSpawner.layer)
)

Effect.runPromise({ leftovers: leftover, few }[what] ?? reason).then((text) => process.stdout.write(`${text}\n`))
