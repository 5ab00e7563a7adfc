// Started with descriptors that nobody gave to its children: which of them has the open file of the test at which
// number? The argument is a part of that file's name. Built code and plain JavaScript, so that no loader opens
// descriptors of its own.
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as NodeCommandExecutor from "@tether/process-node/NodeCommandExecutor"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs"

const [, , mark] = process.argv

const linkOf = (path) => {
  try {
    return readlinkSync(path)
  } catch {
    return ""
  }
}

/** The numbers at which a process has the file of the test, and those above 2 at which it has anything else. */
const held = (pid) => {
  const numbers = readdirSync(`/proc/${pid}/fd`).map(Number)
  const links = numbers.sort((one, other) => one - other).map((fd) => [fd, linkOf(`/proc/${pid}/fd/${fd}`)])
  return links.flatMap(([fd, link]) => (fd <= 2 ? [] : link.includes(mark) ? [`${fd} file`] : [`${fd} ${link}`]))
}

const reapers = () =>
  readdirSync("/proc").filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
      const parent = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]
      return parent === String(process.pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("tether-reaper")
    } catch {
      return false
    }
  })

const heldBy = (options, command = Command.make("sleep", "60")) =>
  Supervise.use(command, options, (child) => Effect.sync(() => held(child.pid)))

/** What a program has at the end of its start, as it tells itself: "3 -> /proc/7/fd". */
const list = Command.make("ls", "-l", "/proc/self/fd")
const listed = (text) => text.split("\n").flatMap((line) => / (\d+) -> (.*)$/.exec(line)?.slice(1).join(" ") ?? [])

const program = Effect.gen(function* () {
  const children = {
    plain: yield* heldBy({}),
    uncontained: yield* heldBy({ containment: "none" }),
    "with descriptors": yield* heldBy({ fds: { 5: "null", 100: "null" } }),
    "with pipes": yield* heldBy({ pipes: "fifo" }),
    stage: listed(yield* Supervise.string(list.pipe(Command.pipeTo(Command.make("cat"))))),
    executor: listed(yield* Effect.provide(Command.string(list), NodeCommandExecutor.layer))
  }
  const given = yield* heldBy({ fds: { 200: "inherit" } })
  const named = yield* heldBy({}, Command.make("sh", "-c", "exec sleep 60", "--from=/dev/fd/63"))
  // Node gives the number away again, now with close-on-exec.
  closeSync(200)
  for (let fd = 0; fd < 200; fd = openSync("/dev/zero", "r"));
  return { children, reapers: reapers().map(held), given, named, reused: yield* heldBy({}) }
})

const answer = await Effect.runPromise(Effect.provide(program, NodeChildSpawner.layer))
process.stdout.write(`\nanswer ${JSON.stringify(answer)}\n`)
