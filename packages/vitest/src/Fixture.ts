/**
 * Tiny programs that behave as programs do in the field: those that ignore signals, hold pipes, flood, die.
 */
import * as Command from "@effect/platform/Command"
import { fileURLToPath } from "node:url"

/**
 * The names of the fixtures. What each of them does is in the table of `fixtures/README.md`.
 *
 * @example
 * ```ts
 * import type { Name } from "@tether/vitest/Fixture"
 *
 * const stubborn: Name = "ignores-term"
 * ```
 */
export type Name =
  | "answers-questions"
  | "closes-stdout"
  | "copies-input"
  | "dies-by-signal"
  | "escapes-group"
  | "exits-before-reading"
  | "fails-with-stderr"
  | "floods-stderr"
  | "floods-stdout"
  | "holds-pipe"
  | "ignores-term"
  | "leaves-group-member"
  | "listens"
  | "prints-crlf-split"
  | "prints-lines"
  | "prints-no-newline"
  | "prints-utf8-split"
  | "says-goodbye"
  | "stops-itself"
  | "waits"

/**
 * The path of a fixture's file, or of a file beside them, such as `"agents/claude-text-turn.stdout.jsonl"`.
 *
 * @example
 * ```ts
 * import * as Fixture from "@tether/vitest/Fixture"
 *
 * const recorded = Fixture.path("agents/codex-text-turn.stdout.jsonl")
 * ```
 */
export const path = (file: string): string => fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url))

/**
 * The command that runs a fixture, by its interpreter: the file need not be executable.
 *
 * @example
 * ```ts
 * import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Fixture from "@tether/vitest/Fixture"
 * import * as Effect from "effect/Effect"
 *
 * const program = Supervise.run(Fixture.command("fails-with-stderr", "7")).pipe(Effect.provide(NodeChildSpawner.layer))
 * ```
 */
export const command = (name: Name, ...args: ReadonlyArray<string>): Command.Command =>
  name === "listens"
    ? Command.make(process.execPath, path(`${name}.mjs`), ...args)
    : Command.make("sh", path(`${name}.sh`), ...args)
