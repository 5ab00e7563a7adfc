import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "./lib/run.mjs"

// All that belongs at the root, besides what .gitignore names. Folders end with a slash.
const allowed = [
  ".ci/",
  ".dependency-cruiser.cjs",
  ".editorconfig",
  ".git-blame-ignore-revs",
  ".github/",
  ".gitignore",
  ".oxfmtrc.json",
  ".oxlintrc.json",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "LICENSE",
  "README.md",
  "docs/",
  "examples/",
  "knip.jsonc",
  "package.json",
  "packages/",
  "pnpm-lock.yaml",
  "pnpm-workspace.yaml",
  "scripts/",
  "tsconfig.base.json",
  "tsconfig.build.json",
  "tsconfig.config.json",
  "tsconfig.json",
  "tsconfig.noemit.json",
  "vitest.config.ts",
  "vitest.workspace.ts"
]

const where = "scripts/check-root.mjs"

/** The root holds what is on the list and nothing else: a stray file there is usually a mistake of a script. */
export const checkRoot = async () => {
  const ignored = ignoredNames()
  const found = readdirSync(root, { withFileTypes: true })
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .filter((name) => !ignored.some((pattern) => pattern.test(name)))
  const problems = [
    ...found
      .filter((name) => !allowed.includes(name))
      .map(
        (name) =>
          `${JSON.stringify(name)} at the root is not on the list in ${where}. Remove it, move it into a folder, or list it.`
      ),
    ...allowed
      .filter((name) => !found.includes(name))
      .map((name) => `${JSON.stringify(name)} is listed in ${where} and does not exist. Remove it from the list.`),
    ...allowed
      .filter((name, index) => allowed.indexOf(name) !== index)
      .map((name) => `${JSON.stringify(name)} is listed twice in ${where}. Remove one.`)
  ]
  return problems.length === 0
    ? { code: 0, output: `${allowed.length} entries at the root` }
    : { code: 1, output: problems.join("\n") }
}

/** The names that .gitignore hides at the root, and git's own: in a linked work tree that is a file. */
const ignoredNames = () => [
  /^\.git\/?$/,
  ...readFileSync(join(root, ".gitignore"), "utf8").split("\n").flatMap(patternOf)
]

/** A slash at the end of a line means folders only. Lines that are more than a name with stars are left out. */
const patternOf = (line) => {
  const [, name, slash] = /^\/?([\w.*-]+)(\/?)$/.exec(line) ?? []
  if (name === undefined) return []
  const source = name.replaceAll(".", "\\.").replaceAll("*", ".*")
  return new RegExp(`^${source}${slash === "" ? "/?" : "/"}$`)
}
