import { describe, expect, it } from "@effect/vitest"
import { taskkill } from "../../src/internal/windows.js"

describe("a signal on Windows", () => {
  it("is a request to the tree, or its end", () => {
    expect(taskkill(7, "SIGTERM")).toEqual(["/PID", "7", "/T"])
    expect(taskkill(7, "SIGKILL")).toEqual(["/PID", "7", "/T", "/F"])
  })

  it("is nothing where a program would only hear of it", () => {
    expect(taskkill(7, "SIGCONT")).toBeUndefined()
    expect(taskkill(7, "SIGUSR1")).toBeUndefined()
  })
})
