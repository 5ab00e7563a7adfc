/** The program of the hooks, which is one file. */
import bundle = require("./bundle.cjs")
import path = require("node:path")

/** Carries out the words behind `tether`, prints one line on stdout, and ends the process. */
const main = (argv: ReadonlyArray<string>): void => bundle.main(path.join(__dirname, "hook.bundle.cjs"), argv)

export = { main }
