import * as Command from "@effect/platform/Command"
import { expect, it } from "@effect/vitest"
import type { ChildOptions } from "@tether/process/ChildOptions"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { linkedModule } from "../../../host/test/support/loader.js"
import * as NodeChildSpawner from "../../src/NodeChildSpawner.js"

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
)

it.live.each<[name: string, options: (pipe: string) => ChildOptions]>([
  ["with pipes of Node", () => ({})],
  ["with pipes of the kernel", () => ({ pipes: "fifo" })],
  ["with a pipe in the place of a file", (pipe) => ({ stdin: { file: pipe } })],
  ["with a device as a file", () => ({ stdin: { file: "/dev/null" } })],
  ["with inherited streams", () => ({ stdin: "inherit", stdout: "inherit", stderr: "inherit" })]
])("the module loader follows links after a child %s", ([, options]) =>
  Effect.gen(function* () {
    const pipe = join(yield* temporary, "pipe")
    execFileSync("mkfifo", [pipe])
    const linked = yield* linkedModule
    yield* Effect.exit(Supervise.run(Command.make("true"), options(pipe)))
    expect(linked.isFollowed()).toBe(true)
  }).pipe(Effect.scoped, Effect.provide(NodeChildSpawner.layer))
)
