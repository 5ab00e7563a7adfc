/**
 * The directories in which Claude Code keeps the sessions of a directory.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import { parseObject } from "@tether/transcript/Json"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { firstInLines } from "./sessionFile.js"
import { cwdOf } from "./storedSession.js"

const configured = Config.orElse(Config.nonEmptyString("CLAUDE_CONFIG_DIR"), () =>
  Config.map(Config.nonEmptyString("HOME"), (home) => `${home}/.claude`)
)

/** The directory of all of them. */
export const projectsDirectory = (configDir: string | undefined): Effect.Effect<string, FileError> =>
  (configDir === undefined ? configured : Effect.succeed(configDir)).pipe(
    Effect.map((directory) => `${directory}/projects`),
    Effect.mapError(() =>
      FileAttempt.refused(
        "find the sessions",
        "~/.claude/projects",
        "Invalid",
        "neither CLAUDE_CONFIG_DIR nor HOME says where they are"
      )
    )
  )

const slugOf = (cwd: string): string => cwd.replaceAll(/[^A-Za-z0-9]/g, "-")

/** The names of a directory, or none where it is not there. */
const namesIn = (fs: FileSystem.FileSystem, directory: string): Effect.Effect<ReadonlyArray<string>, FileError> =>
  fs.readDirectory(directory).pipe(
    Effect.catchIf(FileAttempt.isNotFound, () => Effect.succeed([])),
    FileAttempt.attempt("list the sessions in", directory)
  )

const sessionsIn = (fs: FileSystem.FileSystem, directory: string) =>
  Effect.map(namesIn(fs, directory), (names) =>
    names.filter((name) => name.endsWith(".jsonl")).map((name) => `${directory}/${name}`)
  )

/** The first directory that a file names is the one that its session was started in. */
const cwdIn = (path: string) =>
  firstInLines(path, (line) => {
    const entry = parseObject(line)
    return entry === undefined ? undefined : cwdOf(entry)
  })

/** Whether a file tells that it belongs here. One that cannot be read tells nothing. */
const belongs = (file: string, cwds: ReadonlyArray<string>): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  cwdIn(file).pipe(
    Effect.map(Option.exists((cwd) => cwds.includes(cwd))),
    Effect.orElseSucceed(() => false)
  )

/**
 * The session files that may be those of a directory, by any of its names: all that are in the directory with its slug,
 * and those in others that tell that they belong here: a long slug is shortened, other versions made it by another
 * rule, and a session that goes on in a worktree lies in the directory of that.
 */
export const sessionFiles = (
  projects: string,
  cwds: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<string>, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const slugs = cwds.map(slugOf)
    const filesOf = (name: string) => {
      const all = sessionsIn(fs, `${projects}/${name}`)
      if (slugs.includes(name)) return all
      // There may be anything, and it cannot be known to be ours.
      return Effect.flatMap(
        Effect.orElseSucceed(all, (): ReadonlyArray<string> => []),
        (files) => Effect.filter(files, (file) => belongs(file, cwds), { concurrency: 4 })
      )
    }
    return (yield* Effect.forEach(yield* namesIn(fs, projects), filesOf, { concurrency: 4 })).flat()
  })
