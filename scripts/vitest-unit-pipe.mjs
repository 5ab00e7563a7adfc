import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Makes a named pipe, to which unit tests link: to make one takes a process. */
export default (project) => {
  if (process.platform === "win32") return
  const directory = mkdtempSync(join(tmpdir(), "tether-unit-"))
  const pipe = join(directory, "pipe")
  execFileSync("mkfifo", [pipe])
  project.provide("pipe", pipe)
  return () => rmSync(directory, { recursive: true, force: true })
}
