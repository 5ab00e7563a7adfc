/**
 * `spawn` of Node.js, without two of its faults: programs are not given what this program was started with, and a start
 * for which too few descriptors are left leaves none open.
 */
import { type ChildProcess, type IOType, spawn, type SpawnOptions } from "node:child_process"
import { coverInherited } from "./inherited.js"
import { requireRoom } from "./room.js"

export interface Options extends Omit<SpawnOptions, "stdio"> {
  /** By number. Where nothing is given, 0, 1 and 2 are /dev/null and others are closed. */
  readonly stdio: ReadonlyArray<IOType | number | undefined>
}

/** Throws what `spawn` throws, and EMFILE or ENFILE before it. */
export const nodeSpawn = (program: string, args: ReadonlyArray<string>, options: Options): ChildProcess => {
  const given = [...options.stdio]
  const cover = coverInherited(given, [program, ...args])
  try {
    // Of fewer than three Node makes the others pipes.
    const stdio = Array.from({ length: Math.max(3, given.length) }, (_, fd) => given[fd] ?? "ignore")
    requireRoom(stdio)
    return spawn(program, args, { ...options, stdio })
  } finally {
    cover?.close()
  }
}
