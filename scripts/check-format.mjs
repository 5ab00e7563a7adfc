import { withLock } from "./lib/lock.mjs"
import { run, tool } from "./lib/run.mjs"
import { wideComments } from "./lib/wideComments.mjs"

/** Every file is as oxfmt writes it, and no comment is wider than the code: oxfmt wraps no comments. */
export const checkFormat = () =>
  withLock("format", async () => {
    const { code, output } = await run(tool("oxfmt"), ["--check"], { quiet: true })
    const problems = code === 0 ? [] : [`${output.trim()}\nTo format: npm run format`]
    const wide = wideComments()
    if (wide.length > 0) problems.push(...wide, "To mend: wrap these comments by hand; `npm run format` does not.")
    return { code: problems.length === 0 ? 0 : 1, output: problems.join("\n") }
  })
