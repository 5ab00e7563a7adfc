/**
 * The socket: a line in, a line out.
 */
import fs = require("node:fs")
import net = require("node:net")
import os = require("node:os")
import type { ShimAnswer, ShimRequest, ShimStep } from "../internal/shimProtocol.js" with {
  "resolution-mode": "import"
}
import type { Asker } from "./asker.cjs"

type Answer = (request: ShimRequest, asker: Asker) => Promise<ShimAnswer>

/**
 * Fails with what the system says, if nobody can be heard there. Once the path is there, it is heard: a socket that is
 * bound does not listen yet, so it is made under another name.
 */
const listen = (path: string, answer: Answer): Promise<void> =>
  new Promise((resolve, reject) => {
    const early = `${path}~`
    fs.rmSync(early, { force: true })
    const server = net.createServer({ allowHalfOpen: true }, (connection) => serve(connection, answer))
    server.once("error", reject).listen(early, () => {
      // Such as too many open files: there may be another time.
      server.on("error", () => {})
      fs.chmodSync(early, 0o600)
      fs.renameSync(early, path)
      resolve()
    })
  })

/** More is no request. */
const longest = 65_536

const serve = (connection: net.Socket, answer: Answer): void => {
  let text = ""
  const left = new Promise<void>((resolve) => connection.once("end", resolve).once("close", resolve))
  const asker: Asker = { isThere: () => connection.writable && !connection.readableEnded, left }
  const reply = (value: ShimAnswer): void => {
    if (connection.writable) connection.write(`${JSON.stringify(value)}\n`)
  }
  const hear = (chunk: string): void => {
    text += chunk
    const end = text.indexOf("\n")
    if (end === -1 && text.length <= longest) return
    connection.off("data", hear).resume()
    const request = end === -1 ? undefined : requestIn(text.slice(0, end))
    if (request === undefined) reply({ _tag: "Refused", message: "This is no request." })
    else answer(request, asker).then(reply, () => {})
  }
  connection
    .setEncoding("utf8")
    .on("error", () => {})
    .on("data", hear)
  // The connection stays open behind the answer: whoever has it decides when it is over.
  void left.then(() => connection.end())
}

const requestIn = (line: string): ShimRequest | undefined => {
  try {
    const value = JSON.parse(line) as Partial<Record<string, unknown>>
    const { op, reason, steps } = value
    if (op === "started" || op === "running") return { op }
    if (op !== "stop" || typeof reason !== "string" || !Array.isArray(steps) || !steps.every(isStep)) return undefined
    return { op, steps, reason }
  } catch {
    return undefined
  }
}

const isStep = (value: unknown): value is ShimStep => {
  const { signal, wait } = value as Partial<Record<string, unknown>>
  return (
    typeof signal === "string" && Object.hasOwn(os.constants.signals, signal) && typeof wait === "number" && wait >= 0
  )
}

export = { listen }
