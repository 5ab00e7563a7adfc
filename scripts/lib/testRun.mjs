import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { endProcesses, markedProcesses } from "./markedProcesses.mjs"
import { mountsBelow, remainingFiles } from "./remainingFiles.mjs"

// A reaper may need 10 s after the death of its host.
const DEADLINE_MS = 15_000

/**
 * Gives this process, and all that it starts from now on, temporary, runtime and state directories of their own, and a
 * marker in the environment. `close` names what is left there, ends and removes it.
 */
export const openTestRun = () => {
  // Short: the path of a UNIX socket has at most 107 bytes, 103 on macOS.
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "tt-")))
  chmodSync(directory, 0o755)
  const folders = { tmp: join(directory, "tmp"), run: join(directory, "run"), state: join(directory, "state") }
  for (const folder of Object.values(folders)) mkdirSync(folder, { mode: 0o700 })
  // As `/tmp`: some tests start programs as another user.
  chmodSync(folders.tmp, 0o1777)

  // These two would take precedence over the directories below.
  delete process.env.TETHER_RUNTIME_DIR
  delete process.env.TETHER_STATE_DIR
  // All name the directory, so that a program with a part of this environment is found too: a tmux server of Tether has
  // TMPDIR, but not the marker.
  Object.assign(process.env, {
    TETHER_TEST_RUN: directory,
    TMPDIR: folders.tmp,
    XDG_RUNTIME_DIR: folders.run,
    XDG_STATE_HOME: folders.state
  })

  const removeNow = () => {
    endProcesses(markedProcesses(directory), directory)
    remove(directory)
  }
  process.on("exit", removeNow)

  /** Waits for at most 15 s until nothing is left. Returns one line for each thing that is still there then. */
  const close = async () => {
    const left = await remaining(directory, folders)
    for (let processes = left.processes; processes.length > 0; processes = markedProcesses(directory)) {
      endProcesses(processes, directory)
      await sleep(50)
    }
    process.off("exit", removeNow)
    return [
      ...left.processes.map(({ command, pid }) => `process ${pid} (${command})`),
      ...left.files,
      ...remove(directory)
    ]
  }
  return { close }
}

const remaining = async (directory, folders) => {
  const deadline = performance.now() + DEADLINE_MS
  for (;;) {
    const left = { processes: markedProcesses(directory), files: remainingFiles(folders) }
    const isDone = left.processes.length === 0 && left.files.length === 0
    if (isDone || performance.now() > deadline) return left
    await sleep(100)
  }
}

/** Returns what is wrong. What is mounted there is not removed: it may be a view of other directories. */
const remove = (directory) => {
  const mounts = mountsBelow(directory)
  if (mounts.length > 0) return mounts.map((path) => `mount ${path}; ${directory} is not removed`)
  try {
    rmSync(directory, { recursive: true, force: true })
    return []
  } catch (error) {
    return [`cannot remove ${directory}: ${error.message}`]
  }
}
