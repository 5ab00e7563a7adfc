import { build } from "./build.mjs"
import { bundlePrograms } from "./lib/programs.mjs"
import { watchStandstill } from "./lib/standstill.mjs"

/** Tests start child programs, and those run what is in dist. */
export default async (project) => {
  watchStandstill("the test runner")
  const { code, output } = await prepare()
  if (code !== 0) throw new Error(`${output}\nThe build failed.`)
  project.onTestsRerun(async () => {
    const { code, output } = await prepare()
    if (code !== 0) console.error(output)
  })
}

const prepare = async () => {
  const built = await build()
  return built.code === 0 ? bundlePrograms() : built
}
