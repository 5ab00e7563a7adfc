/**
 * Loads the program of the hooks, one file, with what V8 has made of it at the build: to compile it anew takes as long as all that
 * it does. Another version of Node.js finds that it cannot use that, and compiles.
 */
import fs = require("node:fs")
import path = require("node:path")
import vm = require("node:vm")

interface Program {
  /** Carries out the words behind `tether`, prints one line on stdout, and ends the process. */
  readonly main: (argv: ReadonlyArray<string>) => void
}

const file = path.join(__dirname, "hook.bundle.cjs")

const readIfAny = (path: string): Buffer | undefined => {
  try {
    return fs.readFileSync(path)
  } catch {
    return undefined
  }
}

const load = (): { readonly script: vm.Script; readonly program: Program } => {
  const source = `(function (exports, require, module) {${fs.readFileSync(file, "utf8")}\n})`
  const script = new vm.Script(source, { filename: file, cachedData: readIfAny(`${file}.cache`) })
  const module = { exports: {} as Program }
  const define = script.runInThisContext() as (exports: object, require: NodeJS.Require, module: object) => void
  define(module.exports, require, module)
  return { script, program: module.exports }
}

/** Runs it, and keeps at its end what V8 has compiled by then: a part of the build. */
const warm = (argv: ReadonlyArray<string>): void => {
  const { program, script } = load()
  process.on("exit", () => fs.writeFileSync(`${file}.cache`, script.createCachedData()))
  program.main(argv)
}

export = { main: (argv: ReadonlyArray<string>): void => load().program.main(argv), warm }
