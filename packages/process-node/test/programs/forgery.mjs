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
  const deadline = Date.now() + 60_000
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
  const directory = mkdtempSync(join(tmpdir(), "tether-below-"))
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }))
  const go = join(directory, "go")
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
    job(`/30000-1-${boot}-${namespace}-zz.1`, 1041, 1042)
    await allLive(1041, 1042)
    const logged = await start()
    return { lives: sleeps(), logged }
  },

  /** The cookie of a host that has lived ends those that carry it, one by one, and nobody else. */
  dead: async () => {
    const killed = await keeper({ sh: "setsid sh -c 'env -i sleep 1033 & sleep 1031' & sleep 1032" })
    await allLive(1031, 1032, 1033)
    const tree = treeOf(1032)
    await killBoth(killed)
    job(tree, 1043, 1044)
    job(`${tree}${tree.slice(0, tree.lastIndexOf("."))}.r`, 1045, 1046)
    await allLive(1043, 1044, 1045, 1046)
    const logged = await start()
    await until("the end of all that carried it", () => ![1031, 1032, 1033, 1043, 1045].some(lives))
    return { lives: sleeps(), logged }
  },

  /** Anybody can start a setuid program with a cookie. */
  setuid: async () => {
    const killed = await keeper({ sh: "sleep 1031" })
    await allLive(1031)
    const tree = treeOf(1031)
    await killBoth(killed)
    asNobody("env", `TETHER_TREE=${tree}`, setuidSleep(), "1047")
    await allLive(1047)
    const first = await start()
    const second = await start()
    return { lives: sleeps(), logged: first, again: second }
  },

  /** A reaper at its work. */
  reaper: async () => {
    const { host, reaper } = await keeper(
      { sh: `setsid sleep 1031 & setsid ${become(65533).join(" ")} sleep 1048 & sleep 1032` },
      { sh: "setsid sleep 1033 </dev/null >/dev/null 2>&1 & sleep 1034", options: { uid: 65534, gid: 65534 } }
    )
    await allLive(1031, 1032, 1033, 1034, 1048)
    const tree = treeOf(1032)
    job(tree, 1043, 1044)
    job(`${tree}/1-1-0-0-a.r`, 1045, 1046)
    asNobody("env", `TETHER_TREE=${tree.replace(/\.1$/, ".9")}`, setuidSleep(), "1047")
    await allLive(1043, 1044, 1045, 1046, 1047)
    host.kill("SIGKILL")
    await until("the end of the reaper", () => !processes().some(({ pid }) => pid === reaper))
    const after = sleeps()
    return { lives: after, logged: await start() }
  },

  /** Where boot was at another time, each start token is another number. */
  time: async () => {
    await keeper({ sh: "sleep 1051" })
    await allLive(1051)
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
    await allLive(1031, 1032)
    host.kill("SIGKILL")
    await until("the end of what it has left", () => ![1031, 1032].some(lives))
    return { lives: sleeps(), logged: [] }
  },

  /** A program that runs below a dead host leaves itself and its children alone; a later start does not. */
  below: async () => {
    const sleeper = (number, orphans) => ({ program: "sleep", args: [number], orphans })
    await keeperBelowDead("", sleeper("1051", "ignore"), sleeper("1052", "end"))
    const first = sleeps()
    await start()
    await until("the end of the nested host", () => ![1051, 1052].some(lives))
    return { lives: first }
  },

  /** It has no cookie, and is found as a descendant of an orphan. */
  belowWithoutCookie: async () => {
    await keeperBelowDead("env -u TETHER_TREE", { program: "sleep", args: ["1051"] })
    return { lives: sleeps() }
  },

  /** What is done about orphans is the layer's choice. */
  policies: async () => {
    await keeper({ sh: "sleep 1031" }).then(killBoth)
    const ignored = await start(NodeChildSpawner.layerWith({ orphans: "ignore" }))
    const reported = await start(NodeChildSpawner.layerWith({ orphans: "report" }))
    const afterReport = sleeps()
    const ended = await start(NodeChildSpawner.layerWith({}))
    await until("the end of the orphan", () => !lives(1031))
    await Effect.runPromise(Orphans.find)
    return { ignored, reported, afterReport, ended }
  }
}

console.log(JSON.stringify(await scenarios[process.argv[2]]()))
process.exit()
