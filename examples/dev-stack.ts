// The main job: a server, a worker and a build step, supervised together. Lines are relayed live behind aligned labels;
// the build fails, as it is meant to, and says why; everything is stopped in order; and a table tells how each ended.
//
// It exits with 0 when all of that went as intended, the failed build included; with 1 when it did not; and with 130
// when it was interrupted, after its children were stopped.
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import type { Child } from "@tether/process/Child"
import * as ChildObserver from "@tether/process/ChildObserver"
import type { ExitReport } from "@tether/process/ExitReport"
import * as ExitStatus from "@tether/process/ExitStatus"
import * as RelayLogger from "@tether/process/RelayLogger"
import * as Supervise from "@tether/process/Supervise"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { summary } from "./support/summary.js"

const program = (name: string) => Command.make("node", `${import.meta.dirname}/programs/${name}.mjs`)

/** What the server says once it is ready. If it ends before, that is the failure, with its last words. */
const addressOf = (server: Child) =>
  server.stdout.pipe(
    Stream.filter((line) => line._tag === "Line"),
    Stream.filterMap((line) => Option.fromNullable(/^listening on (\S+)$/.exec(line.text)?.[1])),
    Stream.runHead,
    Effect.flatten,
    server.raceExit
  )

const visit = (url: string) =>
  HttpClient.get(url).pipe(
    Effect.flatMap((response) => response.text),
    Effect.tap((text) => Effect.log(`the server says "${text}"`)),
    Effect.delay("300 millis")
  )

const jobsOf = (worker: Child, count: number) =>
  worker.stdout.pipe(Stream.take(count), Stream.runDrain, worker.raceExit)

const build = Supervise.run(program("failing-build"), { label: "build", relay: true }).pipe(
  Effect.matchEffect({
    onSuccess: () => Effect.fail(new Error("the build succeeded, and was meant to fail")),
    onFailure: (error) =>
      error._tag === "ProcessFailed"
        ? Effect.annotateLogs(Effect.logError(error.pretty), "label", "build")
        : Effect.fail(error)
  })
)

const work = Effect.gen(function* () {
  const server = yield* Supervise.start(program("http-server"), { label: "server", relay: true })
  const address = yield* addressOf(server)
  const worker = yield* Supervise.start(program("worker"), { label: "worker", relay: true })
  yield* Effect.all(
    [
      server.raceExit(Effect.forEach(["/", "/users", "/orders"], (path) => visit(address + path))),
      jobsOf(worker, 7),
      build
    ],
    { concurrency: "unbounded", discard: true }
  )
  yield* Effect.log("all is done: the worker is stopped first, and then the server it might have needed")
  // The scope does that, in reverse order of the starts; and it would also if something above had failed.
}).pipe(Effect.scoped)

const intended: ReadonlyArray<readonly [label: string, code: number]> = [
  ["server", 0],
  ["worker", 0],
  ["build", 2]
]

const wentAsIntended = (reports: ReadonlyArray<ExitReport>): boolean =>
  reports.length === intended.length &&
  intended.every(([label, code]) =>
    reports.some((report) => report.label === label && ExitStatus.equals(report.status, ExitStatus.Exited(code)))
  )

const main = Effect.suspend(() => {
  const reports: Array<ExitReport> = []
  const keepReports = ChildObserver.layer({
    spawned: () => Effect.void,
    exited: () => Effect.void,
    gone: (_, end) => Effect.sync(() => "survivors" in end || reports.push(end))
  })
  return work.pipe(
    Effect.provide(Layer.merge(NodeChildSpawner.layer, keepReports)),
    Effect.ensuring(Effect.suspend(() => Console.log(`\n${summary(reports)}`))),
    Effect.filterOrFail(
      () => wentAsIntended(reports),
      () => new Error("a child did not end as it was meant to")
    )
  )
})

// Whoever reads us may go, as in `npm start | head`: the children are still ours to stop.
process.stdout.on("error", () => undefined)

const hasColours = process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === ""

main.pipe(
  Effect.tapErrorCause((cause) => Effect.logError("this is not how it was meant to go", cause)),
  Effect.provide(FetchHttpClient.layer),
  Effect.provide(RelayLogger.layer({ colour: hasColours, labels: intended.map(([label]) => label) })),
  runMain({
    // What went wrong has been said already, by the relay logger.
    disableErrorReporting: true,
    teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) ? 0 : Exit.isInterrupted(exit) ? 130 : 1)
  })
)
