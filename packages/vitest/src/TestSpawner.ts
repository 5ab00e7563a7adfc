/**
 * A `ChildSpawner` whose children are scripts, in the time of Effect's clock.
 */
import type * as Command from "@effect/platform/Command"
import type { CommandExecutor } from "@effect/platform/CommandExecutor"
import * as ChildCommandExecutor from "@tether/process/ChildCommandExecutor"
import type { LaunchFailure, LaunchRequest } from "@tether/process/ChildDriver"
import type { ChildOptions } from "@tether/process/ChildOptions"
import * as ChildSpawner from "@tether/process/ChildSpawner"
import type { SpawnError } from "@tether/process/SpawnError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { failureOf, makeDriver } from "./internal/fake/driver.js"
import { noScript, noScriptFor } from "./internal/noScript.js"
import { isProgram, matches, wordsOf } from "./internal/rules.js"
import type { Script } from "./Script.js"
import type { TestChild } from "./TestChild.js"

/**
 * A script for all calls that a rule matches, or one for each: `nth` counts them from 0.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 * import type { ScriptFor } from "@tether/vitest/TestSpawner"
 *
 * const failsOnce: ScriptFor = (_, nth) => Script.make(Script.exit(nth === 0 ? 1 : 0))
 * ```
 */
export type ScriptFor = Script | ((request: LaunchRequest, nth: number) => Script)

/**
 * Which commands a script is for: those with exactly these words, those of a program, or those that a predicate takes.
 * `name` is what the rule is called when no rule matches a command. Or: which programs are really run.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 * import type { Rule } from "@tether/vitest/TestSpawner"
 *
 * const rule: Rule = {
 *   _tag: "Scripted",
 *   name: "git",
 *   matches: (request) => request.program === "git",
 *   script: Script.make()
 * }
 * ```
 */
export type Rule =
  | {
      readonly _tag: "Scripted"
      readonly name: string
      readonly matches: (request: LaunchRequest) => boolean
      readonly script: ScriptFor
    }
  | { readonly _tag: "Passthrough"; readonly programs: ReadonlyArray<string> }

/**
 * For a command of exactly these words: the program, and its arguments.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 * import * as TestSpawner from "@tether/vitest/TestSpawner"
 *
 * const rule = TestSpawner.exactly(["git", "rev-parse", "HEAD"], Script.make(Script.stdout("5ca1ab1e\n")))
 * ```
 */
export const exactly = (words: readonly [string, ...Array<string>], script: ScriptFor): Rule => ({
  _tag: "Scripted",
  name: words.join(" "),
  matches: (request) => matches(request, words),
  script
})

/**
 * For all commands of a program, by its name or by its whole path.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 * import * as TestSpawner from "@tether/vitest/TestSpawner"
 *
 * const rule = TestSpawner.program("docker", Script.refuse("NotFound"))
 * ```
 */
export const program = (name: string, script: ScriptFor): Rule => ({
  _tag: "Scripted",
  name,
  matches: (request) => isProgram(request.program, name),
  script
})

/**
 * For the commands that a predicate takes; `name` is for people.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 * import * as TestSpawner from "@tether/vitest/TestSpawner"
 *
 * const rule = TestSpawner.when("a push", ({ args }) => args[0] === "push", Script.make(Script.exit(128)))
 * ```
 */
export const when = (name: string, predicate: (request: LaunchRequest) => boolean, script: ScriptFor): Rule => ({
  _tag: "Scripted",
  name,
  matches: predicate,
  script
})

/**
 * For every command.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 * import * as TestSpawner from "@tether/vitest/TestSpawner"
 *
 * const nothingFails = TestSpawner.layer(TestSpawner.always(Script.make()))
 * ```
 */
export const always = (script: ScriptFor): Rule => when("any command", () => true, script)

/**
 * These programs are really run, by the spawner of {@link layerOver}, unless a rule before this one has a script for
 * the command. A pipeline is, if all of its programs are.
 *
 * @example
 * ```ts
 * import * as TestSpawner from "@tether/vitest/TestSpawner"
 *
 * const rule = TestSpawner.passthrough("git", "node")
 * ```
 */
export const passthrough = (...programs: ReadonlyArray<string>): Rule => ({ _tag: "Passthrough", programs })

/**
 * A spawner of scripted children, and what it knows of them.
 *
 * - `children`: all that were started, in order. What was refused or passed through is none of them.
 * - `last`: the one that was started last; `childOf` the last one whose command begins with these words. Where there is
 *   none, an error that says which there are.
 * - `layer`: the spawner, and this, as services.
 *
 * @example
 * ```ts
 * import type { Scripted } from "@tether/vitest/TestSpawner"
 *
 * const hasPushed = (spawner: Scripted) => spawner.childOf("git", "push").status !== undefined
 * ```
 */
export interface Scripted {
  readonly children: ReadonlyArray<TestChild>
  readonly last: TestChild
  readonly childOf: (...words: ReadonlyArray<string>) => TestChild
  readonly layer: Layer.Layer<ChildSpawner.ChildSpawner | TestSpawner>
}

/**
 * What a test asks for what has become of its children.
 *
 * @example
 * ```ts
 * import { TestSpawner } from "@tether/vitest/TestSpawner"
 * import * as Effect from "effect/Effect"
 *
 * const signals = Effect.map(TestSpawner, (spawner) => spawner.last.signals)
 * ```
 */
export class TestSpawner extends Context.Tag("@tether/vitest/TestSpawner")<TestSpawner, Scripted>() {}

/**
 * A spawner by itself, for tests that look at its children from outside of the program. The first rule that matches a
 * command decides. A command that runs in a shell is the command `/bin/sh -c …`. One that none matches is a defect of
 * the test: an error that cannot be handled by mistake, which names the command, the rule that is closest to it, and
 * all others.
 *
 * @example
 * ```ts
 * import * as Script from "@tether/vitest/Script"
 * import * as TestSpawner from "@tether/vitest/TestSpawner"
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Command from "@effect/platform/Command"
 * import * as Effect from "effect/Effect"
 *
 * const spawner = TestSpawner.make(
 *   TestSpawner.program("make", Script.make(Script.stderr("no rule\n"), Script.exit(2)))
 * )
 * const error = Supervise.run(Command.make("make", "all")).pipe(Effect.flip, Effect.provide(spawner.layer))
 * ```
 */
export const make = (...rules: ReadonlyArray<Rule>): Scripted => over(rules, undefined)

/**
 * A layer of scripted children, made anew whenever it is built. The children play in the time of Effect's clock: under
 * `TestClock` a wait of five seconds is over when the clock is adjusted by them, and takes no time.
 *
 * A script that writes for ever to somebody who reads for ever never lets virtual time go on, until the test runs into
 * its own time limit: give it a wait, or an end.
 *
 * @example
 * ```ts
 * import { it } from "@effect/vitest"
 * import * as Command from "@effect/platform/Command"
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Script from "@tether/vitest/Script"
 * import * as TestSpawner from "@tether/vitest/TestSpawner"
 * import * as Effect from "effect/Effect"
 *
 * it.effect("reads the commit", () =>
 *   Supervise.string(Command.make("git", "rev-parse", "HEAD")).pipe(
 *     Effect.provide(TestSpawner.layer(TestSpawner.program("git", Script.make(Script.stdout("5ca1ab1e\n")))))
 *   ))
 * ```
 */
export const layer = (...rules: ReadonlyArray<Rule>): Layer.Layer<ChildSpawner.ChildSpawner | TestSpawner> =>
  Layer.suspend(() => make(...rules).layer)

/**
 * {@link layer}, where the programs of {@link passthrough} are started by another spawner, such as that of
 * `NodeChildSpawner.layer`. Those live in real time. Limits that agents have beside the child's own are measured by the
 * clock of the fiber, of these as of the scripted ones.
 *
 * @example
 * ```ts
 * import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
 * import * as Script from "@tether/vitest/Script"
 * import * as TestSpawner from "@tether/vitest/TestSpawner"
 *
 * const layer = TestSpawner.layerOver(
 *   NodeChildSpawner.layer,
 *   TestSpawner.passthrough("git"),
 *   TestSpawner.program("docker", Script.make(Script.exit(1)))
 * )
 * ```
 */
export const layerOver = <E, R>(
  real: Layer.Layer<ChildSpawner.ChildSpawner, E, R>,
  ...rules: ReadonlyArray<Rule>
): Layer.Layer<ChildSpawner.ChildSpawner | TestSpawner, E, R> =>
  Layer.flatMap(real, (services) => over(rules, Context.get(services, ChildSpawner.ChildSpawner)).layer)

/**
 * {@link layer}, with a `CommandExecutor` over the same children: for programs that use `Command` of
 * `@effect/platform`.
 *
 * @example
 * ```ts
 * import * as Command from "@effect/platform/Command"
 * import * as Script from "@tether/vitest/Script"
 * import * as TestSpawner from "@tether/vitest/TestSpawner"
 * import * as Effect from "effect/Effect"
 *
 * const version = Command.string(Command.make("git", "--version")).pipe(
 *   Effect.provide(
 *     TestSpawner.executorLayer(TestSpawner.program("git", Script.make(Script.stdout("git version 2.39\n"))))
 *   )
 * )
 * ```
 */
export const executorLayer = (
  ...rules: ReadonlyArray<Rule>
): Layer.Layer<CommandExecutor | ChildSpawner.ChildSpawner | TestSpawner> =>
  Layer.provideMerge(ChildCommandExecutor.layer, layer(...rules))

const over = (rules: ReadonlyArray<Rule>, real: Spawner | undefined): Scripted => {
  const children: Array<TestChild> = []
  const counts = new Map<Rule, number>()
  const ruleFor = (request: LaunchRequest) =>
    rules.find((rule) =>
      rule._tag === "Scripted" ? rule.matches(request) : rule.programs.some((name) => isProgram(request.program, name))
    )
  const unmatched = (request: LaunchRequest) => noScriptFor(request, rules.flatMap(namesOf))
  const scriptFor = (request: LaunchRequest): Script | LaunchFailure => {
    const rule = ruleFor(request)
    if (rule?._tag !== "Scripted") return unmatched(request)
    const nth = counts.get(rule) ?? 0
    counts.set(rule, nth + 1)
    const script = typeof rule.script === "function" ? rule.script(request, nth) : rule.script
    if (typeof script !== "object")
      throw new Error(`the rule for "${rule.name}" gives no script for its call number ${nth}`)
    return script
  }
  /** What can be told without counting the call. */
  const refusal = (request: LaunchRequest): LaunchFailure | undefined => {
    const rule = ruleFor(request)
    if (rule?._tag !== "Scripted") return unmatched(request)
    return typeof rule.script === "object" && rule.script._tag === "Refused" ? failureOf(rule.script) : undefined
  }
  const scripted = ChildSpawner.make(makeDriver(scriptFor, refusal, (child) => children.push(child)))

  /** Whose it is. Between a script and a real program there is no pipe. */
  const choose = (command: Command.Command, options?: ChildOptions): Spawner => {
    const requests = Either.match(ChildSpawner.plan(command, options), {
      onLeft: () => [],
      onRight: (plan) => plan.requests
    })
    const passed = requests.filter((request) => ruleFor(request)?._tag === "Passthrough")
    if (passed.length === 0) return scripted
    if (real === undefined) throw new Error("passthrough needs a real spawner: give it to TestSpawner.layerOver")
    if (passed.length < requests.length) {
      const programs = requests.map((request) => request.program).join(" | ")
      throw new Error(
        `a pipeline is scripted or passed through as a whole, and of ${programs} not all are passed through`
      )
    }
    return real
  }
  const loudly = <A, R>(effect: Effect.Effect<A, SpawnError, R>): Effect.Effect<A, SpawnError, R> =>
    Effect.catchIf(
      effect,
      (error) => error.code === noScript,
      (error) => Effect.die(new Error(error.problems.join("\n")))
    )

  const spawner = ChildSpawner.ChildSpawner.of({
    clock: scripted.clock,
    spawn: (command, options) => Effect.suspend(() => loudly(choose(command, options).spawn(command, options))),
    acquire: (command, options) => Effect.suspend(() => loudly(choose(command, options).acquire(command, options)))
  })
  const childOf = (...words: ReadonlyArray<string>): TestChild => {
    const found = children.findLast((child) => matches(child.request, words, words.length))
    if (found === undefined)
      throw new Error(
        `no child was started${words.length === 0 ? "" : ` for "${words.join(" ")}"`}; ${startedOnes(children)}`
      )
    return found
  }
  const service: Scripted = {
    children,
    childOf,
    get last() {
      return childOf()
    },
    get layer() {
      return Layer.merge(Layer.succeed(ChildSpawner.ChildSpawner, spawner), Layer.succeed(TestSpawner, service))
    }
  }
  return service
}

type Spawner = ChildSpawner.ChildSpawner["Type"]

const namesOf = (rule: Rule): ReadonlyArray<string> => (rule._tag === "Scripted" ? [rule.name] : rule.programs)

const startedOnes = (children: ReadonlyArray<TestChild>): string =>
  children.length === 0
    ? "none was at all"
    : "there were " + children.map((child) => `"${wordsOf(child.request).join(" ")}"`).join(", ")
