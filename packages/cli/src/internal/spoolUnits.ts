/**
 * `tether spool install` and `uninstall`: the files by which a service manager runs the daemon.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as Capture from "@tether/spool/Capture"
import * as SpoolUnits from "@tether/spool/SpoolUnits"
import * as Effect from "effect/Effect"
import { homedir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Answer } from "./answer.js"
import * as texts from "./texts.js"

interface Manager {
  readonly directory: () => string
  readonly units: (service: SpoolUnits.Service) => Effect.Effect<ReadonlyArray<SpoolUnits.Unit>, FileError>
  readonly names: ReadonlyArray<string>
  /** What a person does next. */
  readonly start: string
}

const managers: Readonly<Record<(typeof texts.managers)[number], Manager>> = {
  systemd: {
    directory: () => join(process.env["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "systemd/user"),
    units: SpoolUnits.systemd,
    names: SpoolUnits.systemdNames,
    start: "systemctl --user daemon-reload && systemctl --user enable --now tether-spool.socket"
  },
  launchd: {
    directory: () => join(homedir(), "Library/LaunchAgents"),
    units: SpoolUnits.launchd,
    names: SpoolUnits.launchdNames,
    start: "launchctl load -w ~/Library/LaunchAgents/dev.tether.spool.plist"
  }
}

interface Asked {
  readonly subject: string | undefined
}

const managerOf = ({ subject }: Asked): Effect.Effect<Manager, FileError> => {
  const name = texts.managers.find((one) => one === subject)
  return name === undefined
    ? Effect.fail(
        FileAttempt.refused(
          "write for",
          subject ?? "",
          "Invalid",
          `give a service manager: ${texts.managers.join(" or ")}`
        )
      )
    : Effect.succeed(managers[name])
}

/** This very program, with the Node.js that runs it. */
const command = [process.execPath, fileURLToPath(new URL("../bin.cjs", import.meta.url)), "spool", "serve"]

/** What is set here decides where the spool is and who takes it: the service must be told the same. */
const ownEnv = () =>
  Object.fromEntries(
    ["TETHER_STATE_DIR", "XDG_STATE_HOME", "TETHER_CAPTURE_HANDLER"].flatMap((name) => {
      const value = process.env[name]
      return value === undefined || value === "" ? [] : [[name, value] as const]
    })
  )

export const install = (asked: Asked): Effect.Effect<Answer, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const manager = yield* managerOf(asked)
    const units = yield* manager.units({ command, env: ownEnv(), socket: yield* Capture.socketPath })
    const paths = yield* SpoolUnits.install(manager.directory(), units)
    return { lines: paths, told: `nothing is started yet; this does it: ${manager.start}`, code: 0 }
  })

export const uninstall = (asked: Asked): Effect.Effect<Answer, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const manager = yield* managerOf(asked)
    return { lines: yield* SpoolUnits.uninstall(manager.directory(), manager.names), code: 0 }
  })
