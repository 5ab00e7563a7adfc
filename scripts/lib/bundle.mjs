import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root, run, tool } from "./run.mjs"

// A hook is one file: to find and load hundreds takes longer than all that it does.
const folder = "packages/spool/dist"
const outfile = `${folder}/hook.bundle.cjs`
const metafile = `${folder}/hook.meta.json`
const cache = `${outfile}.cache`

/** Bundles the hook, unless nothing that it is made of has changed; `hook.meta.json` says what that is. */
export const bundle = async () => {
  if (isCurrent()) return { code: 0, output: "" }
  const bundled = await run(
    tool("esbuild"),
    [
      `${folder}/internal/hookEntry.js`,
      "--bundle",
      "--minify",
      "--platform=node",
      "--format=cjs",
      "--target=node20",
      // What is compiled ahead has no loader of modules.
      "--supported:dynamic-import=false",
      `--outfile=${outfile}`,
      `--metafile=${metafile}`,
      "--log-level=warning"
    ],
    { quiet: true }
  )
  return bundled.code === 0 ? warm() : bundled
}

/** Has it run once, in a directory of its own, for V8 to compile what a run needs. */
const warm = async () => {
  const scratch = mkdtempSync(join(tmpdir(), "tether-hook-"))
  rmSync(join(root, cache), { force: true })
  try {
    const transcript = join(scratch, "transcript.jsonl")
    const turn = {
      type: "user",
      timestamp: "2026-01-01T00:00:00Z",
      message: { content: [{ type: "text", text: "hi" }] }
    }
    writeFileSync(transcript, `${JSON.stringify(turn)}\n{}\n`)
    const words = JSON.stringify(["capture-transcript", "--no-spawn", transcript])
    return await run(
      process.execPath,
      ["-e", `require(${JSON.stringify(join(root, folder, "hook.cjs"))}).warm(${words})`],
      {
        quiet: true,
        env: { TETHER_STATE_DIR: join(scratch, "state") }
      }
    )
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

const isCurrent = () => {
  if (![outfile, metafile, cache].every((file) => existsSync(join(root, file)))) return false
  const { inputs } = JSON.parse(readFileSync(join(root, metafile), "utf8"))
  const time = statSync(join(root, outfile)).mtimeMs
  return [...Object.keys(inputs), `${folder}/hook.cjs`].every(
    (file) => existsSync(join(root, file)) && statSync(join(root, file)).mtimeMs < time
  )
}
