import { linkSync } from "node:fs"
import { inject } from "vitest"

/** Puts a named pipe there. It is a link, because to make a pipe takes a process. */
export const putPipe = (path: string): void => linkSync(inject("pipe"), path)
