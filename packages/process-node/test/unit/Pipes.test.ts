/**
 * Who holds a child's pipes, by what the links of its descriptors say.
 */
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Readable } from "node:stream"
import { describe, expect, it, onTestFinished } from "vitest"
import type { Machine } from "../../src/internal/machine.js"
import { Pipes } from "../../src/internal/pipes.js"

/** A socket of ours, as the end of a pipe is. */
const ourEnd = async (): Promise<Readable> => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(join(tmpdir(), `pipes-${process.pid}.sock`), resolve))
  onTestFinished(() => void server.close())
  return server as unknown as Readable
}

/** For which links holders are searched where the child's stderr has this one, and whether the answer is certain. */
const asked = async (link: string | undefined) => {
  const links: Array<string> = []
  const machine = {
    linksOf: () => [link],
    holdersOf: (of: string) => {
      links.push(of)
      return []
    }
  } as unknown as Machine
  const { isCertain } = new Pipes(machine, 1, new Map([[2, await ourEnd()]]), new Map()).holders("stderr")
  return { links, isCertain }
}

describe("the holders of a pipe", () => {
  it("hold the socket that the child has there", async () => {
    expect(await asked("socket:[77]")).toEqual({ links: ["socket:[77]"], isCertain: true })
  })

  it.each(["/dev/null", "/dev/pts/3", "pipe:[77]", "/home/dev/log", undefined])(
    "are not those of what the child has redirected it to already: %s",
    async (link) => {
      const { isCertain, links } = await asked(link)
      expect(isCertain).toBe(false)
      expect(links).not.toContain(link)
    }
  )
})
