import { readFileSync } from "node:fs"
import { join, sep } from "node:path"
import ts from "typescript"
import { filesBelow, packages } from "./lib/files.mjs"
import { root } from "./lib/run.mjs"

/** What can be seen without a run; scripts/vitest-unit.mjs watches what a unit test does, by whatever library. */
export const checkKinds = async () => {
  const problems = packages()
    .flatMap((folder) => filesBelow(folder).filter((file) => file.startsWith(join(folder, "test") + sep)))
    .filter((file) => /\.[cm]?[jt]s$/.test(file))
    .flatMap(problemsIn)
  return { code: problems.length === 0 ? 0 : 1, output: problems.join("\n") }
}

const problemsIn = (file) => {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.Latest, true)
  const kind = file.split(sep)[3]
  const rules = [...(kind === "unit" ? unit : []), ...(kind === "timed" ? [] : untimed)]
  const found = []
  const visit = (node) => {
    for (const rule of rules) {
      const problem = rule(node, source)
      if (problem === undefined) continue
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source))
      found.push(`${file}:${line + 1}: ${problem}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

const modules = /^(?:node:)?(?:child_process|worker_threads)$/

/** What a unit test does not do. */
const unit = [
  (node) =>
    ts.isStringLiteral(node) && modules.test(node.text) && !ts.isPropertyAssignment(node.parent)
      ? `a unit test does not import ${node.text}: move the test to test/system`
      : undefined,
  (node, source) =>
    ts.isPropertyAccessExpression(node) && /^Atomics\.wait(?:Async)?$/.test(node.getText(source))
      ? "a unit test does not block its thread: use TestClock"
      : undefined,
  (node, source) =>
    ts.isPropertyAccessExpression(node) && /^it\.(?:live|scopedLive)$/.test(node.getText(source))
      ? "a unit test runs in virtual time: use it.effect or it.scoped, or move the test to test/system"
      : undefined
]

const clocks = /performance\.now|Date\.now|hrtime|Duration\.toMillis|Effect\.timed|millis|duration|elapsed|\btook\b/i

const timed = "only a timed test judges how long something took: await the condition, or move the test to test/timed"

/** What only a timed test does. */
const untimed = [
  (node, source) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return
    const { expression, name } = node.expression
    const isNegated = ts.isPropertyAccessExpression(expression) && expression.name.text === "not"
    const matcher = /^toBe(Less|Greater)Than(?:OrEqual)?$/.exec(name.text)
    if (matcher === null) return
    const isBelow = (matcher[1] === "Less") !== isNegated
    // What is to be the smaller one.
    const judged = isBelow ? expectIn(expression)?.arguments : node.arguments
    return judged?.some((each) => clocks.test(each.getText(source))) ? timed : undefined
  },
  (node, source) => {
    if (!ts.isBinaryExpression(node) || !isAsserted(node)) return
    const operator = node.operatorToken.getText(source)
    const smaller = /^<=?$/.test(operator) ? node.left : /^>=?$/.test(operator) ? node.right : undefined
    return smaller !== undefined && clocks.test(smaller.getText(source)) ? timed : undefined
  },
  (node) =>
    ts.isCallExpression(node) && ts.isIdentifier(node.expression) && /within\w*seconds?$/i.test(node.expression.text)
      ? timed
      : undefined
]

/** Whether it is an argument of `expect` or an assertion. */
const isAsserted = ({ parent }) =>
  ts.isCallExpression(parent) && /^(?:expect|assert)\b/.test(parent.expression.getText())

/** The call of `expect` at which a chain of matchers begins. */
const expectIn = (node) => {
  if (ts.isPropertyAccessExpression(node)) return expectIn(node.expression)
  if (!ts.isCallExpression(node)) return
  if (/^expect(?:\.soft)?$/.test(node.expression.getText())) return node
  return expectIn(node.expression)
}
