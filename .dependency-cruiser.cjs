// Which package may import what. A new package needs a line here before it can import anything.
const effect = "effect"
const platform = "@effect/platform"
const platformNode = "@effect/platform-node"
const node = "node:"
const ours = ["@tether/host", "@tether/process", "@tether/process-node"]
const mayImport = {
  // fastest-levenshtein: which word somebody may have meant. ulid: names that are unique and sort by time.
  host: [effect, platform, "fastest-levenshtein", "ulid"],
  // The last two serve the terminal logger: which colours, and how wide a text is, are not ours to know.
  process: [effect, platform, "@tether/host", "picocolors", "string-width"],
  "process-node": [effect, platform, "@tether/host", "@tether/process", node],
  journal: [effect, platform, "@tether/host", "@tether/process"],
  // Nothing that could spawn: what is deferred starts no process.
  // Itself by its name: a bundle of its sources finds what stays a file of its own.
  spool: [effect, platform, platformNode, "@tether/host", "@tether/transcript", "@tether/spool", node],
  // It is loaded by a hook, which has no time: nothing.
  transcript: [],
  // fastest-levenshtein: which script a command that none matches was probably meant for.
  vitest: [
    effect,
    platform,
    "@effect/vitest",
    "vitest",
    "@tether/host",
    "@tether/process",
    "fastest-levenshtein",
    node
  ],
  agent: [effect, platform, "@tether/host", "@tether/process", "@tether/transcript"],
  tmux: [effect, platform, "@tether/host", "@tether/process", "@tether/journal", node],
  // cli-table3: columns and cutting by width on a terminal. The last two: which colours, and how wide a text is.
  cli: [
    effect,
    platform,
    "@effect/cli",
    platformNode,
    ...ours,
    "@tether/agent",
    "@tether/journal",
    "@tether/spool",
    "@tether/tmux",
    "cli-table3",
    "picocolors",
    "string-width",
    node
  ],
  benchmarks: [
    effect,
    platform,
    platformNode,
    ...ours,
    "@tether/agent",
    "@tether/journal",
    "@tether/spool",
    "@tether/tmux",
    "execa",
    node
  ],
  stress: [effect, platform, platformNode, ...ours, node]
}

const builtin = "^(node:)?(" + require("node:module").builtinModules.join("|") + ")$"

const resolved = (name) => {
  if (name === node) return builtin
  return name.startsWith("@tether/") ? name.replace("@tether/", "^packages/") + "/" : `(^|/)node_modules/${name}/`
}

const boundaries = Object.entries(mayImport).map(([name, allowed]) => ({
  name: `${name}-imports-only`,
  comment: `packages/${name}/src may import ${allowed.join(", ")} and its own sources`,
  severity: "error",
  from: { path: `^packages/${name}/src/` },
  to: { pathNot: [`^packages/${name}/src/`, ...allowed.map(resolved)] }
}))

module.exports = {
  forbidden: [
    ...boundaries,
    {
      name: "known-packages",
      comment: "a package has a line in .dependency-cruiser.cjs",
      severity: "error",
      from: { path: "^packages/[^/]+/src/", pathNot: `^packages/(${Object.keys(mayImport).join("|")})/` },
      to: {}
    },
    {
      name: "no-cycles",
      comment: "type-only imports count",
      severity: "error",
      from: {},
      to: { circular: true }
    },
    {
      name: "only-process-node-spawns",
      comment:
        "everyone else asks the ChildSpawner service; the shim of a pane is a program of its own, and nobody imports it",
      severity: "error",
      from: {
        path: "^packages/[^/]+/src/",
        pathNot: "^packages/(process-node|benchmarks|stress)/|^packages/tmux/src/shim"
      },
      to: { path: "^(node:)?(child_process|cluster)$" }
    },
    {
      name: "one-spawn",
      comment:
        "nodeSpawn covers inherited descriptors; the others start programs that inherit none (macOS, Windows), or that " +
        "have ended when the call returns (stty)",
      severity: "error",
      from: {
        path: "^packages/process-node/src/",
        pathNot: "/internal/(nodeSpawn|darwin|windows|terminalModes)[.]ts$"
      },
      to: { path: "^(node:)?child_process$", dependencyTypesNot: ["type-only"] }
    },
    {
      name: "spool-starts-nothing",
      comment: "no process, and no thread: what a hook does not have, it cannot do",
      severity: "error",
      from: { path: "^packages/(spool|host)/src/" },
      to: { path: "^(node:)?(child_process|cluster|worker_threads)$" }
    },
    {
      name: "internal-stays-inside",
      comment: "also for tests and examples: a relative path into another package evades its exports",
      severity: "error",
      from: { path: "^(packages/[^/]+|examples)/" },
      to: { path: "^packages/[^/]+/(src|dist/internal)/", pathNot: "^$1/" }
    },
    {
      name: "src-stands-alone",
      comment: "sources import neither tests nor examples",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: { path: ["^packages/[^/]+/test/", "^examples/"] }
    },
    {
      name: "src-declares-what-it-imports",
      comment: "as a dependency or peer dependency in the package's own package.json",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], pathNot: "^packages/" }
    },
    {
      name: "resolvable",
      comment: "exists, is installed, and is open in the exports of its package",
      severity: "error",
      from: {},
      to: { couldNotResolve: true }
    }
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    doNotFollow: { path: ["node_modules", "/dist/"] },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "node"] }
  }
}
