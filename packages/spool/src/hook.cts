/**
 * Loads the program of the hooks, one file, with what V8 has made of it at the build: to compile it anew takes as long
 * as all that it does. Another version of Node.js finds that it cannot use that, and compiles.
 */
import crypto = require("node:crypto")
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

const digestOf = (source: string, compiled: Uint8Array): Buffer =>
  crypto.createHash("sha256").update(source).update(compiled).digest()

const digestLength = 32

/**
 * V8 believes what it is given, and dies of a byte that is wrong: a digest of it and of the source stands before it.
 */
const compiledOf = (source: string): Buffer | undefined => {
  const cache = readIfAny(`${file}.cache`)
  const compiled = cache?.subarray(digestLength)
  return compiled !== undefined && cache?.subarray(0, digestLength).equals(digestOf(source, compiled))
    ? compiled
    : undefined
}

const load = (): { readonly script: vm.Script; readonly source: string; readonly program: Program } => {
  const source = `(function (exports, require, module) {${fs.readFileSync(file, "utf8")}\n})`
  const script = new vm.Script(source, { filename: file, cachedData: compiledOf(source) })
  const module = { exports: {} as Program }
  const define = script.runInThisContext() as (exports: object, require: NodeJS.Require, module: object) => void
  define(module.exports, require, module)
  return { script, source, program: module.exports }
}

/** Runs it, and keeps at its end what V8 has compiled by then: a part of the build. */
const warm = (argv: ReadonlyArray<string>): void => {
  const { program, script, source } = load()
  process.on("exit", () => {
    const compiled = script.createCachedData()
    fs.writeFileSync(`${file}.cache`, Buffer.concat([digestOf(source, compiled), compiled]))
  })
  program.main(argv)
}

export = { main: (argv: ReadonlyArray<string>): void => load().program.main(argv), warm }
