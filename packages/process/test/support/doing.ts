/**
 * A spawner all of whose children do the same.
 */
import * as Script from "@tether/vitest/Script"
import * as TestSpawner from "@tether/vitest/TestSpawner"

/** Its children do these steps, and then exit with 0. */
export const doing = (...steps: ReadonlyArray<Script.Step>): TestSpawner.Scripted =>
  TestSpawner.make(TestSpawner.always(Script.make(...steps)))
