/**
 * Loads a program that is bundled into one file, with what V8 has made of it at the build: to find and to compile
 * hundreds of files takes longer than most programs do. Another version of Node.js finds that it cannot use what V8 has
 * made, and compiles.
 */
import crypto = require("node:crypto")
import fs = require("node:fs")
import nodeModule = require("node:module")
import process = require("node:process")
import url = require("node:url")
import vm = require("node:vm")

interface Program {
  /** Carries out the words behind the command, and ends the process. */
  readonly main: (argv: ReadonlyArray<string>) => void
}

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
const compiledOf = (file: string, source: string): Buffer | undefined => {
  const cache = readIfAny(`${file}.cache`)
  const compiled = cache?.subarray(digestLength)
  return compiled !== undefined && cache?.subarray(0, digestLength).equals(digestOf(source, compiled))
    ? compiled
    : undefined
}

type Define = (exports: object, require: NodeJS.Require, module: object, importMetaUrl: string) => void

const load = (file: string): { readonly script: vm.Script; readonly source: string; readonly program: Program } => {
  const source = `(function (exports, require, module, importMetaUrl) {${fs.readFileSync(file, "utf8")}\n})`
  const script = new vm.Script(source, { filename: file, cachedData: compiledOf(file, source) })
  const loaded = { exports: {} as Program }
  const define = script.runInThisContext() as Define
  define(loaded.exports, nodeModule.createRequire(file), loaded, url.pathToFileURL(file).href)
  return { script, source, program: loaded.exports }
}

/** Runs the program that is bundled in `file`. */
const main = (file: string, argv: ReadonlyArray<string>): void => load(file).program.main(argv)

/** The same, and keeps at its end what V8 has compiled by then: a part of the build. */
const warm = (file: string, argv: ReadonlyArray<string>): void => {
  const { program, script, source } = load(file)
  process.on("exit", () => {
    const compiled = script.createCachedData()
    fs.writeFileSync(`${file}.cache`, Buffer.concat([digestOf(source, compiled), compiled]))
  })
  program.main(argv)
}

/** For modules that a user names: code that V8 has compiled ahead cannot import, and asks this file, which can. */
const importModule = (address: string): Promise<unknown> => import(address)

export = { main, warm, importModule }
