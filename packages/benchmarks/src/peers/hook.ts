/**
 * The hook that keeps a session when it ends, as an agent calls it: a process for each, and nobody answers at the
 * socket.
 *
 * Promises and no effects: what surrounds a peer must not measure Effect's runtime with it (`Peer` in Row.ts).
 */
import { spawn } from "node:child_process"
import { join } from "node:path"
import { recordedTranscript } from "../data.js"
import { packageFile } from "../packageFile.js"
import type { Peer } from "../Row.js"
import { spawnsSeen } from "./counting.js"
import { inFolder } from "./folder.js"

const program = packageFile("../cli/dist/bin.cjs")

/** Gives what it has said, once it has ended. */
const run = (args: ReadonlyArray<string>, env: NodeJS.ProcessEnv): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] })
    let said = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text
    })
    child.on("error", reject)
    child.on("close", (code) =>
      code === 0 ? resolve(said) : reject(new Error(`${args.join(" ")} ended with code ${code}`))
    )
  })

/** What every Node program takes. */
export const node: Peer = async ({ programs }) => {
  for (let i = 0; i < programs; i++) await run(["-e", "0"], process.env)
  return spawnsSeen(programs)
}

const hook = (transcript: string, programs: number) =>
  inFolder(async (folder) => {
    const env = { ...process.env, TETHER_STATE_DIR: folder, TETHER_DAEMON_SOCKET: join(folder, "daemon.sock") }
    let deferred = 0
    const begun = performance.now()
    for (let i = 0; i < programs; i++) {
      const said = await run(
        [program, "capture-transcript", "--no-spawn", "--session-id", `session-${i}`, transcript],
        env
      )
      if ((JSON.parse(said) as { readonly status: string }).status === "deferred") deferred++
    }
    return { ...spawnsSeen(deferred), millis: performance.now() - begun }
  })

export const recorded: Peer = ({ programs }) => hook(recordedTranscript, programs)
export const long: Peer = ({ programs, transcript }) => hook(transcript, programs)
