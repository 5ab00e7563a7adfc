import { parseArgs } from "node:util"

/** Options of the command line as `parseArgs` gives them. What it refuses ends the program with 2, after `usage`. */
export const readOptions = (usage, config) => {
  try {
    return parseArgs(config)
  } catch (error) {
    console.error(`${error.message}\n${usage}`)
    process.exit(2)
  }
}
