import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../lib/run.mjs"
import { fences, linesOf, markdownFiles } from "./markdown.mjs"

/** What a block quotes: ```ts file=examples/testing/src/release.ts */
export const quoted = (fence) => /(?:^|\s)file=(\S+)/.exec(fence.info)?.[1]

/** A block that quotes a file is the whole of it, or a run of its lines, to the letter. */
export const checkQuotes = () => {
  const quotes = markdownFiles().flatMap((file) =>
    fences(linesOf(file))
      .filter(quoted)
      .map((fence) => ({ at: `${file}:${fence.first}`, path: quoted(fence), text: fence.lines.join("\n") }))
  )
  const problems = quotes.flatMap(({ at, path, text }) => {
    if (!existsSync(join(root, path))) return [`${at} quotes ${path}: there is no such file`]
    return `\n${readFileSync(join(root, path), "utf8")}`.includes(`\n${text}\n`)
      ? []
      : [`${at} quotes ${path}, and it is not what is there`]
  })
  return { problems, told: `${quotes.length} quotes` }
}
