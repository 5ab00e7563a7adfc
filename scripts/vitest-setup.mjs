import { build, buildOrExit } from "./build.mjs"

/** Tests start child programs, and those run what is in dist. */
export default async (project) => {
  await buildOrExit()
  project.onTestsRerun(async () => {
    const { code, output } = await build()
    if (code !== 0) console.error(output)
  })
}
