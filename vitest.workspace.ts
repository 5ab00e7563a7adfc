import { existsSync, readdirSync } from "node:fs"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { defineConfig } from "vitest/config"

const packages = join(import.meta.dirname, "packages")

// Tests run the sources of all packages, but for what is CommonJS; what `exports` closes stays closed.
const alias = [
  { find: /^@tether\/([^/]+)$/, replacement: join(packages, "$1/src/index.ts") },
  {
    find: /^@tether\/([^/]+)\/(?!internal\/|package\.json|bundle$|hook$|shim$)(.+)$/,
    replacement: join(packages, "$1/src/$2.ts")
  }
]

/** One project a package that has tests. */
const projects = readdirSync(packages)
  .filter((name) => existsSync(join(packages, name, "test")))
  .map((name) => ({
    resolve: { alias },
    test: {
      name,
      root: join(packages, name),
      include: ["test/**/*.test.ts"],
      pool: "forks" as const,
      // Fifty hooks at once, and fifteen processes at one directory: after the tests of others, some of which promise a
      // second.
      sequence: { groupOrder: name === "spool" ? 1 : 0 },
      // Of the tests of one file that run side by side: they wait more than they compute.
      maxConcurrency: 12,
      testTimeout: 30_000,
      hookTimeout: 30_000
    }
  }))

export default defineConfig({
  test: {
    projects,
    globalSetup: join(import.meta.dirname, "scripts/vitest-setup.mjs"),
    // Tests of child processes wait more than they compute.
    maxWorkers: Math.max(2, availableParallelism()),
    minWorkers: 1
  }
})
