/**
 * Files that tell which process something belongs to.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { Identity, type Liveness, ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const json = Schema.parseJson(Identity)

export const toText: (process: Identity) => string = Schema.encodeSync(json)

/** Of the process in a file. Where the file does not tell which it is, that is `unnamed`. */
export const livenessIn = (
  path: string
): Effect.Effect<Liveness | "unnamed", never, FileSystem.FileSystem | ProcessIdentity> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const processes = yield* ProcessIdentity
    // A pipe would be waited for.
    if ((yield* fs.stat(path)).type !== "File") return "unnamed" as const
    return yield* processes.liveness(yield* Schema.decode(json)(yield* fs.readFileString(path)))
  }).pipe(Effect.orElseSucceed(() => "unnamed" as const))
