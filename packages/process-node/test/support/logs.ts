import * as Logger from "effect/Logger"

export { captureLogs } from "../../../process/test/support/logs.js"

/** No log output: the relay works all the same, into a logger that does nothing. */
export const quiet = Logger.replace(Logger.defaultLogger, Logger.none)
