import { readFileSync } from "node:fs"
import { extname, join } from "node:path"
import ts from "typescript"
import { filesBelow } from "./files.mjs"
import { root } from "./run.mjs"

const read = (file) => readFileSync(join(root, file), "utf8")

const columns = Number(/"printWidth": (\d+)/.exec(read(".oxfmtrc.json"))[1])

/** Each line of the workspace on which a comment goes beyond the limit. Code may: a string cannot always be broken. */
export const wideComments = () => filesBelow(".").flatMap(wideIn)

const wideIn = (file) => {
  const find = findComments[extname(file)]
  const text = find === undefined ? "" : read(file)
  const wide = linesOf(text).filter(({ end, start }) => end - start > columns)
  // Only then, because to parse all files takes seconds.
  const comments = wide.length === 0 ? [] : find(file, text)
  return wide
    .filter(({ end, start }) => comments.some((comment) => comment.pos < end && comment.end > start + columns))
    .map(({ end, number, start }) => `${file}:${number} comment of ${end - start} columns, the limit is ${columns}`)
}

const linesOf = (text) => {
  let end = -1
  return text.split("\n").map((line, index) => {
    const start = end + 1
    end = start + line.length
    return { number: index + 1, start, end }
  })
}

const inSlashes = (file, text) => {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest)
  return tokensOf(source, source).flatMap(({ end, pos }) => [
    ...(ts.getLeadingCommentRanges(text, pos) ?? []),
    ...(ts.getTrailingCommentRanges(text, end) ?? [])
  ])
}

const tokensOf = (node, source) => {
  const children = node.getChildren(source)
  return children.length === 0 ? [node] : children.flatMap((child) => tokensOf(child, source))
}

/** Those with a line of their own. */
const afterHash = (_file, text) =>
  Array.from(text.matchAll(/^[ \t]*#.*$/gm), ({ 0: line, index }) => ({ pos: index, end: index + line.length }))

const withExtensions = (extensions, find) => extensions.map((extension) => [extension, find])

/** Files of other kinds, such as Markdown, are left out. Without an extension: `.ci/run`. */
const findComments = Object.fromEntries([
  ...withExtensions([".ts", ".cts", ".mts", ".js", ".cjs", ".mjs", ".json", ".jsonc"], inSlashes),
  ...withExtensions([".sh", ".yml", ".yaml", ""], afterHash)
])
