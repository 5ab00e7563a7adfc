/**
 * `pnpm bench`: measures, prints a table, and writes `results/latest.json`.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os"
import { dirname, resolve } from "node:path"
import { parseArgs } from "node:util"
import { fullSize, measure, quickSize } from "./measure.js"
import { packageFile } from "./packageFile.js"
import { rows } from "./rows.js"
import { formatRow } from "./table.js"

const help = `pnpm bench [options]

  --runs N      samples of each peer, in alternating rounds (default 5)
  --only NAME   this row only, may be repeated: ${rows.map((row) => row.name).join(", ")}
  --quick       small sizes and one run, to see that it works: the figures mean nothing
  --out FILE    where the results go as JSON (default: results/latest.json of the package)
  --help        this text`

const refuse = (problem: string): never => {
  console.error(`${problem}\n\n${help}`)
  process.exit(2)
}

const readArguments = () => {
  try {
    return parseArgs({
      options: {
        runs: { type: "string" },
        only: { type: "string", multiple: true },
        quick: { type: "boolean", default: false },
        out: { type: "string" },
        help: { type: "boolean", default: false }
      }
    }).values
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

const versionOf = (name: string): string => {
  const manifest = JSON.parse(readFileSync(packageFile(`node_modules/${name}/package.json`), "utf8")) as {
    version: string
  }
  return manifest.version
}

const options = readArguments()
if (options.help) {
  console.log(help)
  process.exit(0)
}
const unknown = (options.only ?? []).filter((name) => !rows.some((row) => row.name === name))
if (unknown.length > 0) refuse(`There is no row ${unknown.join(", ")}.`)
const runs = options.runs === undefined ? (options.quick ? 1 : 5) : Number(options.runs)
if (!Number.isSafeInteger(runs) || runs < 1) refuse("--runs is a whole number over zero.")

const machine = {
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${type()} ${release()}`,
  node: process.version,
  load: loadavg()[0] ?? 0
}
const versions = Object.fromEntries(
  ["effect", "@effect/platform", "@effect/platform-node", "execa"].map((name) => [name, versionOf(name)])
)
const startedAt = new Date().toISOString()
const results = measure(
  rows.filter((row) => options.only?.includes(row.name) ?? true),
  runs,
  options.quick ? quickSize : fullSize
)

console.log(
  `\n${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}, ` +
    `load ${machine.load.toFixed(1)}; ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}\n`
)
for (const result of results) console.log(formatRow(result))
if (options.quick) console.log("Quick: it works, and the figures mean nothing.")
else if (runs < 5) console.log("Fewer than five runs: take the ratios as a hint.")

const out = options.out === undefined ? packageFile("results/latest.json") : resolve(options.out)
mkdirSync(dirname(out), { recursive: true })
writeFileSync(
  out,
  `${JSON.stringify({ startedAt, quick: options.quick, runs, machine, versions, rows: results }, null, 2)}\n`
)
