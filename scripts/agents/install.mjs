import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { run } from "../lib/run.mjs"

const packages = { claude: "@anthropic-ai/claude-code", codex: "@openai/codex" }

/** The newest of the CLIs in a directory of their own: their programs and versions, or why there are none. */
export const install = async (folder, only) => {
  const names = Object.keys(packages).filter((name) => only === undefined || name === only)
  if (names.length === 0) return { agents: {}, problem: `there is no agent ${only}` }
  mkdirSync(folder, { recursive: true })
  const asked = names.map((name) => `${packages[name]}@latest`)
  console.log(`Installing ${asked.join(" and ")} for this run ...`)
  const quiet = ["--no-audit", "--no-fund", "--no-save", "--loglevel=error"]
  const npm = await run("npm", ["install", "--prefix", folder, ...quiet, ...asked], { quiet: true, timeout: 600_000 })
  if (npm.code !== 0)
    return { agents: {}, problem: `npm could not install them (${npm.output.trim().split("\n", 1)[0]})` }

  const agents = {}
  for (const name of names) {
    const binary = join(folder, "node_modules/.bin", name)
    const version = await versionOf(binary)
    if (version === undefined) console.log(`Skipped: ${name}, which npm installed, does not run on this machine.`)
    else agents[name] = { binary, version }
  }
  return { agents, problem: Object.keys(agents).length === 0 ? "no agent runs on this machine" : undefined }
}

const versionOf = async (binary) => {
  try {
    const { code, output } = await run(binary, ["--version"], { quiet: true, timeout: 60_000 })
    return code === 0 ? /\d+\.\d+\.\d+\S*/.exec(output)?.[0] : undefined
  } catch {
    return undefined
  }
}
