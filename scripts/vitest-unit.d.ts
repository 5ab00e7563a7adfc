import "vitest"

declare module "vitest" {
  interface ProvidedContext {
    /** Of the unit tests: the path of a named pipe (scripts/vitest-unit-pipe.mjs). */
    readonly pipe: string
  }
}
