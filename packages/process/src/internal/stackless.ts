/**
 * Failures without a stack: it would show this package at work, where nobody's mistake is.
 */

/** Keeps its first line, by which loggers and `Cause.pretty` name it. */
export const stackless = <E extends Error>(error: E): E => {
  error.stack = `${error.name}: ${error.message}`
  return error
}
