import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"

/** Whether it is a symbolic link, also one that leads nowhere. */
export const isLink = (path: string): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.match(fs.readLink(path), { onFailure: () => false, onSuccess: () => true })
  )
