/**
 * What an agent program writes to the stdin of its hooks: a JSON object that names the session, its transcript, and
 * where it runs.
 */
import { parseObject } from "@tether/transcript/Json"
import * as Effect from "effect/Effect"
import { parse } from "node:path"
import type { Capturing } from "./captureArguments.js"

/** More is no object of a hook, in characters. */
const most = 1024 * 1024

/** The same with what stdin says, or what is wrong with that. What was said on the command line goes first. */
export const named = (capturing: Capturing): Effect.Effect<Capturing, string> => {
  if (!capturing.isHook) return Effect.succeed(capturing)
  return Effect.flatMap(stdin, (text) => {
    const input = parseObject(text)
    const textOf = (name: string) => (typeof input?.[name] === "string" && input[name] !== "" ? input[name] : undefined)
    const transcript = textOf("transcript_path")
    if (input === undefined) return Effect.fail("stdin has no JSON object, which --hook needs")
    if (transcript === undefined) return Effect.fail("the object on stdin has no transcript_path")
    const sessionId =
      capturing.sessionId === "" ? (textOf("session_id") ?? parse(transcript).name) : capturing.sessionId
    return Effect.succeed({
      ...capturing,
      transcript,
      sessionId,
      cwd: capturing.cwd ?? textOf("cwd"),
      lastAnswer: textOf("last_assistant_message")
    })
  })
}

/** As a stream: a read that waits in the file system could not be given up. */
const stdin: Effect.Effect<string, string> = Effect.async((resume) => {
  let text = ""
  process.stdin.setEncoding("utf8")
  process.stdin.on("data", (part: string) => {
    text += part
    if (text.length > most) resume(Effect.fail("stdin is too long"))
    // Nobody need close it: what is a whole object has no more to come. Most parts end elsewhere, and are not looked
    // at.
    else if (part.trimEnd().endsWith("}") && parseObject(text) !== undefined) resume(Effect.succeed(text))
  })
  process.stdin.on("error", (error: NodeJS.ErrnoException) =>
    resume(Effect.fail(`stdin cannot be read: ${error.code ?? error.message}`))
  )
  process.stdin.on("end", () => resume(Effect.succeed(text)))
})
