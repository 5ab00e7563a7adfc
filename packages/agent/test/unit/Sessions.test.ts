import * as FileSystem from "@effect/platform/FileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import * as Sessions from "../../src/Sessions.js"
import { answers, calls, type Folder, inFolder, recordedPath, said, start, stored } from "../support/files.js"

const cwd = "/home/dev/project"
const slug = "-home-dev-project"

const listed = (folder: Folder, asked = cwd) => Sessions.list(asked, { configDir: folder.path })

const titles = ({ sessions }: Sessions.Listing) => sessions.map(({ title }) => title)

describe("the sessions of a directory", () => {
  it.effect("are told with id, title, time, turns and path, newest first", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        for (const name of ["text", "tool"]) {
          mkdirSync(join(folder.path, "projects", slug), { recursive: true })
          copyFileSync(
            recordedPath(`claude-${name}-turn.transcript`),
            join(folder.path, "projects", slug, `${name}.jsonl`)
          )
        }
        const path = join(folder.path, "projects", slug)
        expect(yield* listed(folder)).toEqual({
          sessions: [
            {
              id: "tool",
              path: `${path}/tool.jsonl`,
              cwd,
              title: "read notes.txt",
              changedAt: Date.parse("2026-11-20T16:25:16.076Z"),
              turns: 1,
              malformed: 0,
              unknown: 0
            },
            {
              id: "text",
              path: `${path}/text.jsonl`,
              cwd,
              title: "say hi",
              changedAt: Date.parse("2026-11-20T15:46:20.391Z"),
              turns: 1,
              malformed: 0,
              unknown: 0
            }
          ],
          problems: []
        })
      })
    )
  )

  it.effect("have the title that the user gave, or else the one that was made, or else their first prompt", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const ai = JSON.stringify({ type: "ai-title", aiTitle: "made" })
        const write = (name: string, at: number, ...lines: ReadonlyArray<string>) =>
          folder.write(
            `projects/${slug}/${name}.jsonl`,
            stored("user", `first\n  of ${name} `, { at }),
            stored("user", "second", { at }),
            ...lines
          )
        write(
          "a",
          start + 5,
          ai,
          JSON.stringify({ type: "custom-title", customTitle: "old" }),
          JSON.stringify({ type: "custom-title", customTitle: "given" }),
          ai
        )
        write("b", start + 4, JSON.stringify({ type: "custom-title", customTitle: " " }), ai)
        // A summary is of the conversation that ends with a line, which may be in another file.
        write(
          "c",
          start + 3,
          stored("assistant", said("done"), { at: start + 3, uuid: "own" }),
          JSON.stringify({ type: "summary", summary: "in short", leafUuid: "own" }),
          JSON.stringify({ type: "summary", summary: "of another one", leafUuid: "elsewhere" }),
          JSON.stringify({ type: "summary", summary: "without a leaf" })
        )
        write("d", start + 2)
        folder.write(`projects/${slug}/e.jsonl`, stored("user", "🚀".repeat(100), { at: start + 1 }))
        folder.write(`projects/${slug}/f.jsonl`, stored("assistant", said("hi")))
        expect(titles(yield* listed(folder))).toEqual([
          "given",
          "made",
          "in short",
          "first of d",
          `${"🚀".repeat(79)}…`,
          "f"
        ])
      })
    )
  )

  it.effect("count the messages of the user as turns, without tool results and messages of the program", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        folder.write(
          `projects/${slug}/a.jsonl`,
          stored("user", "meta", { isMeta: true }),
          stored("user", "one"),
          stored("assistant", calls("t")),
          stored("user", answers("t")),
          stored("assistant", said("sub"), { isSidechain: true, at: start + 9 }),
          stored("user", said("[Request interrupted by user]")),
          "no JSON",
          stored("user", said("two"), { at: start + 1 })
        )
        expect((yield* listed(folder)).sessions).toMatchObject([
          { title: "one", turns: 2, malformed: 1, changedAt: start + 1 }
        ])
      })
    )
  )

  it.effect(
    "are found where the name of their project was shortened, and are not taken from a directory with the same slug",
    () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const long = `/home/dev/${"deep/".repeat(60)}project`
          folder.write(
            `projects/${long.replaceAll("/", "-").slice(0, 200)}-x1y2z3/a.jsonl`,
            JSON.stringify({ type: "custom-title", customTitle: "deep" }),
            stored("user", "x", { cwd: long })
          )
          folder.write(`projects/${slug}/b.jsonl`, stored("user", "ours"))
          folder.write(`projects/${slug}/c.jsonl`, stored("user", "theirs", { cwd: "/home/dev-project" }))
          folder.write("projects/-other/d.jsonl", stored("user", "other", { cwd: "/other" }))
          folder.write("projects/.DS_Store", "no directory")
          expect(titles(yield* listed(folder, long))).toEqual(["deep"])
          expect(titles(yield* listed(folder))).toEqual(["ours"])
          expect(titles(yield* listed(folder, `${cwd}/`))).toEqual(["ours"])
          expect(titles(yield* listed(folder, "/home/dev-project"))).toEqual(["theirs"])
        })
      )
  )

  it.effect("are found by a symbolic link to their directory", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const real = join(folder.path, "real")
        mkdirSync(real)
        symlinkSync(real, join(folder.path, "link"))
        folder.write(
          `projects/${real.replaceAll(/[^A-Za-z0-9]/g, "-")}/a.jsonl`,
          stored("user", "linked", { cwd: real })
        )
        expect(titles(yield* listed(folder, join(folder.path, "link")))).toEqual(["linked"])
      })
    )
  )

  it.effect("are shown also where others are broken, which is told", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        folder.write(`projects/${slug}/good.jsonl`, stored("user", "good"))
        folder.write(`projects/${slug}/empty.jsonl`)
        folder.write(`projects/${slug}/agent-1.jsonl`, stored("user", "sub", { isSidechain: true }))
        folder.write(`projects/${slug}/garbage.jsonl`, "\u0000\u0001", "{")
        mkdirSync(join(folder.path, "projects", slug, "folder.jsonl"))
        symlinkSync("/nowhere", join(folder.path, "projects", slug, "gone.jsonl"))
        const listing = yield* listed(folder)
        expect(titles(listing)).toEqual(["good"])
        expect(listing.problems.map(({ path, problem }) => [path.split("/").at(-1), problem]).sort()).toEqual([
          ["folder.jsonl", "it is no regular file"],
          ["garbage.jsonl", "no line of it is a message"],
          ["gone.jsonl", expect.any(String)]
        ])
      })
    )
  )

  it.effect("are read bit by bit, and so many at once as is asked for", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        for (let index = 0; index < 20; index++) {
          folder.write(
            `projects/${slug}/${index}.jsonl`,
            ...Array.from({ length: 500 }, () => stored("user", "x".repeat(1000)))
          )
        }
        let open = 0
        let most = 0
        const count = (by: number) =>
          Effect.sync(() => {
            most = Math.max(most, (open += by))
          })
        const fs = yield* FileSystem.FileSystem
        const watched: FileSystem.FileSystem = {
          ...fs,
          readFile: () => Effect.dieMessage("a file was read whole"),
          readFileString: () => Effect.dieMessage("a file was read whole"),
          stream: (path, options) =>
            Stream.flatMap(
              Stream.acquireRelease(count(1), () => count(-1)),
              () => fs.stream(path, options)
            )
        }
        const { sessions } = yield* Sessions.list(cwd, { configDir: folder.path, concurrency: 3 }).pipe(
          Effect.provideService(FileSystem.FileSystem, watched)
        )
        expect(sessions.map(({ turns }) => turns)).toEqual(Array.from({ length: 20 }, () => 500))
        expect([open, most]).toEqual([0, 3])
      })
    )
  )

  it.effect("are read one line after the other, however long the file is", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const line = stored("user", "x".repeat(1000))
        folder.write(`projects/${slug}/a.jsonl`, ...Array.from({ length: 20_000 }, () => line))
        expect((yield* listed(folder)).sessions[0]?.turns).toBe(20_000)
      })
    )
  )

  it.effect("are looked for where the environment says", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        folder.write(`home/.claude/projects/${slug}/a.jsonl`, stored("user", "at home"))
        folder.write(`config/projects/${slug}/a.jsonl`, stored("user", "configured"))
        const from = (...variables: ReadonlyArray<readonly [string, string]>) =>
          Effect.withConfigProvider(Sessions.list(cwd), ConfigProvider.fromMap(new Map(variables)))
        const home = ["HOME", join(folder.path, "home")] as const
        expect(titles(yield* from(home))).toEqual(["at home"])
        expect(titles(yield* from(home, ["CLAUDE_CONFIG_DIR", join(folder.path, "config")]))).toEqual(["configured"])
        expect(titles(yield* from(home, ["CLAUDE_CONFIG_DIR", ""]))).toEqual(["at home"])
        expect(yield* from(["HOME", join(folder.path, "nobody")])).toEqual({ sessions: [], problems: [] })
        expect((yield* Effect.flip(from())).message).toContain("neither CLAUDE_CONFIG_DIR nor HOME")
      })
    )
  )
})
