/**
 * All of `tether` but its hooks. What is only text is answered before anything is loaded that could start a child: a
 * person who asks for help does not wait for it.
 */
import { answerTo } from "./help.js"

const argv = process.argv.slice(2)
const answer = answerTo(argv)
// A reader that has gone, as in `tether --help | head -1`, is no error of ours.
if (answer !== undefined) process.stdout.on("error", () => undefined).write(answer)
else if (argv[0]?.startsWith("capture-") === true)
  void import("@tether/spool/CaptureProgram").then(({ main }) => main(argv))
else void import("./main.js").then(({ main }) => main(argv))
