import { describe, expect, it } from "vitest"
import { answerTo } from "../../src/internal/help.js"
import { tetherHere } from "../support/here.js"

describe("words that make no sense end with 2, a reason and the usage", () => {
  it.each<[words: Array<string>, reason: RegExp]>([
    [["frob"], /there is no command "frob"/],
    [["rnu"], /there is no command "rnu" \(did you mean "run"\?\)/],
    [["session", "attahc"], /there is no action "attahc" \(did you mean "attach"\?\)/],
    [["rum"], /there is no command "rum" \(did you mean "run"\?\)/],
    [["--nope"], /'--nope' is no option here/],
    [["--", "ls"], /there is no command before --/],
    [["turn", "--jsn"], /'--jsn' is no option here, or was given before. Did you mean '--json'\?/],
    [["why", "--jsn"], /'--jsn' is no option here/],
    [["session", "stop", "--jsn"], /'--jsn' is no option here/],
    [["session", "logs", "--folow", "it"], /'--folow' is no option here/],
    [["spool", "replay", "--jsn"], /'--jsn' is no option here/],
    [["run"], /Missing argument <COMMAND>/],
    [["run", "--"], /Missing argument <COMMAND>/],
    [["run", "ls"], /'ls' is not known here: the command and its arguments stand behind --/],
    [["run", "--labl", "x", "--", "ls"], /'--labl' is no option here, or was given before. Did you mean '--label'\?/],
    [["run", "--nonsense", "--", "ls"], /'--nonsense' is no option here/],
    [["run", "-xyz", "--", "ls"], /'-xyz' is no option here/],
    [["run", "--json", "--json", "--", "ls"], /'--json' is no option here, or was given before/],
    [["run", "--wizard", "--", "ls"], /'--wizard' is no option here/],
    [["run", "--log-level", "none", "--", "ls"], /'--log-level' is no option here/],
    [["run", "--label", "--", "ls"], /--label needs a value: --label NAME/],
    [["run", "--label"], /--label needs a value: --label NAME/],
    [["run", "--journal", "", "--", "ls"], /--journal needs a name, and was given an empty one/],
    [["run", "--raw", "--redact", "PATH", "--", "ls"], /give one of them/],
    [["run", "--redact", "--", "ls"], /--redact needs a value: --redact NAME/],
    [["run", "--redact", "NOT_THERE", "--", "ls"], /there is no environment variable NOT_THERE/],
    [["run", "--redact=NOT_THERE", "--redact=PATH", "--", "ls"], /there is no environment variable NOT_THERE/],
    [["run", "--kill-after", "--", "ls"], /--kill-after needs a value/],
    [["run", "--kill-after", "5", "--", "ls"], /takes a duration .* not '5'/],
    [["run", "--kill-after", "-5s", "--", "ls"], /takes a duration .* not '-5s'/],
    [["run", "--kill-after", "soon", "--", "ls"], /takes a duration .* not 'soon'/]
  ])("%j", async (words, reason) => {
    const { code, stderr, stdout } = await tetherHere(words)
    expect(stderr).toMatch(reason)
    expect(stderr).toMatch(
      words[0] === "run"
        ? /usage: tether run \[options\] -- COMMAND ARGS… \(more: tether run --help\)\n/
        : /usage: tether .* \(more: tether .*--help\)\n/
    )
    expect(stderr).not.toContain("    at ")
    expect(stdout).toBe("")
    expect(code).toBe(2)
  })
})

describe("help", () => {
  it.each([["exits"], ["why"], ["spool"], ["session"], ["session", "launch"], ["session", "logs"]])(
    "of %s %s names TETHER_STATE_DIR",
    (...words) => {
      expect(answerTo([...words, "--help"])).toContain("$TETHER_STATE_DIR")
    }
  )

  it("is what tether prints alone, and by that word", () => {
    expect(answerTo([])).toMatch(/^tether runs programs/)
    expect(answerTo(["help"])).toBe(answerTo([]))
    expect(answerTo(["help", "session", "logs"])).toBe(answerTo(["session", "logs", "--help"]))
    expect(answerTo(["help", "run"])).toMatch(/^tether run: /)
  })
})
