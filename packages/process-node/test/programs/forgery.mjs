// In a pid namespace of its own, with a runtime directory of its own: processes that put on cookies which are not
// theirs, and what becomes of them. The first argument names the scenario. Prints JSON: who lives afterwards, and what
// was logged.
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Orphans from "@tether/process-node/Orphans"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { spawn, spawnSync } from "node:child_process"
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const textOf = (path) => {
  try {
    return readFileSync(path, "latin1")
  } catch {
    return ""
  }
}
const processes = () =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && !/\) [ZX] /.test(textOf(`/proc/${name}/stat`)))
    .map((pid) => ({ pid: Number(pid), command: textOf(`/proc/${pid}/cmdline`).split("\0").join(" ").trim() }))
const sleeps = () =>
  processes()
    .flatMap(({ command }) => /^\S*sleep (\d+)$/.exec(command)?.[1] ?? [])
    .map(Number)
    .toSorted((one, other) => one - other)
const find = (pattern) => processes().find(({ command }) => pattern.test(command))?.pid

const until = async (what, holds) => {
  const deadline = Date.now() + 20_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}; there are ${JSON.stringify(processes())}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
const lives = (number) => sleeps().includes(number)
const allLive = (...numbers) => until(`the sleeps ${numbers}`, () => numbers.every(lives))

const keeperPath = fileURLToPath(new URL("keeper.mjs", import.meta.url))

const keeper = async (...children) => {
  const host = spawn(process.execPath, [keeperPath, JSON.stringify({ children })], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  let output = ""
  host.stdout.on("data", (chunk) => (output += chunk))
  await until("the host is up", () => output.includes("up "))
  const reaper = processes().find(
    ({ command, pid }) => command.endsWith("tether-reaper") && textOf(`/proc/${pid}/stat`).includes(` ${host.pid} `)
  )
  return { host, reaper: reaper.pid, output: () => output }
}

/** Host and reaper at once: stopped, the host starts no other reaper. */
const killBoth = async ({ host, reaper }) => {
  host.kill("SIGSTOP")
  process.kill(reaper, "SIGKILL")
  host.kill("SIGKILL")
  await until("the host is gone", () => !processes().some(({ pid }) => pid === host.pid))
}

/** A host that starts below another one once that and its reaper have been killed. `before`: words of its command. */
const keeperBelowDead = async (before, ...children) => {
  const go = join(mkdtempSync(join(tmpdir(), "tether-below-")), "go")
  const nested = `${before} ${process.execPath} ${keeperPath} '${JSON.stringify({ children })}'`
  const killed = await keeper({ sh: `while [ ! -e ${go} ]; do sleep 0.02; done; ${nested}; true` })
  await killBoth(killed)
  writeFileSync(go, "")
  await until("the nested host is up", () => killed.output().split("up ").length === 3)
}

const treeOf = (number) =>
  /TETHER_TREE=([^\0]*)/.exec(textOf(`/proc/${find(new RegExp(`^\\S*sleep ${number}$`))}/environ`))[1]

const start = (layer = NodeChildSpawner.layer) => {
  const logged = []
  const logger = Logger.make(({ message }) => void logged.push(String(message)))
  return Effect.runPromise(
    Supervise.run(Command.make("true")).pipe(
      Effect.provide(layer),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
      Effect.as(logged)
    )
  )
}

/** A job of a shell without job control: both sleeps are in the shell's group, and one of them has a cookie. */
const job = (tree, marked, mate) =>
  spawn("sh", ["-c", `TETHER_TREE='${tree}' sleep ${marked} & sleep ${mate} & wait`], {
    detached: true,
    stdio: "ignore"
  })

const become = (uid) => ["setpriv", "--reuid", uid, "--regid", uid, "--clear-groups"]
const asNobody = (...words) => {
  const [program, ...args] = [...become("65534"), ...words]
  return spawn(program, args, { detached: true, stdio: "ignore" })
}

const setuidSleep = () => {
  const directory = mkdtempSync(join(tmpdir(), "tether-setuid-"))
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }))
  chmodSync(directory, 0o755)
  const path = join(directory, "sleep")
  copyFileSync("/bin/sleep", path)
  chmodSync(path, 0o4755)
  return path
}

const scenarios = {
  /** A host that never lived is no dead one. */
  unknown: async () => {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim().replaceAll("-", "")
    const namespace = /\d+/.exec(readlinkSync("/proc/self/ns/pid"))[0]
    job(`/30000-1-${boot}-${namespace}-zz.1`, 41, 42)
    await allLive(41, 42)
    const logged = await start()
    return { lives: sleeps(), logged }
  },

  /** The cookie of a host that has lived ends those that carry it, one by one, and nobody else. */
  dead: async () => {
    const killed = await keeper({ sh: "setsid sh -c 'env -i sleep 33 & sleep 31' & sleep 32" })
    await allLive(31, 32, 33)
    const tree = treeOf(32)
    await killBoth(killed)
    job(tree, 43, 44)
    job(`${tree}${tree.slice(0, tree.lastIndexOf("."))}.r`, 45, 46)
    await allLive(43, 44, 45, 46)
    const logged = await start()
    await until("the end of all that carried it", () => ![31, 32, 33, 43, 45].some(lives))
    return { lives: sleeps(), logged }
  },

  /** Anybody can start a setuid program with a cookie. */
  setuid: async () => {
    const killed = await keeper({ sh: "sleep 31" })
    await allLive(31)
    const tree = treeOf(31)
    await killBoth(killed)
    asNobody("env", `TETHER_TREE=${tree}`, setuidSleep(), "47")
    await allLive(47)
    const first = await start()
    const second = await start()
    return { lives: sleeps(), logged: first, again: second }
  },

  /** A reaper at its work. */
  reaper: async () => {
    const { host, reaper } = await keeper(
      { sh: `setsid sleep 31 & setsid ${become(65533).join(" ")} sleep 48 & sleep 32` },
      { sh: "setsid sleep 33 </dev/null >/dev/null 2>&1 & sleep 34", options: { uid: 65534 } }
    )
    await allLive(31, 32, 33, 34, 48)
    const tree = treeOf(32)
    job(tree, 43, 44)
    job(`${tree}/1-1-0-0-a.r`, 45, 46)
    asNobody("env", `TETHER_TREE=${tree.replace(/\.1$/, ".9")}`, setuidSleep(), "47")
    await allLive(43, 44, 45, 46, 47)
    host.kill("SIGKILL")
    await until("the end of the reaper", () => !processes().some(({ pid }) => pid === reaper))
    const after = sleeps()
    return { lives: after, logged: await start() }
  },

  /** Where boot was at another time, each start token is another number. */
  time: async () => {
    await keeper({ sh: "sleep 51" })
    await allLive(51)
    const words = [
      "--time",
      "--boottime",
      "100000",
      "--fork",
      process.execPath,
      fileURLToPath(import.meta.url),
      "starts"
    ]
    const { stdout } = spawnSync("unshare", words, { encoding: "utf8" })
    return { lives: sleeps(), logged: JSON.parse(stdout) }
  },

  starts: () => start(),

  /** A host that has become another user meanwhile. */
  drops: async () => {
    const path = fileURLToPath(new URL("drops.mjs", import.meta.url))
    const host = spawn(process.execPath, [path], { stdio: ["ignore", "pipe", "inherit"] })
    await allLive(31, 32)
    host.kill("SIGKILL")
    await until("the end of what it has left", () => ![31, 32].some(lives))
    return { lives: sleeps(), logged: [] }
  },

  /** A program that runs below a dead host leaves itself and its children alone; a later start does not. */
  below: async () => {
    const sleeper = (number, orphans) => ({ program: "sleep", args: [number], orphans })
    await keeperBelowDead("", sleeper("51", "ignore"), sleeper("52", "end"))
    const first = sleeps()
    await start()
    await until("the end of the nested host", () => ![51, 52].some(lives))
    return { lives: first }
  },

  /** It has no cookie, and is found as a descendant of an orphan. */
  belowWithoutCookie: async () => {
    await keeperBelowDead("env -u TETHER_TREE", { program: "sleep", args: ["51"] })
    return { lives: sleeps() }
  },

  /** What is done about orphans is the layer's choice. */
  policies: async () => {
    await keeper({ sh: "sleep 31" }).then(killBoth)
    const ignored = await start(NodeChildSpawner.layerWith({ orphans: "ignore" }))
    const reported = await start(NodeChildSpawner.layerWith({ orphans: "report" }))
    const afterReport = sleeps()
    const ended = await start(NodeChildSpawner.layerWith({}))
    await until("the end of the orphan", () => !lives(31))
    await Effect.runPromise(Orphans.find)
    return { ignored, reported, afterReport, ended }
  }
}

console.log(JSON.stringify(await scenarios[process.argv[2]]()))
process.exit()
