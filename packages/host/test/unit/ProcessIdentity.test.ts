import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ProcessIdentity from "../../src/ProcessIdentity.js"
import * as ProcStat from "../../src/ProcStat.js"

/** A file system of texts: what is not among them does not exist, and what is `undefined` may not be read. */
const files = (texts: Record<string, string | undefined>) => {
  const failure = (path: string, reason: "NotFound" | "PermissionDenied") =>
    new PlatformError.SystemError({ reason, module: "FileSystem", method: "read", pathOrDescriptor: path })
  const read = (path: string) => {
    if (!(path in texts)) return Effect.fail(failure(path, "NotFound"))
    const text = texts[path]
    return text === undefined ? Effect.fail(failure(path, "PermissionDenied")) : Effect.succeed(text)
  }
  return FileSystem.layerNoop({
    readFileString: read,
    readLink: read,
    exists: (path) => Effect.succeed(path in texts)
  })
}

const stat = (pid: number, state: string, ticks: string) =>
  `${pid} (some (odd) name) ${state} 1 ${pid} ${pid} 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 ${ticks} 0 0\n`

const linux = {
  "/proc/sys/kernel/random/boot_id": "boot-1\n",
  "/proc/self/ns/pid": "pid:[1]",
  "/proc/1/stat": stat(1, "S", "1")
}

const ask = <A>(
  texts: Record<string, string | undefined>,
  f: (service: ProcessIdentity.ProcessIdentity["Type"]) => Effect.Effect<A>
) =>
  Effect.flatMap(ProcessIdentity.ProcessIdentity, f).pipe(
    Effect.provide(Layer.provide(ProcessIdentity.layer, files(texts)))
  )

const identity = { pid: 7, startToken: "100", bootId: "boot-1", pidNamespace: "pid:[1]" }

describe("ProcessIdentity", () => {
  it.effect("tells a process by pid, start token, boot and namespace", () =>
    Effect.gen(function* () {
      const found = yield* ask({ ...linux, "/proc/7/stat": stat(7, "S", "100") }, (service) => service.identify(7))
      expect(found).toEqual(Option.some(identity))
      expect(yield* ask(linux, (service) => service.identify(7))).toEqual(Option.none())
    })
  )

  it.effect.each<
    [string, Record<string, string | undefined>, Partial<ProcessIdentity.Identity>, ProcessIdentity.Liveness]
  >([
    ["the same process runs", { ...linux, "/proc/7/stat": stat(7, "S", "100") }, {}, "alive"],
    ["it is stopped", { ...linux, "/proc/7/stat": stat(7, "T", "100") }, {}, "alive"],
    ["it is a zombie", { ...linux, "/proc/7/stat": stat(7, "Z", "100") }, {}, "gone"],
    ["it is not there", linux, {}, "gone"],
    ["another process has its pid", { ...linux, "/proc/7/stat": stat(7, "S", "999") }, {}, "gone"],
    ["the machine was booted since", { ...linux, "/proc/7/stat": stat(7, "S", "100") }, { bootId: "boot-0" }, "gone"],
    ["it lives in another pid namespace", linux, { pidNamespace: "pid:[2]" }, "unknown"],
    ["its stat may not be read", { ...linux, "/proc/7/stat": undefined }, {}, "unknown"],
    ["its stat makes no sense", { ...linux, "/proc/7/stat": "?" }, {}, "unknown"],
    ["/proc hides others", { ...linux, "/proc/1/stat": undefined }, {}, "gone"],
    ["there is no /proc", {}, { bootId: undefined, pidNamespace: undefined }, "unknown"]
  ])("answers when %s", ([, texts, change, liveness]) =>
    Effect.gen(function* () {
      expect(yield* ask(texts, (service) => service.liveness({ ...identity, ...change }))).toBe(liveness)
    })
  )

  it.effect("does not take a hidden process for a dead one", () => {
    const { "/proc/1/stat": _, ...hidden } = linux
    return Effect.gen(function* () {
      expect(yield* ask(hidden, (service) => service.liveness(identity))).toBe("unknown")
    })
  })
})

describe("ProcStat", () => {
  it("counts fields from the last parenthesis of the name", () => {
    expect(ProcStat.parse(stat(7, "S", "100"))).toEqual({
      pid: 7,
      name: "some (odd) name",
      state: "S",
      parent: 1,
      group: 7,
      session: 7,
      terminal: 0,
      foregroundGroup: -1,
      exiting: false,
      startTicks: "100",
      environmentAt: "0",
      isKernelThread: false
    })
  })

  it.each(["", "7", "7 (x", "x) (7", "7 (x) S 1"])("is undefined for %j", (text) => {
    expect(ProcStat.parse(text)).toBeUndefined()
  })
})
