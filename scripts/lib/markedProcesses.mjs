import { readdirSync, readFileSync } from "node:fs"

/**
 * The processes whose environment names this directory, besides this one. Only where there is a `/proc`. An environment
 * that this user cannot read, such as that of a setuid program, is left out.
 */
export const markedProcesses = (directory) =>
  pids().flatMap((pid) => {
    const found = identify(pid, directory)
    return found === undefined || pid === process.pid ? [] : [found]
  })

/** Kills those that are still the same processes. A pid that now belongs to another process is not signalled. */
export const endProcesses = (processes, directory) => {
  for (const { pid, startTime } of processes) {
    if (identify(pid, directory)?.startTime !== startTime) continue
    try {
      process.kill(pid, "SIGKILL")
    } catch (error) {
      if (error.code !== "ESRCH") throw error
    }
  }
}

const pids = () => {
  try {
    return readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 1)
  } catch {
    return []
  }
}

const identify = (pid, directory) => {
  try {
    if (!readFileSync(`/proc/${pid}/environ`, "latin1").includes(directory)) return undefined
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
    // The name is in parentheses and may contain any character. The start time is the 20th field after it.
    const end = stat.lastIndexOf(")")
    return { pid, command: stat.slice(stat.indexOf("(") + 1, end), startTime: stat.slice(end + 2).split(" ")[19] }
  } catch {
    // It ended, or belongs to another user.
    return undefined
  }
}
