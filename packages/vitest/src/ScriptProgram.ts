/**
 * A script as a real program: the same steps, done by a process of its own, for whatever must be seen to be the same.
 */
import * as Command from "@effect/platform/Command"
import type { LaunchRequest } from "@tether/process/ChildDriver"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { fileURLToPath } from "node:url"
import * as Script from "./Script.js"
import * as TestSpawner from "./TestSpawner.js"

const player = fileURLToPath(new URL("../programs/play.mjs", import.meta.url))

const json = Schema.parseJson(Script.schema)

// Linux takes no longer single argument than 128 KiB.
const longest = 120 * 1024

/**
 * A command that does what the script says, by Node: it takes as long to start as any program of Node does, and then
 * its waits are real. It is of no use for a `Freeze`, which no program can do, nor for a script that is longer than 120
 * KiB as JSON, which no command line holds: these are refused by an exception.
 *
 * @example
 * ```ts
 * import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Script from "@tether/vitest/Script"
 * import * as ScriptProgram from "@tether/vitest/ScriptProgram"
 * import * as Effect from "effect/Effect"
 *
 * const script = Script.make(Script.ignore("SIGTERM"), Script.stdout("up\n"), Script.hang)
 * const program = Supervise.use(ScriptProgram.toCommand(script), {}, () => Effect.sleep("1 second")).pipe(
 *   Effect.provide(NodeChildSpawner.layer)
 * )
 * ```
 */
export const toCommand = (script: Script.Running): Command.Command => {
  const text = Schema.encodeSync(json)(script)
  const size = Buffer.byteLength(text)
  if (size > longest) throw new Error(`a script of ${size} bytes is too long for a command line; use Script.repeat`)
  if (text.includes(`"_tag":"Freeze"`))
    throw new Error("a real program cannot freeze: Script.freeze is for TestSpawner alone")
  return Command.make(process.execPath, player, text)
}

const scriptOf = ({ args }: LaunchRequest): Script.Script =>
  Either.getOrElse(Schema.decodeUnknownEither(json)(args[1]), (error) =>
    Script.refuse("InvalidArgument", error.message)
  )

/**
 * Plays the commands of {@link toCommand} in virtual time: one test can then be run against a real spawner and against
 * a scripted one.
 *
 * @example
 * ```ts
 * import * as ScriptProgram from "@tether/vitest/ScriptProgram"
 * import * as TestSpawner from "@tether/vitest/TestSpawner"
 *
 * const layer = TestSpawner.layer(ScriptProgram.rule)
 * ```
 */
export const rule: TestSpawner.Rule = TestSpawner.when(
  "a script as a program",
  ({ args, program }) => program === process.execPath && args[0] === player,
  scriptOf
)
