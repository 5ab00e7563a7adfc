import * as Command from "@effect/platform/Command"
import * as Supervise from "@tether/process/Supervise"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

export class NoGit extends Data.TaggedError("NoGit") {}

/** The version after the latest tag: `v1.4.0` is followed by `v1.5.0`. */
export const nextVersion = Effect.gen(function* () {
  const tags = yield* Supervise.lines(Command.make("git", "tag", "--sort=-version:refname"))
  const [major = "0", minor = "0"] = tags[0]?.replace(/^v/, "").split(".") ?? []
  return `v${major}.${Number(minor) + 1}.0`
}).pipe(
  Effect.catchIf(
    (error) => error._tag === "SpawnError" && error.reason === "NotFound",
    () => new NoGit()
  )
)
