/**
 * The same suite for children that are real and for those that are played. The cases wait more than they compute, and
 * none of them minds the others.
 */
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as SpawnerSuite from "@tether/vitest/SpawnerSuite"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import { describe } from "vitest"

describe.concurrent("the suite", () => {
  SpawnerSuite.spawnerSuite("NodeChildSpawner", NodeChildSpawner.layer)

  SpawnerSuite.spawnerSuite("TestSpawner", TestSpawner.layer(...SpawnerSuite.rules), {
    survivors: SpawnerSuite.scriptedSurvivors
  })
})
