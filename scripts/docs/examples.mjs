import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { filesBelow, publicPackages } from "../lib/files.mjs"
import { root } from "../lib/run.mjs"
import { checkTypes } from "../types.mjs"
import { fences, linesOf, markdownFiles } from "./markdown.mjs"
import { quoted } from "./quotes.mjs"

const folder = ".cache/doc-examples"

/**
 * Type-checks every ```ts block of the Markdown files and of the sources' doc comments, each as a module of its own.
 * A block fenced ```ts no-check is left out: it is for signatures. One that quotes a file is checked as that file.
 */
export const checkExamples = async () => {
  const found = [...markdownFiles().flatMap(inMarkdown), ...sources().flatMap(inSource)]
  const problems = found.flatMap((example) => example.problem ?? [])
  const examples = new Map(found.filter((example) => !example.problem).map((example) => [nameOf(example), example]))
  writeProject(examples)
  if (examples.size === 0) return { problems, told: "no doc examples" }
  const { output, code } = await checkTypes(folder)
  for (const line of code === 0 ? [] : output.trimEnd().split("\n")) problems.push(atOrigin(line, examples))
  return { problems, told: `${examples.size} doc examples` }
}

const sources = () => filesBelow("packages").filter((file) => /^packages\/[^/]+\/src\/.*\.ts$/.test(file))

const isTypeScript = ({ language }) => language === "ts" || language === "typescript"

const isChecked = (fence) =>
  isTypeScript(fence) && !fence.info.split(" ").includes("no-check") && quoted(fence) === undefined

const inMarkdown = (file) =>
  fences(linesOf(file))
    .filter(isChecked)
    .map(({ first, lines }) => ({ file, line: first + 1, code: lines }))

const inSource = (file) => {
  const text = linesOf(file).join("\n")
  return [...text.matchAll(/^[ \t]*\/\*\*[\s\S]*?\*\//gm)].flatMap((comment) => {
    const start = text.slice(0, comment.index).split("\n").length
    const lines = comment[0].split("\n").map(withoutStars)
    const tag = lines.findIndex((line) => line.startsWith("@example"))
    if (tag >= 0 && !fences(lines.slice(tag)).some(isTypeScript)) {
      return [{ problem: `${file}:${start + tag} @example without a \`\`\`ts block` }]
    }
    return fences(lines)
      .filter(isChecked)
      .map((fence) => ({ file, line: start + fence.first, code: fence.lines }))
  })
}

const withoutStars = (line) => line.replace(/^\s*(\/\*\*|\*(?!\/))? ?/, "").replace(/\s*\*\/$/, "")

const nameOf = ({ file, line }) => `${file.replace(/\.\w+$/, "").replaceAll("/", "-")}-${line}.ts`

/** Rewrites only what has changed, and names the packages through node_modules, so that `exports` is obeyed. */
const writeProject = (examples) => {
  const scope = join(root, folder, "node_modules/@tether")
  mkdirSync(scope, { recursive: true })
  for (const each of publicPackages()) {
    if (!existsSync(join(scope, basename(each)))) symlinkSync(join(root, each), join(scope, basename(each)))
  }
  const files = new Map([["tsconfig.json", JSON.stringify(project())]])
  for (const [name, example] of examples) files.set(name, example.code.join("\n"))
  for (const name of readdirSync(join(root, folder))) {
    if (name.endsWith(".ts") && !files.has(name)) rmSync(join(root, folder, name))
  }
  for (const [name, text] of files) {
    const path = join(root, folder, name)
    if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text)
  }
}

// Unused names are allowed: an example shows one idea and need not use it up.
const project = () => ({
  extends: "../../tsconfig.noemit.json",
  compilerOptions: {
    tsBuildInfoFile: "../doc-types/.tsbuildinfo",
    noUnusedLocals: false,
    noUnusedParameters: false
  },
  include: ["*.ts"],
  references: publicPackages().map((each) => ({ path: `../../${each}` }))
})

/** Turns the compiler's `<folder>/<name>(line,column): message` into the place the example was taken from. */
const atOrigin = (message, examples) => {
  const place = /([^/]+\.ts)\((\d+),\d+\): (.*)$/.exec(message)
  const example = place && examples.get(place[1])
  return example ? `${example.file}:${example.line + Number(place[2]) - 1} ${place[3]}` : message
}
