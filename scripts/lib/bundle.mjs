import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { moduleOptions } from "./programs.mjs"
import { root, run, tool } from "./run.mjs"

// A program that is started for each command, or at the end of each session, is one file: to find and load hundreds
// takes longer than most of what it does. Those with `words` are compiled ahead, too.
const programs = [
  {
    entry: "packages/spool/dist/internal/hookEntry.js",
    outfile: "packages/spool/dist/hook.bundle.cjs",
    words: (scratch) => ["capture-transcript", "--no-spawn", transcriptIn(scratch)]
  },
  {
    // Beside its entry, for paths that are relative to a module.
    entry: "packages/cli/dist/internal/program.js",
    outfile: "packages/cli/dist/internal/program.bundle.cjs",
    words: () => ["run", "--", "true"]
  },
  // Beside their entries as well.
  ...["benchmarks/dist/host", "benchmarks/dist/sample", "stress/dist/host"].map((path) => ({
    entry: `packages/${path}.js`,
    outfile: `packages/${path}.bundle.mjs`
  }))
]

const loader = "packages/spool/dist/bundle.cjs"

/** Bundles them, unless nothing that they are made of has changed; `*.meta.json` says what that is. */
export const bundle = async () => {
  for (const program of programs.filter((each) => !isCurrent(each))) {
    const bundled = await (program.words ? bundleCommand(program) : bundleProgram(program))
    const warmed = bundled.code === 0 && program.words ? await warm(program) : bundled
    if (warmed.code !== 0) return warmed
  }
  return { code: 0, output: "" }
}

const bundleProgram = ({ entry, outfile }) => esbuild(entry, outfile, ...moduleOptions)

const bundleCommand = ({ entry, outfile }) =>
  esbuild(
    entry,
    outfile,
    "--minify",
    // Traces of errors name functions.
    "--keep-names",
    "--format=cjs",
    // What is compiled ahead has no loader of modules, and no `import.meta`: the loader of bundles has both.
    "--supported:dynamic-import=false",
    "--define:import.meta.url=importMetaUrl"
  )

const esbuild = (entry, outfile, ...options) =>
  run(
    tool("esbuild"),
    [
      entry,
      "--bundle",
      "--platform=node",
      "--target=node20",
      ...options,
      `--outfile=${outfile}`,
      `--metafile=${metaOf(outfile)}`,
      "--log-level=warning"
    ],
    { quiet: true }
  )

/** Has it run once, in a directory of its own, for V8 to compile what a run needs. */
const warm = async ({ outfile, words }) => {
  const scratch = mkdtempSync(join(tmpdir(), "tether-bundle-"))
  rmSync(join(root, `${outfile}.cache`), { force: true })
  try {
    const args = [join(root, loader), join(root, outfile), words(scratch)].map((each) => JSON.stringify(each))
    return await run(process.execPath, ["-e", `require(${args[0]}).warm(${args[1]}, ${args[2]})`], {
      quiet: true,
      env: { TETHER_STATE_DIR: join(scratch, "state"), TETHER_RUNTIME_DIR: join(scratch, "run") }
    })
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

const transcriptIn = (scratch) => {
  const file = join(scratch, "transcript.jsonl")
  const turn = {
    type: "user",
    timestamp: "2026-01-01T00:00:00Z",
    message: { content: [{ type: "text", text: "hi" }] }
  }
  writeFileSync(file, `${JSON.stringify(turn)}\n{}\n`)
  return file
}

const metaOf = (outfile) => outfile.replace(/\.bundle\.[cm]js$/, ".meta.json")

const isCurrent = ({ outfile, words }) => {
  const metafile = metaOf(outfile)
  const made = [outfile, metafile, ...(words ? [`${outfile}.cache`] : [])]
  if (!made.every((file) => existsSync(join(root, file)))) return false
  const { inputs } = JSON.parse(readFileSync(join(root, metafile), "utf8"))
  const time = statSync(join(root, outfile)).mtimeMs
  return [...Object.keys(inputs), loader].every(
    (file) => existsSync(join(root, file)) && statSync(join(root, file)).mtimeMs < time
  )
}
