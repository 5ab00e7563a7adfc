import * as Command from "@effect/platform/Command"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** The first lines of a log that contain a word: the program that prints the log is stopped once there are enough. */
export const firstMatches = (word: string, count: number) =>
  // Bytes wait for their reader, however late it comes.
  Supervise.use(Command.make("journal", "--follow"), { stdout: "bytes" }, (child) =>
    child.bytes("stdout").pipe(
      Stream.decodeText(),
      Stream.splitLines,
      Stream.filter((text) => text.includes(word)),
      Stream.take(count),
      Stream.runCollect,
      Effect.map((found) => [...found])
    )
  )
