/**
 * What the runtime tells of this process. It is asked at call time, and no module of Node is needed for it.
 */
interface Runtime {
  readonly process?: {
    readonly pid?: number
    readonly platform?: string
    readonly env?: Readonly<Record<string, string | undefined>>
    readonly geteuid?: () => number
    readonly cwd?: () => string
    readonly getBuiltinModule?: (name: string) => unknown
  }
}

const runtime = (): Runtime => globalThis as Runtime

/** The pid of this process, or 0 where there is none. */
export const ownPid = (): number => runtime().process?.pid ?? 0

/** The user id of this process, or `undefined` where users have no numbers (Windows). */
export const ownUid = (): number | undefined => runtime().process?.geteuid?.()

/** Where this process is, or `undefined` where that directory has been removed. */
export const workingDirectory = (): string | undefined => {
  try {
    return runtime().process?.cwd?.()
  } catch {
    return undefined
  }
}

/**
 * A module of the runtime, or `undefined` where it has none of that name, or cannot be asked (Node.js before 20.16).
 */
export const builtin = (name: string): unknown => runtime().process?.getBuiltinModule?.(name)

/** A variable of the environment as it is now. An empty one counts as unset, as the XDG specification has it. */
export const variable = (name: string): string | undefined => runtime().process?.env?.[name] || undefined

/** Whether paths are written as on Windows. */
export const isWindows = (): boolean => runtime().process?.platform === "win32"

/** 24 random hexadecimal digits: nobody else on this machine has them. */
export const randomId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("")
