import { existsSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import ts from "typescript"
import { filesBelow } from "../lib/files.mjs"
import { root } from "../lib/run.mjs"

const isPublicModule = (file) =>
  /^packages\/(?!(?:benchmarks|stress)\/)[^/]+\/src\/(?!index\.ts$|bin\.ts$)[^/]+\.ts$/.test(file)

/** Every export of every public module has a doc comment of at least one sentence, where it is declared. */
export const checkExports = () => {
  const files = filesBelow("packages")
    .filter(isPublicModule)
    .map((file) => join(root, file))
  const program = ts.createProgram({ rootNames: files, options, host: ownFilesOnly() })
  const checker = program.getTypeChecker()
  const modules = files.flatMap((file) => checker.getSymbolAtLocation(program.getSourceFile(file)) ?? [])
  const exported = modules.flatMap((module) => checker.getExportsOfModule(module))
  const problems = exported
    .map((symbol) => ({ name: symbol.name, symbol: original(symbol, checker) }))
    .filter(({ symbol }) => !hasSentence(symbol.getDocumentationComment(checker)))
    .map(({ name, symbol }) => `${place(symbol)} export ${name} has no doc comment with a sentence`)
  return { problems, told: `${exported.length} documented exports` }
}

/** What a re-export stands for; the re-export itself when that is in a dependency, which this program leaves out. */
const original = (symbol, checker) => {
  const aliased = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  return aliased.declarations ? aliased : symbol
}

const hasSentence = (comment) => /\w[^]*[.!?:](\s|$)/.test(ts.displayPartsToString(comment))

const place = ({ declarations: [declaration] }) => {
  const source = declaration.getSourceFile()
  return `${relative(root, source.fileName)}:${source.getLineAndCharacterOfPosition(declaration.getStart()).line + 1}`
}

// Comments need no types: without the libraries and the dependencies, this check takes no time.
const options = { noLib: true, types: [], target: ts.ScriptTarget.ES2022 }

const ownFilesOnly = () => ({
  ...ts.createCompilerHost(options),
  resolveModuleNameLiterals: (literals, from) => literals.map(({ text }) => ({ resolvedModule: ownFile(text, from) }))
})

const ownFile = (specifier, from) => {
  const resolvedFileName = join(dirname(from), specifier.replace(/\.js$/, ".ts"))
  if (!specifier.startsWith(".") || !existsSync(resolvedFileName)) return undefined
  return { resolvedFileName, extension: ts.Extension.Ts }
}
