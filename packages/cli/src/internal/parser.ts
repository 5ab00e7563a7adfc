/**
 * The surroundings in which `@effect/cli` parses. It wants a terminal, a file system and paths, for dialogs and for
 * options that are files. `tether` has neither; and Node's terminal would open our stdin, which makes a pipe
 * non-blocking for the child too, which has the same one with `--stdin`.
 */
import * as CliConfig from "@effect/cli/CliConfig"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Terminal from "@effect/platform/Terminal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Outlets } from "./outlets.js"

const quit = new Terminal.QuitException()

export const layer = Layer.mergeAll(
  CliConfig.layer({ isCaseSensitive: true }),
  FileSystem.layerNoop({}),
  Path.layer,
  Layer.succeed(
    Terminal.Terminal,
    Terminal.Terminal.of({
      columns: Effect.succeed(80),
      rows: Effect.succeed(24),
      isTTY: Effect.succeed(false),
      readInput: Effect.die(quit),
      readLine: Effect.fail(quit),
      display: () => Effect.void
    })
  )
)

/** What is wrong is told by us, in one way, and not by the parser. */
export const quietly =
  (outlets: Outlets) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.consoleWith((console) =>
      Effect.withConsole(effect, {
        ...console,
        error: () => Effect.void,
        log: (...texts) =>
          Effect.sync(() => {
            for (const line of texts.join(" ").split("\n")) outlets.out.push(line)
          })
      })
    )
