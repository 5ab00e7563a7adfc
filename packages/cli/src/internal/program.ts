/**
 * All of `tether` but its hooks, bundled into one file. What is only text is answered before anything is loaded that
 * could start a child: a person who asks for help does not wait for it.
 */
import { answerTo } from "./help.js"

export const main = (argv: ReadonlyArray<string>): void => {
  if (argv[0] === "--complete") {
    void import("./completeCommand.js").then((command) => command.main(argv))
    return
  }
  const answer = answerTo(argv)
  // A reader that has gone, as in `tether --help | head -1`, is no error of ours.
  if (answer !== undefined) process.stdout.on("error", () => undefined).write(answer)
  else if (argv[0]?.startsWith("capture-") === true)
    void import("@tether/spool/CaptureProgram").then((program) => program.main(argv))
  else void import("./main.js").then((program) => program.main(argv))
}
