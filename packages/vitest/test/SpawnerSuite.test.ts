/**
 * The same suite for children that are real and for those that are played.
 */
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as SpawnerSuite from "@tether/vitest/SpawnerSuite"
import * as TestSpawner from "@tether/vitest/TestSpawner"

SpawnerSuite.spawnerSuite("NodeChildSpawner", NodeChildSpawner.layer)

SpawnerSuite.spawnerSuite("TestSpawner", TestSpawner.layer(...SpawnerSuite.rules), {
  survivors: SpawnerSuite.scriptedSurvivors
})
