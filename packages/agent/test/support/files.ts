/**
 * Recorded turns, and session files as Claude Code writes them.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as ClaudeAdapter from "../../src/ClaudeAdapter.js"
import type { Entry, Transcript } from "../../src/Transcript.js"
import type { TurnEvent } from "../../src/TurnEvent.js"

export const recordedPath = (name: string) =>
  join(import.meta.dirname, "../../../vitest/fixtures/agents", `${name}.jsonl`)

export const linesOf = (path: string): ReadonlyArray<string> => readFileSync(path, "utf8").split("\n")

/** What the lines of a live turn mean, without a process. */
export const eventsOf = (lines: ReadonlyArray<string>, adapter = ClaudeAdapter.claude): ReadonlyArray<TurnEvent> => {
  const decoder = adapter.decoder({ turnId: "1", cwd: "/", prompt: "" })
  return [...lines.flatMap((line) => decoder.line(line)), ...decoder.end()].flatMap(
    (said): ReadonlyArray<TurnEvent> => {
      if (said._tag === "Notice") return [{ ...said, count: 1 }]
      if (said._tag === "Begun") return []
      if (said._tag !== "Ended") return [said]
      return [{ _tag: "Completed", result: said.result, stuck: false, stderr: "", stderrBytes: 0, durationMillis: 1 }]
    }
  )
}

/** What is the same in a live conversation and in a stored one. */
export const essence = ({ entries }: Transcript) => entries.map(({ blocks, id, role }: Entry) => ({ id, role, blocks }))

export const start = Date.parse("2026-11-20T15:00:00.000Z")

export const stored = (type: string, content: unknown, { at = start, message = {}, ...more }: StoredMore = {}) =>
  JSON.stringify({
    type,
    isSidechain: false,
    cwd: "/home/dev/project",
    sessionId: "s",
    timestamp: new Date(at).toISOString(),
    message: { role: type, content, ...message },
    ...more
  })

interface StoredMore {
  readonly at?: number
  readonly message?: object
  readonly [key: string]: unknown
}

export const said = (text: string) => [{ type: "text", text }]
export const calls = (id: string) => [{ type: "tool_use", id, name: "Read", input: { file: id } }]
export const answers = (id: string) => [{ type: "tool_result", tool_use_id: id, content: `of ${id}` }]

export interface Folder {
  readonly path: string
  readonly write: (name: string, ...lines: ReadonlyArray<string>) => string
}

/** A directory of the test's own, with the file system. */
export const inFolder = <A, E>(use: (folder: Folder) => Effect.Effect<A, E, FileSystem.FileSystem | Scope.Scope>) =>
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-agent-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  ).pipe(
    Effect.flatMap((path) =>
      use({
        path,
        write: (name, ...lines) => {
          const file = join(path, name)
          mkdirSync(dirname(file), { recursive: true })
          writeFileSync(file, lines.map((line) => `${line}\n`).join(""))
          return file
        }
      })
    ),
    Effect.scoped,
    Effect.provide(NodeFileSystem.layer)
  )
