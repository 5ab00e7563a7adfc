/**
 * What a service manager needs to run a daemon: the files for systemd and launchd, with a mark by which ours are known.
 * A file without it is somebody else's, and is never touched.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as AtomicFile from "@tether/host/AtomicFile"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as StateDir from "@tether/host/StateDir"
import * as Effect from "effect/Effect"
import { isLink } from "./internal/links.js"

/**
 * What is to run, with its words, and where it listens.
 *
 * @example
 * ```ts
 * import type { Service } from "@tether/spool/SpoolUnits"
 *
 * const service: Service = { command: ["/usr/bin/tether", "spool", "serve"], socket: "/run/user/1000/tether.sock" }
 * ```
 */
export interface Service {
  readonly command: ReadonlyArray<string>
  readonly socket: string
  /** Variables of its environment. Default: none but those of the service manager. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

/**
 * A file for a service manager.
 *
 * @example
 * ```ts
 * import type { Unit } from "@tether/spool/SpoolUnits"
 *
 * const line = ({ name, text }: Unit) => `${name}: ${text.length} characters`
 * ```
 */
export interface Unit {
  readonly name: string
  readonly text: string
}

/**
 * By this a file is known as ours: a comment that stands before all else in it.
 *
 * @example
 * ```ts
 * import { mark } from "@tether/spool/SpoolUnits"
 *
 * const isOurs = (text: string) => text.startsWith(`# ${mark}\n`)
 * ```
 */
export const mark = "managed by tether spool; it is written anew and may be removed"

/**
 * A user service, and the socket by which systemd starts it when somebody connects. Fails if something cannot be said
 * to systemd: control characters, or a socket whose path is not absolute, ends in a backslash, or has blanks at its
 * ends.
 *
 * @example
 * ```ts
 * import * as SpoolUnits from "@tether/spool/SpoolUnits"
 *
 * const units = SpoolUnits.systemd({
 *   command: ["/usr/bin/tether", "spool", "serve"],
 *   socket: "/run/user/1000/tether.sock"
 * })
 * ```
 */
export const systemd = (service: Service): Effect.Effect<ReadonlyArray<Unit>, FileError> =>
  /^\/$|^\/.*[^\s\\]$/.test(service.socket)
    ? Effect.as(checkPlain(service), systemdUnits(service))
    : Effect.fail(
        FileAttempt.refused("have systemd listen at", service.socket, "Invalid", "this cannot be the path of it")
      )

/**
 * The names of the files of `systemd`.
 *
 * @example
 * ```ts
 * import * as SpoolUnits from "@tether/spool/SpoolUnits"
 *
 * const remove = SpoolUnits.uninstall("/home/dev/.config/systemd/user", SpoolUnits.systemdNames)
 * ```
 */
export const systemdNames = ["tether-spool.service", "tether-spool.socket"] as const

const systemdUnits = ({ command, env = {}, socket }: Service): ReadonlyArray<Unit> => [
  {
    name: systemdNames[0],
    text: `# ${mark}
[Unit]
Description=Tether: takes and drains what was deferred
Requires=tether-spool.socket

[Service]
ExecStart=${command.map(systemdWord).join(" ")}
${Object.entries(env)
  .map(([name, value]) => `Environment=${systemdWord(`${name}=${value}`).replaceAll("$$", "$")}\n`)
  .join("")}Restart=on-failure

[Install]
WantedBy=default.target
`
  },
  {
    name: systemdNames[1],
    text: `# ${mark}
[Unit]
Description=Tether: where what is deferred can be handed over

[Socket]
ListenStream=${systemdText(socket)}
SocketMode=0600
DirectoryMode=0700

[Install]
WantedBy=sockets.target
`
  }
]

/** In a unit, `%` begins a name of systemd's own; in a command, `$` a variable too. */
const systemdText = (text: string): string => text.replaceAll("%", "%%")

const systemdWord = (word: string): string =>
  `"${systemdText(word)
    .replace(/["\\]/g, (character) => `\\${character}`)
    .replaceAll("$", "$$$$")}"`

/** In a line of a unit a newline begins another, and XML has no word for other control characters. */
const checkPlain = ({ command, env = {}, socket }: Service): Effect.Effect<void, FileError> => {
  const odd = [...command, socket, ...Object.entries(env).flat()].find((text) => /\p{Cc}/u.test(text))
  return odd === undefined
    ? Effect.void
    : Effect.fail(FileAttempt.refused("write into a unit", odd, "Invalid", "it has control characters"))
}

/**
 * A user agent of launchd, which runs from login on. Fails if there are control characters in what is to be said.
 *
 * @example
 * ```ts
 * import * as SpoolUnits from "@tether/spool/SpoolUnits"
 *
 * const units = SpoolUnits.launchd({
 *   command: ["/usr/local/bin/tether", "spool", "serve"],
 *   socket: "/tmp/tether.sock"
 * })
 * ```
 */
export const launchd = (service: Service): Effect.Effect<ReadonlyArray<Unit>, FileError> =>
  Effect.as(checkPlain(service), launchdUnits(service))

const xmlDeclaration = `<?xml version="1.0" encoding="UTF-8"?>`

/**
 * The names of the files of `launchd`.
 *
 * @example
 * ```ts
 * import * as SpoolUnits from "@tether/spool/SpoolUnits"
 *
 * const remove = SpoolUnits.uninstall("/Users/dev/Library/LaunchAgents", SpoolUnits.launchdNames)
 * ```
 */
export const launchdNames = ["dev.tether.spool.plist"] as const

const launchdUnits = ({ command, env = {}, socket }: Service): ReadonlyArray<Unit> => [
  {
    name: launchdNames[0],
    text: `${xmlDeclaration}
<!-- ${mark} -->
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>dev.tether.spool</string>
  <key>ProgramArguments</key>
  <array>
${command.map((word) => `    <string>${xmlText(word)}</string>`).join("\n")}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
    <key>TETHER_DAEMON_SOCKET</key>
    <string>${xmlText(socket)}</string>
${Object.entries(env)
  .map(([name, value]) => `    <key>${xmlText(name)}</key>\n    <string>${xmlText(value)}</string>\n`)
  .join("")}  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
</dict>
</plist>
`
  }
]

const xmlText = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

/**
 * Writes units into a directory, in the place of ours that may be there. If one of the names belongs to a file that is
 * not ours, none is written, and the error names it.
 *
 * @example
 * ```ts
 * import * as SpoolUnits from "@tether/spool/SpoolUnits"
 *
 * import * as Effect from "effect/Effect"
 *
 * const install = SpoolUnits.systemd({
 *   command: ["/usr/bin/tether", "spool", "serve"],
 *   socket: "/run/user/1000/tether.sock"
 * }).pipe(Effect.flatMap((units) => SpoolUnits.install("/home/dev/.config/systemd/user", units)))
 * ```
 */
export const install = (
  directory: string,
  units: ReadonlyArray<Unit>
): Effect.Effect<ReadonlyArray<string>, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const paths = units.map(({ name }) => `${directory}/${name}`)
    yield* Effect.forEach(paths, checkOurs, { discard: true })
    yield* StateDir.makeDirectory(directory)
    yield* Effect.forEach(units, ({ text }, index) => AtomicFile.replace(paths[index] ?? "", text, { mode: 0o644 }), {
      discard: true
    })
    return paths
  })

/**
 * Removes those units from a directory that are ours, and answers with their paths. One that is not is an error, and
 * none is removed.
 *
 * @example
 * ```ts
 * import * as SpoolUnits from "@tether/spool/SpoolUnits"
 *
 * const remove = SpoolUnits.uninstall("/home/dev/.config/systemd/user", SpoolUnits.systemdNames)
 * ```
 */
export const uninstall = (
  directory: string,
  names: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<string>, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const paths = names.map((name) => `${directory}/${name}`)
    const there = (yield* Effect.forEach(paths, checkOurs)).flatMap((isThere, index) =>
      isThere ? [paths[index] ?? ""] : []
    )
    yield* Effect.forEach(there, (path) => FileAttempt.attempt("remove", path)(fs.remove(path)), { discard: true })
    return there
  })

/** Whether it is there; fails if it is not ours. */
const checkOurs = (path: string): Effect.Effect<boolean, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const refused = (problem: string) =>
      Effect.fail(FileAttempt.refused("write or remove", path, "AlreadyExists", `it is not ours: ${problem}`))
    // Also one that leads nowhere now.
    if (yield* isLink(path)) return yield* refused("it is a symbolic link")
    const info = yield* fs.stat(path).pipe(
      Effect.catchIf(FileAttempt.isNotFound, () => Effect.succeed(undefined)),
      FileAttempt.attempt("look at", path)
    )
    if (info === undefined) return false
    // A pipe would be waited for.
    if (info.type !== "File") return yield* refused("it is no regular file")
    const text = yield* FileAttempt.attempt("look at", path)(fs.readFileString(path))
    return isMarked(text) || (yield* refused("its first line does not say so"))
  })

/** Somebody else's may tell of ours. The first line of XML says what it is. */
const isMarked = (text: string): boolean => {
  const [first, second] = text.split("\n", 2)
  return first === `# ${mark}` || (first === xmlDeclaration && second === `<!-- ${mark} -->`)
}
