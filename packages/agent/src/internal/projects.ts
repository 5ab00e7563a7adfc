/**
 * The directories in which Claude Code keeps the sessions of a directory.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { asString, parseObject } from "./json.js"
import { firstInLines } from "./sessionFile.js"

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
const cwdOf = (path: string) => firstInLines(path, (line) => asString(parseObject(line)?.["cwd"]))

/** Whether the first of these files that tells where it belongs, belongs here. What cannot be read tells nothing. */
const belong = (files: ReadonlyArray<string>, cwds: ReadonlyArray<string>) =>
  Stream.fromIterable(files).pipe(
    Stream.mapEffect((file) => Effect.orElseSucceed(cwdOf(file), () => Option.none<string>())),
    Stream.filterMap((cwd) => cwd),
    Stream.runHead,
    Effect.map(Option.exists((cwd) => cwds.includes(cwd)))
  )

/**
 * The session files that may be those of a directory, by any of its names: all that are in the directory with its slug,
 * and those in others that belong here: a long slug is shortened, and other versions made it by another rule.
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
      return Effect.orElseSucceed(all, () => []).pipe(
        Effect.flatMap((files) => Effect.map(belong(files, cwds), (isOurs) => (isOurs ? files : [])))
      )
    }
    return (yield* Effect.forEach(yield* namesIn(fs, projects), filesOf, { concurrency: 4 })).flat()
  })
