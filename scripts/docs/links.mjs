import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { root } from "../lib/run.mjs"
import { linesOf, markdownFiles, prose } from "./markdown.mjs"

/** Relative links in Markdown lead to a file that exists, and to a heading that exists when they name one. */
export const checkLinks = () => {
  const links = markdownFiles().flatMap(linksIn)
  const problems = links
    .filter(({ reason }) => reason !== undefined)
    .map(({ at, reason, target }) => `${at} link to ${target}: ${reason}`)
  return { problems, told: `${links.length} relative links` }
}

const linksIn = (file) =>
  prose(linesOf(file)).flatMap((line, index) =>
    targetsIn(line).map((target) => ({ at: `${file}:${index + 1}`, target, reason: whyBroken(file, target) }))
  )

/** `[text](target)` and `[name]: target`, without those that name a scheme. */
const targetsIn = (line) =>
  [...line.replace(/`[^`]*`/g, "").matchAll(/\]\(<?([^)>\s]+)[^)]*\)|^\[[^\]]+\]:\s*<?([^>\s]+)/g)]
    .map((match) => match[1] ?? match[2])
    .filter((target) => !/^[a-z][a-z+.-]*:|^\/\//i.test(target))

const whyBroken = (from, target) => {
  const [path, heading] = decodeURI(target).split("#")
  const file = path === "" ? from : join(path.startsWith("/") ? "" : dirname(from), path)
  if (!existsSync(join(root, file))) return "there is no such file"
  if (heading && file.endsWith(".md") && !headings(file).has(heading)) return "there is no such heading"
  return undefined
}

/** Headings as GitHub names them; a repeated one gets a number. */
const headings = (file) => {
  const names = new Set()
  for (const line of prose(linesOf(file))) {
    const text = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1]
    if (text === undefined) continue
    const name = slug(text)
    let times = 0
    while (names.has(times === 0 ? name : `${name}-${times}`)) times++
    names.add(times === 0 ? name : `${name}-${times}`)
  }
  return names
}

const slug = (text) =>
  text
    .toLowerCase()
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-")
