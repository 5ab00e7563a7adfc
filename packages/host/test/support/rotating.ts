/**
 * A rotating file, and the disk and the process that it is written with.
 */
import { type Before, layer as disk } from "@tether/vitest/FaultyDisk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { readdirSync } from "node:fs"
import { dirname, join } from "node:path"
import * as RotatingFile from "../../src/RotatingFile.js"
import { directory, named } from "./machine.js"

export const as = (name: string, before?: Before, mixing = false) =>
  Layer.merge(
    named(name, () => "gone"),
    disk(before, mixing)
  )
export const plain = as("one")

export const file = Effect.map(directory, (base) => join(base, "logs", "exits.log"))
export const readAll = (path: string) =>
  Effect.map(Stream.runCollect(RotatingFile.read(path)).pipe(Effect.provide(disk())), (lines) => [...lines])
export const beside = (path: string) => readdirSync(dirname(path)).sort()
