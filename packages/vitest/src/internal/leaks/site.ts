/**
 * Where something was created, from the JavaScript stack of that moment.
 */
import { isAbsolute, relative } from "node:path"
import { fileURLToPath } from "node:url"

/** A stack as V8 keeps it: its text is made only when somebody asks. */
export interface Stack {
  readonly stack?: string
}

/** Ten frames, which is the default, end within a library. */
const depth = 60

/** The stack above `below`, which is left out with whatever it has called. */
export const stackAbove = (below: (...args: ReadonlyArray<never>) => unknown): Stack => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = depth
  const holder: Stack = {}
  Error.captureStackTrace(holder, below)
  Error.stackTraceLimit = limit
  return holder
}

/** An error that points to where the assertion was made, and not to where it was found to be wrong. */
export const errorAt = ({ stack = "" }: Stack, message: string): Error => {
  const error = new Error(message)
  error.stack = [`Error: ${message}`, ...stack.split("\n").filter(isFrame)].join("\n")
  return error
}

/** The first frame that is the user's, as `file:line:column`; none if a fiber did it in a step of its own. */
export const siteOf = ({ stack = "" }: Stack): string | undefined => {
  for (const frame of framesOf(stack)) {
    // Below it is whoever has woken the fiber, which has nothing to do with it.
    if (frame.name.endsWith("FiberRuntime.runLoop")) return undefined
    if (isUsers(frame.file)) return `${shown(frame.file)}:${frame.position}`
  }
  return undefined
}

/** Whether the test runner has done it for itself. */
export const isRunners = ({ stack = "" }: Stack): boolean => {
  const top = framesOf(stack).find(({ file }) => !isNodes(file))
  return top !== undefined && runner.test(top.file)
}

/** A place as somebody else has written it, `file:///a/b.ts:1:2`, in our way. */
export const asSite = (place: string): string => {
  const frame = frameOf(`at ${place}`)
  return frame === undefined ? place : `${shown(frame.file)}:${frame.position}`
}

interface Frame {
  readonly name: string
  readonly file: string
  readonly position: string
}

const isFrame = (line: string): boolean => /^\s+at /.test(line)

const framesOf = (stack: string): ReadonlyArray<Frame> =>
  stack.split("\n").flatMap((line) => frameOf(line.trim()) ?? [])

const frameOf = (line: string): Frame | undefined => {
  const found = /^at (?:async )?(?:(.*) \()?(.+?):(\d+:\d+)\)?$/.exec(line)
  if (found === null) return undefined
  const [, name = "", file = "", position = ""] = found
  return { name, file: pathOf(file), position }
}

const pathOf = (file: string): string => {
  try {
    return file.startsWith("file:") ? fileURLToPath(file) : file
  } catch {
    return file
  }
}

const runner = /[\\/]node_modules[\\/](?:vitest|@vitest[\\/][^\\/]+|birpc|tinypool|vite-node|vite)[\\/]/

const library = /[\\/]node_modules[\\/](?:effect|@effect[\\/][^\\/]+|@tether[\\/][^\\/]+)[\\/]/

/** Where our own packages are, installed or in their repository. */
const home = fileURLToPath(new URL("../../../../", import.meta.url))

const isOurs = (file: string): boolean =>
  file.startsWith(home) && /^[^\\/]+[\\/](?:src|dist)[\\/]/.test(file.slice(home.length))

const isNodes = (file: string): boolean => file.startsWith("node:")

const isUsers = (file: string): boolean =>
  isAbsolute(file) && !runner.test(file) && !library.test(file) && !isOurs(file)

const shown = (file: string): string => {
  const path = relative(process.cwd(), file)
  return path === "" || path.startsWith("..") ? file : path
}
