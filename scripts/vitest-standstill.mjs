import { expect } from "vitest"
import { watchStandstill } from "./lib/standstill.mjs"

watchStandstill("a worker of the tests", () => {
  const { currentTestName, testPath } = expect.getState()
  return `, in ${testPath}: ${currentTestName}`
})
