/**
 * What is said of a want of memory, and what is not.
 */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, expect, it } from "@effect/vitest"
import { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as ExitJournal from "@tether/journal/ExitJournal"
import type { Child } from "@tether/process/Child"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Script from "@tether/vitest/Script"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"

/** What the system shows, by path. */
type Shown = Record<string, string>

const journal = (shown: Shown) =>
  Layer.provide(
    ExitJournal.layerMemory,
    Layer.merge(
      FileSystem.layerNoop({
        readFileString: (path) =>
          Effect.suspend(() => {
            const text = shown[path]
            return text === undefined ? FileSystem.makeNoop({}).readFileString(path) : Effect.succeed(text)
          })
      }),
      Layer.succeed(ProcessIdentity, {
        identify: () => Effect.succeed(Option.none()),
        liveness: () => Effect.succeed("unknown" as const)
      })
    )
  )

const pid = 10_000_001

const system = (): Shown => ({
  "/proc/vmstat": "nr_free_pages 1\noom_kill 5\n",
  "/proc/self/cgroup": "0::/ours\n",
  [`/proc/${pid}/cgroup`]: "0::/ours\n",
  "/sys/fs/cgroup/ours/memory.events": "oom 0\noom_kill 0\n",
  "/sys/fs/cgroup/app/memory.events": "oom 0\noom_kill 2\n"
})

type Happens = (child: Child) => Effect.Effect<unknown, unknown>

/** The oom field of the record of one that lives for a minute, during which things happen, and then ends so. */
const oomOf = (shown: Shown, happens: Happens, ...end: ReadonlyArray<Script.Step>) =>
  Effect.gen(function* () {
    const { oom } = yield* Effect.gen(function* () {
      const child = yield* Supervise.start(Command.make("it"))
      yield* TestClock.adjust("50 millis")
      yield* happens(child)
      yield* TestClock.adjust("60 seconds")
      yield* Effect.exit(child.report)
      return Option.getOrThrow(yield* Effect.flatMap(ExitJournal.ExitJournal, (each) => each.lastExit("it")))
    }).pipe(
      Effect.scoped,
      Effect.provide(journal(shown)),
      Effect.provide(TestSpawner.layer(TestSpawner.always(Script.make(Script.wait("60 seconds"), ...end))))
    )
    return oom
  })

/** Right before the end. */
const counted =
  (shown: Shown, path: string, text: string): Happens =>
  () =>
    Effect.map(TestClock.adjust("59900 millis"), () => {
      shown[path] = text
    })

describe("a want of memory", () => {
  it.effect("is certain where the process's own cgroup has just counted it", () =>
    Effect.gen(function* () {
      const shown = { ...system(), [`/proc/${pid}/cgroup`]: "0::/app\n" }
      const oom = yield* oomOf(
        shown,
        counted(shown, "/sys/fs/cgroup/app/memory.events", "oom_kill 3\n"),
        Script.die("SIGKILL")
      )
      expect(oom).toMatchObject({ certainty: "certain" })
    })
  )

  it.effect.each([100, 1000, 15_000])(
    "is certain where the process has come into its cgroup late: %i ms after its start",
    (delay) =>
      Effect.gen(function* () {
        const shown = system()
        const placedAndKilled: Happens = () =>
          Effect.gen(function* () {
            yield* TestClock.adjust(delay)
            shown[`/proc/${pid}/cgroup`] = "0::/app\n"
            yield* TestClock.adjust(59_900 - delay)
            shown["/sys/fs/cgroup/app/memory.events"] = "oom_kill 3\n"
          })
        expect(yield* oomOf(shown, placedAndKilled, Script.die("SIGKILL"))).toMatchObject({ certainty: "certain" })
      })
  )

  it.effect("is certain by a cgroup of version 1, too", () =>
    Effect.gen(function* () {
      const shown = {
        ...system(),
        [`/proc/${pid}/cgroup`]: "5:cpu,memory:/app\n0::/\n",
        "/sys/fs/cgroup/memory/app/memory.oom_control": "under_oom 0\noom_kill 0\n"
      }
      const oom = yield* oomOf(
        shown,
        counted(shown, "/sys/fs/cgroup/memory/app/memory.oom_control", "oom_kill 1\n"),
        Script.die("SIGKILL")
      )
      expect(oom).toMatchObject({ certainty: "certain" })
    })
  )

  it.effect("is probable where the machine has just counted one", () =>
    Effect.gen(function* () {
      const shown = system()
      const oom = yield* oomOf(shown, counted(shown, "/proc/vmstat", "oom_kill 6\n"), Script.die("SIGKILL"))
      expect(oom).toMatchObject({ certainty: "probable" })
    })
  )

  it.effect(
    "is not said of a kill that was counted long before the death, or in the cgroup that it shares with us",
    () =>
      Effect.gen(function* () {
        const shown = system()
        const inOurs = counted(shown, "/sys/fs/cgroup/ours/memory.events", "oom_kill 3\n")
        const longBefore: Happens = (child) => {
          shown["/proc/vmstat"] = "oom_kill 6\n"
          return inOurs(child)
        }
        expect(yield* oomOf(shown, longBefore, Script.die("SIGKILL"))).toBeUndefined()
      })
  )

  it.effect("is not said of another signal, or of a kill that was ours", () =>
    Effect.gen(function* () {
      const shown = system()
      expect(yield* oomOf(shown, counted(shown, "/proc/vmstat", "oom_kill 6\n"), Script.die("SIGSEGV"))).toBeUndefined()
      const again = system()
      const beforeOurKill: Happens = (child) =>
        Effect.zipRight(counted(again, "/proc/vmstat", "oom_kill 6\n")(child), child.stop(StopPlan.kill))
      expect(yield* oomOf(again, beforeOurKill)).toBeUndefined()
    })
  )

  it.effect("is probable by the last words of V8", () =>
    Effect.gen(function* () {
      const words = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n"
      expect(yield* oomOf(system(), () => Effect.void, Script.stderr(words), Script.die("SIGABRT"))).toMatchObject({
        certainty: "probable"
      })
      expect(yield* oomOf(system(), () => Effect.void, Script.stderr(words), Script.exit(134))).toMatchObject({
        certainty: "probable"
      })
      expect(
        yield* oomOf(system(), () => Effect.void, Script.stderr("out of memory\n"), Script.die("SIGABRT"))
      ).toBeUndefined()
      expect(
        yield* oomOf(system(), () => Effect.void, Script.stderr(`grep: ${words}`), Script.die("SIGABRT"))
      ).toBeUndefined()
      expect(yield* oomOf(system(), () => Effect.void, Script.stderr(words), Script.exit(0))).toBeUndefined()
      expect(
        yield* oomOf(system(), (child) => child.stop(StopPlan.kill), Script.stderr(words), Script.exit(0))
      ).toBeUndefined()
    })
  )

  it.effect("is not said where the system shows nothing", () =>
    Effect.gen(function* () {
      expect(yield* oomOf({}, () => Effect.void, Script.die("SIGKILL"))).toBeUndefined()
    })
  )
})
