/**
 * What this program was started with, read when it is asked for.
 */

/** Without what is absent. */
export const environment = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  )

export const nodeProgram = (): string => process.execPath

export const ownPid = (): number => process.pid

/** Undefined where it has been removed. */
export const workingDirectory = (): string | undefined => {
  try {
    return process.cwd()
  } catch {
    return undefined
  }
}
