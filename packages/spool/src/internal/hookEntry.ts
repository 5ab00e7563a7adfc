/**
 * What is bundled into one file: `tether capture-transcript --no-spawn` and `tether capture-turn`.
 */
import { main as captureMain } from "./captureProgram.js"

export const main = (argv: ReadonlyArray<string>): void => captureMain(argv)
