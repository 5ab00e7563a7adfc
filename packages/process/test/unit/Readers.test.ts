/**
 * Readers of lines: where they begin, what they get, and how lines that they missed are counted.
 */
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as Script from "@tether/vitest/Script"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestContext from "effect/TestContext"
import type { Child, Lagged, OutputLine, ReadOptions } from "../../src/Child.js"
import * as ChildObserver from "../../src/ChildObserver.js"
import type { ChildSpawner } from "../../src/ChildSpawner.js"
import type { SpawnError } from "../../src/SpawnError.js"
import * as Supervise from "../../src/Supervise.js"

type Item = OutputLine | Lagged
type StandardStream = "stdout" | "stderr"

const turn = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})
/** Lets every fiber do what it can do. */
const settled = Effect.repeatN(turn, 20)

const scripted = () => TestSpawner.make(TestSpawner.always(Script.make(Script.hang)))
const command = Command.make("it")
const kib = "x".repeat(1023)
const collected = (stream: Stream.Stream<Item>) => Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)
const shown = (items: ReadonlyArray<Item>) =>
  items.map((item) => (item._tag === "Line" ? item.text.slice(0, 10) : item.dropped))

/** A child that does what the test plays. */
const reading = <A, E>(f: (child: Child, spawner: TestSpawner.Scripted) => Effect.Effect<A, E>) => {
  const spawner = scripted()
  return Effect.scoped(Effect.flatMap(Supervise.start(command), (child) => f(child, spawner))).pipe(
    Effect.provide(spawner.layer)
  )
}

describe("the first reader", () => {
  it.effect("begins at the start, whenever it comes", () =>
    reading((child, spawner) =>
      Effect.gen(function* () {
        yield* spawner.last.play(Script.stdout("one\n"), Script.stderr("two\n"), Script.stdout("three\n"))
        yield* settled
        const reader = yield* Effect.fork(collected(child.lines))
        yield* settled
        yield* spawner.last.play(Script.stdout("four\n"), Script.exit(0))
        expect(shown(yield* Fiber.join(reader))).toEqual(["one", "two", "three", "four"])
      })
    )
  )

  it.effect("may come after the child has gone", () =>
    reading((child, spawner) =>
      Effect.gen(function* () {
        yield* spawner.last.play(Script.stdout("one\ntwo\n"), Script.stderr("three"), Script.exit(0))
        yield* child.gone
        expect(shown(yield* collected(child.lines))).toEqual(["one", "two", "three"])
        expect(shown(yield* collected(child.lines))).toEqual([])
      })
    )
  )

  it.effect("is another one for each stream", () =>
    reading((child, spawner) =>
      Effect.gen(function* () {
        yield* spawner.last.play(Script.stdout("one\n"), Script.stderr("two\n"))
        yield* settled
        const ofStdout = yield* Effect.fork(collected(child.stdout))
        yield* settled
        const ofBoth = yield* Effect.fork(collected(child.lines))
        yield* settled
        yield* spawner.last.play(Script.stdout("three\n"), Script.exit(0))
        expect(shown(yield* Fiber.join(ofStdout))).toEqual(["one", "three"])
        expect(shown(yield* Fiber.join(ofBoth))).toEqual(["two", "three"])
      })
    )
  )

  it.effect("begins with the number of lost lines when more than 64 KiB came before it", () =>
    reading((child, spawner) =>
      Effect.gen(function* () {
        yield* spawner.last.play(...Array.from({ length: 100 }, (_, at) => Script.stdout(`${at} ${kib.slice(4)}\n`)))
        // What one stream has written takes no room of the other's.
        yield* spawner.last.play(Script.stderr("early\n"), Script.exit(0))
        yield* child.gone
        expect(spawner.last.isHeldBack).toBe(false)
        const [first, ...lines] = yield* collected(child.stdout)
        if (first?._tag !== "Lagged") throw new Error("there is no Lagged")
        expect(lines.length).toBeGreaterThanOrEqual(64)
        expect(first.dropped + lines.length).toBe(100)
        expect(shown(lines)[0]).toMatch(new RegExp(`^${first.dropped} x`))
        expect(shown(yield* collected(child.stderr))).toEqual(["early"])
      })
    )
  )

  it.effect("is each reader that subscribes in the same turn; a reader of a later turn is not", () =>
    reading((child, spawner) =>
      Effect.gen(function* () {
        yield* spawner.last.play(Script.stdout("one\n"))
        yield* settled
        const readers = yield* Effect.fork(
          Effect.all([collected(child.lines), collected(child.read({ replay: 0 })), collected(child.stdout)], {
            concurrency: "unbounded"
          })
        )
        yield* settled
        const late = yield* Effect.fork(collected(child.lines))
        yield* settled
        yield* spawner.last.play(Script.stdout("two\n"), Script.exit(0))
        expect((yield* Fiber.join(readers)).map(shown)).toEqual([["one", "two"], ["two"], ["one", "two"]])
        expect(shown(yield* Fiber.join(late))).toEqual(["two"])
      })
    )
  )

  it.effect("is not a question, a relay or onLines", () => {
    const spawner = scripted()
    const options = { stdin: "pipe", relay: true, onLines: { stdout: () => Effect.void } } as const
    return Effect.gen(function* () {
      const child = yield* Supervise.start(command, options)
      yield* spawner.last.play(Script.stdout("hello\n"))
      yield* settled
      const asked = yield* Effect.fork(child.ask("what?", () => true))
      yield* settled
      yield* spawner.last.play(Script.readLine("what?"), Script.stdout("that\n"))
      expect(shown(yield* Fiber.join(asked))).toEqual(["that"])
      yield* spawner.last.play(Script.exit(0))
      expect(shown(yield* collected(child.lines))).toEqual(["hello", "that"])
    }).pipe(Effect.scoped, Effect.provide(spawner.layer))
  })
})

describe("readers", () => {
  interface Write {
    readonly _tag: "Write"
    readonly stage: number
    readonly stream: StandardStream
    readonly lines: number
    readonly size: number
  }
  interface Read {
    readonly _tag: "Read"
    readonly streams: ReadonlyArray<StandardStream>
    readonly onSlow: "suspend" | "drop"
    readonly replay: number | undefined
    /** It gives way to the others after each chunk. */
    readonly isSlow: boolean
  }
  /** What is done in one turn of the event loop. */
  type Act = Write | ReadonlyArray<Read>

  const stream = fc.constantFrom<StandardStream>("stdout", "stderr")
  const write = fc.record({
    _tag: fc.constant("Write" as const),
    stage: fc.nat(2),
    stream,
    lines: fc.integer({ min: 1, max: 40 }),
    size: fc.constantFrom(0, 20, 1000, 5000)
  })
  const read = fc.record({
    _tag: fc.constant("Read" as const),
    streams: fc.constantFrom<ReadonlyArray<StandardStream>>(["stdout"], ["stderr"], ["stdout", "stderr"]),
    onSlow: fc.constantFrom<"suspend" | "drop">("suspend", "drop"),
    replay: fc.constantFrom(undefined, undefined, 0, 7),
    isSlow: fc.boolean()
  })
  const act: fc.Arbitrary<Act> = fc.oneof(
    { weight: 3, arbitrary: write },
    { weight: 2, arbitrary: fc.array(read, { minLength: 1, maxLength: 3 }) }
  )

  class Server extends Context.Tag("Server")<Server, Child>() {}
  type Starting = <A>(
    command: Command.Command,
    gate: Effect.Effect<void>,
    f: (child: Child) => Effect.Effect<A>
  ) => Effect.Effect<A, SpawnError | Error, ChildSpawner>
  const observedBy = (spawned: Effect.Effect<void>) =>
    ChildObserver.layer({ spawned: () => spawned, exited: () => Effect.void, gone: () => Effect.void })

  /** The ways to a handle. Each waits until the gate opens. */
  const ways: Readonly<Record<string, Starting>> = {
    start: (it, gate, f) => Effect.provide(Effect.scoped(Effect.flatMap(Supervise.start(it), f)), observedBy(gate)),
    use: (it, gate, f) => Effect.provide(Supervise.use(it, { expect: [0] }, f), observedBy(gate)),
    layer: (it, gate, f) =>
      Effect.provide(Effect.flatMap(Server, f), Layer.mergeAll(Supervise.layer(Server, it), Layer.effectDiscard(gate)))
  }

  const stagesOf = (count: number) =>
    Array.from({ length: count - 1 }).reduce<Command.Command>(
      (all) => Command.pipeTo(all, Command.make("it")),
      Command.make("it")
    )

  const sumOf = (counts: ReadonlyArray<number>) => counts.reduce((sum, each) => sum + each, 0)

  it.effect("get every line from where they begin, or the number of lines that they missed", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...Object.keys(ways)),
          fc.integer({ min: 1, max: 3 }),
          fc.array(write, { maxLength: 5 }),
          fc.array(act, { maxLength: 12 }),
          (way, stages, before, acts) =>
            // Its clock stands still: nothing here may be waited for by time.
            holds(ways[way] as Starting, stages, before, acts).pipe(
              Effect.provide(TestContext.TestContext),
              Effect.runPromise
            )
        ),
        { numRuns: 150 }
      )
    )
  )

  const holds = (start: Starting, stages: number, before: ReadonlyArray<Write>, acts: ReadonlyArray<Act>) =>
    Effect.gen(function* () {
      const spawner = scripted()
      const written = { stdout: 0, stderr: 0 }
      const isRead = { stdout: false, stderr: false }
      const checks: Array<Effect.Effect<void>> = []
      /** Two stages write to two pipes: only the lines of one pipe have an order. */
      const pipes = new Map<string, { next: number }>()
      const placesOf = (stage: number, stream: StandardStream) => {
        const pipe = pipes.get(`${stage} ${stream}`) ?? { next: 0 }
        pipes.set(`${stage} ${stream}`, pipe)
        return pipe
      }

      const doWrite = ({ lines, size, stage, stream }: Write) =>
        Effect.suspend(() => {
          const last = spawner.children.length - 1
          const at = Math.min(stage, last)
          // What another stage writes to its stdout is for the next one.
          const to = at === last && spawner.children.length === stages ? stream : "stderr"
          written[to] += lines
          const texts = Array.from({ length: lines }, () => `${at} ${placesOf(at, to).next++} ${"x".repeat(size)}\n`)
          return spawner.children[at]?.play(Script[to](texts.join(""))) ?? Effect.void
        })

      const doRead = (child: Child, { isSlow, onSlow, replay, streams }: Read) =>
        Effect.gen(function* () {
          const options: ReadOptions = { streams, onSlow, replay }
          const starts = Object.fromEntries(
            streams.map((each) => [each, replay === undefined && !isRead[each] ? 0 : written[each]])
          )
          const items: Array<Item> = []
          const reader = yield* Effect.fork(
            Stream.runForEachChunk(child.read(options), (chunk) =>
              Effect.zipRight(
                Effect.sync(() => items.push(...chunk)),
                isSlow ? turn : Effect.void
              )
            )
          )
          checks.push(
            Effect.map(Fiber.join(reader), () => {
              const lagged = sumOf(items.map((item) => (item._tag === "Lagged" ? item.dropped : 0)))
              const missed = streams.map((each) => {
                const texts = items.flatMap((item) => (item._tag === "Line" && item.stream === each ? [item.text] : []))
                for (let stage = 0; stage < stages; stage++) {
                  const places = texts
                    .filter((text) => text.startsWith(`${stage} `))
                    .map((text) => Number(text.split(" ")[1]))
                  const end = placesOf(stage, each).next
                  expect(places).toEqual(places.toSorted((a, b) => a - b))
                  if (onSlow === "suspend")
                    expect(places).toEqual(places.map((_, index) => end - places.length + index))
                }
                return written[each] - (starts[each] as number) - texts.length
              })
              if (replay !== undefined && replay > 0)
                return expect(sumOf(missed)).toBeGreaterThanOrEqual(lagged - replay)
              expect(lagged).toBe(sumOf(missed))
              if (onSlow === "suspend") expect(items.slice(1).every(({ _tag }) => _tag === "Line")).toBe(true)
            })
          )
        })

      const gate = yield* Effect.makeLatch(false)
      const body = (child: Child) =>
        Effect.gen(function* () {
          for (const act of acts) {
            if ("_tag" in act) yield* doWrite(act)
            else {
              yield* Effect.forEach(act, (each) => doRead(child, each))
              for (const each of act.flatMap(({ streams }) => streams)) isRead[each] = true
            }
            yield* settled
          }
          for (const each of spawner.children) yield* each.play(Script.exit(0))
          yield* Effect.all(checks)
        })
      const program = yield* Effect.fork(Effect.provide(start(stagesOf(stages), gate.await, body), spawner.layer))
      yield* settled
      for (const each of before) yield* Effect.zipRight(doWrite(each), settled)
      yield* gate.open
      yield* Fiber.join(program)
    })
})
