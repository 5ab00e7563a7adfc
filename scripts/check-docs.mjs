import { checkExamples } from "./docs/examples.mjs"
import { checkExports } from "./docs/exports.mjs"
import { checkLinks } from "./docs/links.mjs"
import { checkQuotes } from "./docs/quotes.mjs"
import { withLock } from "./lib/lock.mjs"

/** Doc examples compile, quotes are what is there, public exports are documented, relative links lead somewhere. */
export const checkDocs = () =>
  withLock("docs", async () => {
    const checked = [await checkExamples(), checkQuotes(), checkExports(), checkLinks()]
    const problems = checked.flatMap((check) => check.problems)
    return problems.length === 0
      ? { code: 0, output: checked.map((check) => check.told).join(", ") }
      : { code: 1, output: problems.join("\n") }
  })
