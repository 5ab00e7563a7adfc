import { expect, it } from "@effect/vitest"
import * as Script from "@tether/vitest/Script"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Effect from "effect/Effect"
import { nextVersion, NoGit } from "../src/release.js"

const git = (script: Script.Script) =>
  TestSpawner.layer(TestSpawner.exactly(["git", "tag", "--sort=-version:refname"], script))

it.effect("counts on from the latest tag", () =>
  Effect.gen(function* () {
    expect(yield* nextVersion).toBe("v1.5.0")
  }).pipe(Effect.provide(git(Script.make(Script.stdout("v1.4.2\nv1.4.0\n")))))
)

it.effect("begins at v0.1.0", () =>
  Effect.gen(function* () {
    expect(yield* nextVersion).toBe("v0.1.0")
  }).pipe(Effect.provide(git(Script.make())))
)

it.effect("fails with what git said", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(nextVersion)
    expect(error).toMatchObject({ _tag: "ProcessFailed", stderr: "fatal: not a git repository\n" })
  }).pipe(Effect.provide(git(Script.make(Script.stderr("fatal: not a git repository\n"), Script.exit(128)))))
)

it.effect("knows that there is no git", () =>
  Effect.gen(function* () {
    expect(yield* Effect.flip(nextVersion)).toEqual(new NoGit())
  }).pipe(Effect.provide(git(Script.refuse("NotFound"))))
)
