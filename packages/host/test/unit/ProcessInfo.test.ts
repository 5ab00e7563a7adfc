import { describe, expect, it } from "@effect/vitest"
import * as ProcessInfo from "../../src/ProcessInfo.js"

describe("ProcessInfo.format", () => {
  it.each([
    ["sh -c login --password s3cret", "sh"],
    ["/usr/bin/node server.js s3cret", "node"],
    ["nginx: master process s3cret", "nginx"],
    ["[kworker/0:1]", "[kworker/0:1]"],
    ["-bash", "-bash"],
    ["", ""]
  ])("names the process of %j, and none of its arguments", (command, name) => {
    expect(ProcessInfo.format({ pid: 4711, command, startedAt: undefined })).toBe(`4711 (${name})`)
  })
})
