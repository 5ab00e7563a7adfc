import { execFile } from "node:child_process"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

// What users install: the packed packages in a project of their own, outside the workspace.

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly dependencies?: Record<string, string>
  readonly peerDependencies?: Record<string, string>
}

const root = join(import.meta.dirname, "../../../..")
const tool = (name: string) => join(root, "node_modules/.bin", name)
const readJson = (file: string): unknown => JSON.parse(Fs.readFileSync(file, "utf8"))
const readManifest = (folder: string) => readJson(join(folder, "package.json")) as Manifest
const filesIn = (folder: string) => Fs.readdirSync(folder, { recursive: true, encoding: "utf8" })

const packages = Fs.readdirSync(join(root, "packages"))
  .map((name) => join(root, "packages", name))
  .filter((folder) => Fs.existsSync(join(folder, "package.json")))
  .map((folder) => ({ folder, ...readManifest(folder) }))
  .filter((manifest) => manifest.private !== true)

/** Runs a program to its end and answers with all it wrote; fails with the same when it fails. */
const run = (cwd: string, command: string, ...args: ReadonlyArray<string>) =>
  new Promise<string>((resolve, reject) => {
    execFile(command, args, { cwd, encoding: "utf8", maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${basename(command)} ${args.join(" ")}\n${stdout}${stderr}`, { cause: error }))
      else resolve(stdout)
    })
  })

let consumer: string
const installed = (name: string) => join(consumer, "node_modules", name)

/** The public modules of a package, as a user names them. */
const modulesOf = (name: string) =>
  Fs.readdirSync(join(installed(name), "dist"))
    .filter((file) => file.endsWith(".js"))
    .map((file) => (file === "index.js" ? name : `${name}/${basename(file, ".js")}`))

const allModules = () => packages.flatMap(({ name }) => modulesOf(name))

/** Some of them need a test that runs. */
const testKit = "@tether/vitest"

beforeAll(async () => {
  consumer = Fs.realpathSync(Fs.mkdtempSync(join(tmpdir(), "tether-pack-")))
  const tarballs = join(consumer, "tarballs")
  Fs.mkdirSync(tarballs)
  const filters = packages.flatMap(({ name }) => ["--filter", name])
  const answer = await run(
    root,
    tool("pnpm"),
    "--recursive",
    ...filters,
    "pack",
    "--json",
    "--pack-destination",
    tarballs
  )
  const files = JSON.parse(answer) as ReadonlyArray<{ readonly name: string; readonly filename: string }>
  const packed = Object.fromEntries(files.map(({ filename, name }) => [name, `file:${filename}`]))
  Fs.writeFileSync(
    join(consumer, "package.json"),
    JSON.stringify({
      private: true,
      type: "module",
      dependencies: { ...lockedVersions(), ...packed },
      pnpm: { overrides: packed }
    })
  )
  const store = dirname((await run(root, tool("pnpm"), "store", "path")).trim())
  await run(consumer, tool("pnpm"), "install", "--prefer-offline", "--no-frozen-lockfile", "--store-dir", store)
})

afterAll(() => Fs.rmSync(consumer, { recursive: true, force: true }))

/** The packages' own dependencies, at the versions the workspace is tested with. */
const lockedVersions = () => {
  const versions: Record<string, string> = {}
  for (const { dependencies, folder, peerDependencies } of packages) {
    for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
      if (name.startsWith("@tether/")) continue
      versions[name] = readManifest(join(folder, "node_modules", name)).version
    }
  }
  return versions
}

const imports = (modules: ReadonlyArray<string>) =>
  modules.map((name) => `await import(${JSON.stringify(name)})`).join("\n")

describe("a packed package", () => {
  it("offers modules that plain Node can import", async () => {
    const modules = packages.filter(({ name }) => name !== testKit).flatMap(({ name }) => modulesOf(name))
    await run(consumer, process.execPath, "--input-type=module", "--eval", imports(modules))
  })

  it("closes its internal modules", async () => {
    const script = `for (const name of ${JSON.stringify(packages.map(({ name }) => name))}) {
      const code = await import(name + "/internal/x").then(() => "open", (error) => error.code)
      if (code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") throw new Error(name + ": " + code)
    }`
    await run(consumer, process.execPath, "--input-type=module", "--eval", script)
  })

  it("has declarations that a strict program resolves, down to the dependencies", async () => {
    const exported = allModules().map((name, index) => `export * as M${index} from ${JSON.stringify(name)}`)
    Fs.writeFileSync(join(consumer, "uses-all.ts"), exported.join("\n"))
    const compilerOptions = { strict: true, module: "NodeNext", target: "ES2022", noEmit: true, types: [] }
    const project = JSON.stringify({ compilerOptions, files: ["uses-all.ts"] })
    Fs.writeFileSync(join(consumer, "tsconfig.json"), project)
    // All declarations are checked; what is wrong in those of the dependencies is theirs.
    const errors = await run(consumer, tool("tsc"), "--pretty", "false").then(
      () => "",
      (error: Error) => error.message
    )
    assert.deepStrictEqual(
      errors.split("\n").filter((line) => /^(uses-all|.*@tether)/.test(line)),
      []
    )
  })

  it("has source maps that lead to the sources it contains", () => {
    for (const { name } of packages) {
      const dist = join(installed(name), "dist")
      for (const file of filesIn(dist).filter((each) => /\.(js|d\.ts)$/.test(each))) {
        const { sources } = readJson(join(dist, `${file}.map`)) as { readonly sources: ReadonlyArray<string> }
        for (const source of sources) {
          assert.isTrue(Fs.existsSync(join(dist, dirname(file), source)), `${name}: ${file} names ${source}`)
        }
      }
    }
  })

  it("contains no build state, and a licence", () => {
    for (const { name } of packages) {
      const files = filesIn(installed(name))
      assert.deepStrictEqual(
        files.filter((file) => file.endsWith(".tsbuildinfo")),
        [],
        name
      )
      assert.include(files, "LICENSE", name)
    }
  })

  it("runs a child", async () => {
    Fs.writeFileSync(
      join(consumer, "program.mjs"),
      `import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"

const report = await Supervise.run(Command.make("echo", "hi")).pipe(
  Effect.provide(NodeChildSpawner.layer),
  Effect.runPromise
)
console.log(report.status._tag)
`
    )
    const output = await run(consumer, process.execPath, "program.mjs")
    assert.strictEqual(output.trimEnd().split("\n").at(-1), "Exited")
  })

  it("has a command that runs children, and hooks that start none", async () => {
    const tether = join(consumer, "node_modules/.bin/tether")
    assert.include(await run(consumer, tether, "run", "--", "echo", "hi"), "hi")
    const state = join(consumer, "state")
    const hook = [
      join(installed("@tether/cli"), "dist/bin.cjs"),
      "capture-transcript",
      "--no-spawn",
      join(consumer, "none.jsonl")
    ]
    const line = await run(consumer, "env", `TETHER_STATE_DIR=${state}`, process.execPath, ...hook)
    assert.strictEqual((JSON.parse(line) as { readonly status: string }).status, "deferred")
  })

  it("is all that a test project needs", async () => {
    const project = join(consumer, "testing")
    const isOwn = (file: string) => basename(file) !== "node_modules"
    Fs.cpSync(join(root, "examples/testing"), project, { recursive: true, filter: isOwn })
    const test = `import { it } from "vitest"\nit("imports all of the kit", async () => {\n${imports(modulesOf(testKit))}\n})\n`
    Fs.writeFileSync(join(project, "test/modules.test.ts"), test)
    const output = await run(
      project,
      join(consumer, "node_modules/.bin/vitest"),
      "run",
      "--reporter=json",
      "--testTimeout=300000"
    )
    const { numPassedTests, numTotalTests } = JSON.parse(output) as Record<string, number>
    assert.strictEqual(numPassedTests, 11)
    assert.strictEqual(numTotalTests, 11)
  })
})
