import { build } from "./build.mjs"
import { checkDocs } from "./check-docs.mjs"
import { checkFormat } from "./check-format.mjs"
import { checkKinds } from "./check-kinds.mjs"
import { checkRoot } from "./check-root.mjs"
import { checkUnused } from "./check-unused.mjs"
import { runExamples } from "./examples.mjs"
import { withLock } from "./lib/lock.mjs"
import { run, tool } from "./lib/run.mjs"
import { checkTypes } from "./types.mjs"

const quietly =
  (name, ...args) =>
  () =>
    withLock(name, () => run(tool(name), args, { quiet: true }))

const tests = (project, env) => () => run(tool("vitest"), ["run", "--allowOnly=false", "--project", project], { env })

/**
 * What `npm test` does, in this order. Those of one `group` run side by side; what is not `unbuilt` needs the build,
 * which takes little more than one processor.
 * `npm run soak` and `npm run test:nodes` repeat those with `isTest`.
 */
export const steps = [
  {
    name: "build",
    title: "compile the packages",
    group: "build",
    run: build
  },
  {
    name: "types",
    title: "type-check tests, examples, benchmarks, configuration",
    group: "static",
    run: () => checkTypes("tsconfig.json")
  },
  {
    name: "docs",
    title: "check doc examples, doc comments, links",
    group: "static",
    run: checkDocs
  },
  {
    name: "lint",
    title: "check the style of the code",
    group: "build",
    unbuilt: true,
    run: quietly("oxlint", "--deny-warnings", "--report-unused-disable-directives")
  },
  {
    name: "imports",
    title: "check import boundaries and cycles",
    group: "static",
    run: quietly("depcruise", "packages", "examples", "--output-type", "err-long")
  },
  {
    name: "format",
    title: "check the format of the sources",
    group: "build",
    unbuilt: true,
    run: checkFormat
  },
  {
    name: "root",
    title: "check what is at the root",
    group: "build",
    unbuilt: true,
    run: checkRoot
  },
  {
    name: "kinds",
    title: "check that tests are of the kind of their folder",
    group: "build",
    unbuilt: true,
    run: checkKinds
  },
  {
    name: "unused",
    title: "find unused files, exports and dependencies",
    group: "build",
    unbuilt: true,
    run: checkUnused
  },
  {
    name: "unit",
    title: "run the tests without processes and without real time",
    isTest: true,
    unbuilt: true,
    // A tenth of the time went into collecting young garbage.
    run: tests("unit", { NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --max-semi-space-size=64` })
  },
  {
    name: "system",
    title: "run the tests with real processes",
    isTest: true,
    run: tests("system")
  },
  {
    name: "timed",
    title: "run the tests of what is promised within a time",
    isTest: true,
    run: tests("timed")
  },
  {
    name: "examples",
    title: "run the examples",
    run: runExamples
  }
]
