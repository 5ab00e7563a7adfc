import { execFile, spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

/** The oracle reads `/proc`. */
export const isLinux = process.platform === "linux"
if (!isLinux) console.log("skipped: pnpm stress, because its oracle reads /proc, which only Linux has")

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url))

const namespace = ["--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
// Its first process must be one that reaps whoever is left without a parent.
const reaping = ["sh", "-c", `"$@"; exit $?`, "sh"]
/**
 * Where it can be had, a pid namespace: the hosts of other tests would end our survivors as orphans before they are
 * found, and ours would end theirs.
 */
const apart = spawnSync("unshare", [...namespace, "true"]).status === 0 ? ["unshare", ...namespace, ...reaping] : []

export const stress = (...args: ReadonlyArray<string>) =>
  new Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }>((resolve) => {
    const [program = "", ...words] = [...apart, process.execPath, main, ...args]
    execFile(program, words, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr })
    )
  })
