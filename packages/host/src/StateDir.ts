/**
 * Where a program keeps its state, and its sockets, so that nobody else can reach them.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { FileError } from "./FileError.js"
import { isExclusive, makeAll, makeOne, syncNames } from "./internal/directories.js"
import { doing, refused } from "./internal/fileErrors.js"
import { hash } from "./internal/hash.js"
import { directoryOf, isAbsolute, join, nameOf } from "./internal/paths.js"
import { privateDirectory } from "./internal/privateDirectory.js"
import { ownUid, variable } from "./internal/runtime.js"

/**
 * The directory for what must survive a reboot, such as a journal; it is there and private when this returns.
 *
 * It is `$TETHER_STATE_DIR/<name>`, otherwise `$XDG_STATE_HOME/tether/<name>`, otherwise
 * `$HOME/.local/state/tether/<name>`. The environment is read at every call. As the XDG base directory specification
 * has it, a variable of that name that is no absolute path is ignored; for `TETHER_STATE_DIR` it is an error.
 *
 * Fails with `FileError`. The reason is `NotPrivate` if the directory, or the `tether` above it, belongs to somebody
 * else, is a symbolic link or can be used by others, or if it is in a directory in which another user can replace it
 * (the rule is in `TrustedPath`); and `Invalid` if no variable tells where it is.
 *
 * @example
 * ```ts
 * import * as StateDir from "@tether/host/StateDir"
 * import * as Effect from "effect/Effect"
 *
 * const log = Effect.map(StateDir.stateDir("journal"), (directory) => `${directory}/exits.log`)
 * ```
 */
export const stateDir = (name: string): Effect.Effect<string, FileError, FileSystem.FileSystem> =>
  Effect.flatMap(statePlace(name), ({ base, names }) => madeBelow(base, names, "TETHER_STATE_DIR"))

/**
 * Where the directory of `stateDir` is, for one who only reads: nothing is made, and nothing is looked at.
 *
 * @example
 * ```ts
 * import * as StateDir from "@tether/host/StateDir"
 * import * as Effect from "effect/Effect"
 *
 * const log = Effect.map(StateDir.statePath("journal"), (directory) => `${directory}/exits.log`)
 * ```
 */
export const statePath = (name: string): Effect.Effect<string, FileError> =>
  Effect.map(statePlace(name), ({ base, names }) => names.reduce(join, base))

interface Place {
  readonly base: string
  /** Below it, one in the other. */
  readonly names: ReadonlyArray<string>
}

const statePlace = (name: string): Effect.Effect<Place, FileError> =>
  Effect.gen(function* () {
    yield* checkName(name)
    const override = yield* overridden("TETHER_STATE_DIR")
    if (override !== undefined) return { base: override, names: [name] }
    const state = absolute("XDG_STATE_HOME")
    if (state !== undefined) return { base: state, names: ["tether", name] }
    const home = absolute("HOME")
    if (home !== undefined) return { base: join(home, ".local/state"), names: ["tether", name] }
    const problem = "none of TETHER_STATE_DIR, XDG_STATE_HOME and HOME says where it is"
    return yield* refused("find the state directory", name, "Invalid", problem)
  })

/**
 * The directory for what is of no use after a reboot, such as sockets; it is there and private when this returns.
 *
 * It is `$TETHER_RUNTIME_DIR/<name>`, otherwise `$XDG_RUNTIME_DIR/tether/<name>`, otherwise `/tmp/tether-<uid>/<name>`.
 * It is refused under the same conditions as `stateDir`. In `/tmp` a stranger may have made it first: then it is
 * refused.
 *
 * @example
 * ```ts
 * import * as StateDir from "@tether/host/StateDir"
 * import * as Effect from "effect/Effect"
 *
 * const socket = Effect.flatMap(StateDir.runtimeDir("tmux"), (directory) => StateDir.socketPath(directory, "default"))
 * ```
 */
export const runtimeDir = (name: string): Effect.Effect<string, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    yield* checkName(name)
    const override = yield* overridden("TETHER_RUNTIME_DIR")
    if (override !== undefined) return yield* madeBelow(override, [name], "TETHER_RUNTIME_DIR")
    const runtime = absolute("XDG_RUNTIME_DIR")
    if (runtime !== undefined) return yield* madeBelow(runtime, ["tether", name], "TETHER_RUNTIME_DIR")
    return yield* madeBelow("/tmp", [ownTemporary(), name], "TETHER_RUNTIME_DIR")
  })

/**
 * Makes a directory that anybody may name, and those above it that are missing, with mode 0700, whatever the umask is.
 * One that is there keeps its own.
 *
 * Fails with `FileError`: with the reason `NotPrivate` where another user can replace what is made in it (the rule is
 * in `TrustedPath`), and also where a file system has no room for directories, such as `/proc`, at which Node's own way
 * never returns.
 *
 * @example
 * ```ts
 * import * as StateDir from "@tether/host/StateDir"
 *
 * const logs = StateDir.makeDirectory("/var/log/builds/night")
 * ```
 */
export const makeDirectory = (path: string): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    yield* syncNames(yield* FileSystem.FileSystem, yield* makeAll("make the directory", path))
  })

/**
 * The same for a directory in which no other user can create anything: for one whose files are listed, or that others
 * than Node write to. Directories of these names are made in it, too.
 *
 * @example
 * ```ts
 * import * as StateDir from "@tether/host/StateDir"
 *
 * const queue = StateDir.makeOwn("/var/lib/builds/queue", ["done", "failed"])
 * ```
 */
export const makeOwn = (
  path: string,
  names: ReadonlyArray<string> = []
): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const made = [...(yield* makeAll("use the directory", path, isExclusive))]
    for (const name of names) {
      const below = join(path, name)
      made.push(...(yield* doing("make the directory", below)(makeOne(fs, below))))
    }
    yield* syncNames(fs, made)
  })

/**
 * A directory of the caller's choice that only the current user can enter: it is made with mode 0700, with those above
 * it, or has it already. Gives its path.
 *
 * Fails with `FileError`. The reason is `NotPrivate` if it belongs to another user, is open to others, is a symbolic
 * link, or is in a directory in which another user can replace it, and `Invalid` if its path is not absolute.
 *
 * @example
 * ```ts
 * import * as StateDir from "@tether/host/StateDir"
 *
 * const sockets = StateDir.makePrivate("/var/lib/builds/run")
 * ```
 */
export const makePrivate = (path: string): Effect.Effect<string, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    if (!isAbsolute(path)) return yield* refused("use the directory", path, "Invalid", "its path is not absolute")
    return yield* madeBelow(directoryOf(path), [nameOf(path)], undefined)
  })

/**
 * The longest path of a socket, in bytes: the smallest of the systems' limits (macOS has 104 with the final NUL, Linux
 * 108). Node listens on a longer one without a word, under a path that is cut off.
 *
 * @example
 * ```ts
 * import * as StateDir from "@tether/host/StateDir"
 *
 * const fits = (path: string) => new TextEncoder().encode(path).length <= StateDir.maxSocketPath
 * ```
 */
export const maxSocketPath = 103

/**
 * The path for a socket in a directory: `<directory>/<name>` if that is at most 103 bytes, and otherwise
 * `/tmp/tether-<uid>/<hash of the directory>/<name>`, which is made, private, and checked. A name that is too long even
 * there is replaced by its hash. The same directory and name always give the same path, whatever the environment is.
 *
 * The directory itself is neither made nor checked: `runtimeDir` and `stateDir` have done that. It must be absolute, or
 * the reason is `Invalid`. What cleans `/tmp` by age may remove a socket in it.
 *
 * @example
 * ```ts
 * import * as StateDir from "@tether/host/StateDir"
 *
 * const path = StateDir.socketPath("/home/somebody/projects/a-rather-deep-tree/of/directories/.state", "control.sock")
 * ```
 */
export const socketPath = (directory: string, name: string): Effect.Effect<string, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    yield* checkName(name)
    if (!isAbsolute(directory))
      return yield* refused("put a socket in", directory, "Invalid", "its path is not absolute")
    const given = directory.replace(/(?<=[^/])\/+$/, "")
    const path = join(given, name)
    if (length(path) <= maxSocketPath) return path
    const short = yield* madeBelow("/tmp", [ownTemporary(), hash(given)], undefined)
    const kept = join(short, name)
    return length(kept) <= maxSocketPath ? kept : join(short, hash(name))
  })

const length = (path: string): number => new TextEncoder().encode(path).length

const ownTemporary = (): string => `tether-${ownUid() ?? "user"}`

const absolute = (name: string): string | undefined => {
  const value = variable(name)
  return value !== undefined && isAbsolute(value) ? value : undefined
}

/** A variable of ours: a mistake in it is told, because whoever set it wants it. */
const overridden = (name: string): Effect.Effect<string | undefined, FileError> => {
  const value = variable(name)
  if (value === undefined || isAbsolute(value)) return Effect.succeed(value)
  return Effect.fail(refused(`use the directory of ${name},`, value, "Invalid", "its path is not absolute"))
}

const checkName = (name: string): Effect.Effect<void, FileError> =>
  name === "" || name === "." || name === ".." || /[/\\\0]/.test(name)
    ? Effect.fail(refused("use the name", name, "Invalid", "it must be one name, without a slash"))
    : Effect.void

/**
 * Makes directories below one that need not be private itself, each within the one before. `variable`: by which another
 * place can be chosen.
 */
const madeBelow = (base: string, names: ReadonlyArray<string>, variable: string | undefined) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const advice = variable === undefined ? "choose another directory" : `${variable} can name another directory`
    const made: Array<string> = []
    let path = base
    for (const name of names) {
      path = join(path, name)
      made.push(...(yield* privateDirectory(path, advice)))
    }
    yield* syncNames(fs, made)
    return path
  })
