// The directory that this program runs in is gone: how the starts of programs end. It prints one line of JSON.
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const directory = mkdtempSync(join(tmpdir(), "tether-gone-"))
process.chdir(directory)
rmSync(directory, { recursive: true })

const env = { PATH: "bin:/usr/bin:/bin" }
const cat = Command.make("cat")
const runs = {
  relative: Supervise.run(Command.make("./x")),
  first: Supervise.run(Command.pipeTo(Command.make("./x"), cat)),
  last: Supervise.run(Command.pipeTo(Command.make("true"), Command.make("./x"))),
  onPath: Supervise.run(Command.make("true"), { env }),
  pipeline: Supervise.run(Command.pipeTo(Command.make("true"), cat), { env }),
  descriptors: Supervise.run(Command.make("true"), { env, fds: { 3: "null", 4: "null" } }),
  missing: Supervise.run(Command.make("nope"), { env }),
  elsewhere: Supervise.run(Command.make("true"), { cwd: "/", env }),
  file: Supervise.run(Command.make("true"), { stdout: { file: "out" } })
}

const ends = {}
for (const [name, run] of Object.entries(runs)) {
  ends[name] = await Effect.runPromise(
    Effect.match(run, {
      onFailure: (error) => `${error.reason}: ${error.problems.join("; ")}`,
      onSuccess: () => "ok"
    }).pipe(
      Effect.catchAllDefect((defect) => Effect.succeed(`DEFECT ${defect}`)),
      Effect.provide(NodeChildSpawner.layer)
    )
  )
}
console.log(JSON.stringify(ends))
