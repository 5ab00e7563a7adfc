/**
 * A real terminal, by util-linux's `script`, for a command line of a shell.
 */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import { startProgram, until } from "./tether.js"

export interface Terminal {
  /** All that was written to it. */
  readonly shown: () => string
  readonly type: (text: string) => void
  readonly resize: (rows: number, cols: number) => void
  /** How the command ended, and whether the settings of the terminal were then as before. */
  readonly ended: Promise<{ readonly code: number; readonly isRestored: boolean }>
}

export const openTerminal = async (command: string): Promise<Terminal> => {
  const folder = mkdtempSync(join(tmpdir(), "tether-terminal-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = (name: string) => join(folder, name)
  const script = `tty > ${file("tty")}; stty rows 24 cols 80; stty -g > ${file("before")}; ${command}; echo $? > ${file("code")}; stty -g > ${file("after")}`
  const started = startProgram("script", ["-qfec", script, "/dev/null"], {
    input: { keep: true },
    env: { TERM: "xterm-256color", SHELL: "/bin/sh" }
  })
  const read = (name: string) => {
    try {
      return readFileSync(file(name), "utf8").trim()
    } catch {
      return ""
    }
  }
  const tty = await until("the terminal", () => read("before") !== "" && read("tty"))
  return {
    shown: () => started.stdout(),
    type: (text) => void started.process.stdin?.write(text),
    resize: (rows, cols) => void execFileSync("stty", ["-F", tty, "rows", String(rows), "cols", String(cols)]),
    ended: started.ended.then(() => ({
      code: Number(read("code")),
      isRestored: read("before") !== "" && read("before") === read("after")
    }))
  }
}
