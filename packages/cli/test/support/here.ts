/**
 * The command in this process, for tests of what it says and does not do: to start it takes half a second.
 */
import * as Effect from "effect/Effect"
import { vi } from "vitest"
import * as Tether from "../../src/Tether.js"
import type { Ended } from "./tether.js"

export const tetherHere = async (args: ReadonlyArray<string>): Promise<Ended> => {
  const texts = { stdout: "", stderr: "" }
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text: unknown, ...rest: ReadonlyArray<unknown>) => {
      texts[name] += String(text)
      for (const taken of rest) if (typeof taken === "function") taken()
      return true
    })
  )
  try {
    const code = await Effect.runPromise(Tether.main(args))
    return { code, ...texts }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}
