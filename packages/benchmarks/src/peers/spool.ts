/**
 * A spool, and the same by hand: a file is there whole or not at all, and is claimed by a rename.
 *
 * Promises and no effects: what surrounds a peer must not measure Effect's runtime with it (`Peer` in Row.ts).
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeProcessIdentity from "@tether/process-node/NodeProcessIdentity"
import * as Answer from "@tether/spool/Answer"
import * as Spool from "@tether/spool/Spool"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs"
import { open, readdir, readFile, rename, unlink } from "node:fs/promises"
import { join } from "node:path"
import { delayed } from "../loop.js"
import { watched } from "../resident.js"
import type { Peer, Seen } from "../Row.js"
import { spawnsSeen } from "./counting.js"
import { inMemory } from "./folder.js"

const Mail = Schema.Struct({ to: Schema.String, subject: Schema.String, at: Schema.Number })
type Mail = typeof Mail.Type

const mail = (number: number): Mail => ({
  to: `user-${number}@example.org`,
  subject: "The build has failed",
  at: 1_790_000_000_000 + number
})

const textOf = (number: number): string => `{"version":1}\n${JSON.stringify(mail(number))}\n`

const isReady = (name: string): boolean => name.endsWith(".jsonl")

/** What is measured, without what comes before and after it. */
const timed = async (run: () => Promise<unknown>): Promise<Omit<Seen, keyof ReturnType<typeof spawnsSeen>>> => {
  const cpu = process.cpuUsage()
  const begun = performance.now()
  const {
    growth,
    value: { delay }
  } = await watched(() => delayed(run))
  const millis = performance.now() - begun
  const { system, user } = process.cpuUsage(cpu)
  return { millis, cpuMillis: (user + system) / 1000, memory: growth, delay }
}

const spoolIn = (directory: string, fsync: boolean): Promise<Spool.Spool<Mail>> =>
  Spool.make({ directory, schema: Mail, fsync }).pipe(
    Effect.provide(Layer.merge(NodeProcessIdentity.layer, NodeFileSystem.layer)),
    Effect.runPromise
  )

/** With fsync on a disk, where the files stay: that others were deleted just before takes it time. */
const place = (fsync: boolean, parent: string, use: (folder: string) => Promise<Seen>): Promise<Seen> =>
  fsync ? use(mkdtempSync(join(parent, "spool-"))) : inMemory(use)

const putting =
  (fsync: boolean): Peer =>
  ({ folder: parent, records }) =>
    place(fsync, parent, async (folder) => {
      const spool = await spoolIn(folder, fsync)
      let number = 0
      const one = Effect.suspend(() => spool.put([mail(number++)]))
      const taken = await timed(() => Effect.runPromise(Effect.repeatN(one, records - 1)))
      return { ...spawnsSeen(readdirSync(folder).filter(isReady).length), ...taken }
    })

export const put = putting(false)
export const putSynced = putting(true)

const puttingByHand =
  (fsync: boolean): Peer =>
  ({ folder: parent, records }) =>
    place(fsync, parent, async (folder) => {
      const taken = await timed(async () => {
        for (let number = 0; number < records; number++) {
          const path = join(folder, `${number}.jsonl`)
          const file = await open(`${path}.tmp`, "wx", 0o600)
          await file.writeFile(textOf(number))
          if (fsync) await file.sync()
          await file.close()
          await rename(`${path}.tmp`, path)
          if (!fsync) continue
          // Its name is on the disk only then.
          const directory = await open(folder, "r")
          await directory.sync()
          await directory.close()
        }
      })
      return { ...spawnsSeen(readdirSync(folder).filter(isReady).length), ...taken }
    })

export const nodePut = puttingByHand(false)
export const nodePutSynced = puttingByHand(true)

const fill = (folder: string, count: number): void => {
  for (let number = 0; number < count; number++) {
    writeFileSync(join(folder, `${String(number).padStart(8, "0")}.jsonl`), textOf(number), { mode: 0o600 })
  }
}

export const drain: Peer = ({ records }) =>
  inMemory(async (folder) => {
    fill(folder, records)
    const spool = await spoolIn(folder, true)
    let seen = 0
    const all = spool.drain(
      ({ record }) => {
        if (record.to !== "") seen++
        return Effect.succeed(Answer.done)
      },
      { records: records + 1, time: "1 hour" }
    )
    const silently = Effect.provide(all, Logger.replace(Logger.defaultLogger, Logger.none))
    const taken = await timed(() => Effect.runPromise(silently))
    if (readdirSync(folder).some(isReady)) throw new Error("something was left in the spool")
    return { ...spawnsSeen(seen), ...taken }
  })

export const nodeDrain: Peer = ({ records }) =>
  inMemory(async (folder) => {
    fill(folder, records)
    const claims = join(folder, "claims")
    mkdirSync(claims)
    let seen = 0
    const taken = await timed(async () => {
      for (const name of (await readdir(folder)).filter(isReady).toSorted()) {
        const path = join(claims, name)
        await rename(join(folder, name), path)
        const [, line = ""] = (await readFile(path, "utf8")).split("\n")
        if ((JSON.parse(line) as Mail).to !== "") seen++
        await unlink(path)
      }
    })
    return { ...spawnsSeen(seen), ...taken }
  })
