import { availableParallelism } from "node:os"
import { join } from "node:path"
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config"
import Order from "./scripts/vitest-order.js"

const root = import.meta.dirname
const script = (name: string) => join(root, "scripts", name)

// Tests run the sources of all packages, but for what is CommonJS; what `exports` closes stays closed.
const alias = [
  { find: /^@tether\/([^/]+)$/, replacement: join(root, "packages/$1/src/index.ts") },
  {
    find: /^@tether\/([^/]+)\/(?!internal\/|package\.json|bundle$|hook$|shim$)(.+)$/,
    replacement: join(root, "packages/$1/src/$2.ts")
  }
]

/** One project for each kind of test; the folder that a test is in tells its kind. */
const project = (name: string, options: TestProjectInlineConfiguration["test"]): TestProjectInlineConfiguration => ({
  resolve: { alias },
  test: {
    name,
    root,
    include: [`packages/*/test/${name}/**/*.test.ts`],
    pool: "forks",
    // Of the tests of one file that run side by side: they wait more than they compute.
    maxConcurrency: 12,
    ...options
  }
})

export default defineConfig({
  test: {
    projects: [
      // No process, no real time: they can share a process, which has loaded everything once.
      project("unit", {
        pool: "threads",
        isolate: false,
        globalSetup: script("vitest-unit-pipe.mjs"),
        setupFiles: [script("vitest-file.mjs"), script("vitest-unit.mjs")],
        // For what hangs: a property of six seconds took thirty on a machine whose processors were all busy.
        testTimeout: 300_000,
        sequence: { groupOrder: 0 }
      }),
      // Real processes, and conditions that are waited for. Deadlines are for what hangs: a busy machine meets them.
      project("system", {
        globalSetup: script("vitest-setup.mjs"),
        setupFiles: [script("vitest-file.mjs"), script("vitest-standstill.mjs")],
        testTimeout: 600_000,
        hookTimeout: 300_000,
        sequence: { groupOrder: 1 }
      }),
      // What is promised within a time: one after the other, after all others.
      project("timed", {
        globalSetup: script("vitest-setup.mjs"),
        setupFiles: [script("vitest-file.mjs"), script("vitest-standstill.mjs"), script("vitest-timed.mjs")],
        poolOptions: { forks: { singleFork: true } },
        testTimeout: 300_000,
        hookTimeout: 300_000,
        sequence: { groupOrder: 2 }
      })
    ],
    // A process for many files: to load what they import takes a second of each. Threads of one process share its four
    // threads for files, and some tests keep one of these waiting.
    poolOptions: { threads: { isolate: false, minThreads: 3, maxThreads: 3 }, forks: { isolate: false } },
    sequence: { sequencer: Order },
    // Tests of child processes wait more than they compute. As many at any time, and so above: tinypool 1.1 ends an
    // idle one that is about to be given a file ("Terminating worker thread").
    maxWorkers: 2 * availableParallelism(),
    minWorkers: 2 * availableParallelism()
  }
})
