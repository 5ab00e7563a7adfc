import { describe, expect, it } from "vitest"
import { tetherHere } from "../support/here.js"

describe("words that make no sense end with 2, a reason and the usage", () => {
  it.each<[words: Array<string>, reason: RegExp]>([
    [[], /nothing to do/],
    [["frob"], /'run'/],
    [["--nope"], /'run'/],
    [["--", "ls"], /'run'/],
    [["run"], /Missing argument <COMMAND>/],
    [["run", "--"], /Missing argument <COMMAND>/],
    [["run", "ls"], /'ls' is not known here: the command and its arguments stand behind --/],
    [["run", "--labl", "x", "--", "ls"], /'--labl' is not recognized. Did you mean '--label'/],
    [["run", "--nonsense", "--", "ls"], /'--nonsense' is no option here/],
    [["run", "-xyz", "--", "ls"], /'-xyz' is no option here/],
    [["run", "--json", "--json", "--", "ls"], /'--json' is no option here, or was given before/],
    [["run", "--wizard", "--", "ls"], /'--wizard' is no option here/],
    [["run", "--log-level", "none", "--", "ls"], /'--log-level' is no option here/],
    [["run", "--label", "--", "ls"], /--label needs a value: --label NAME/],
    [["run", "--label"], /--label needs a value: --label NAME/],
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
    expect(stderr).toContain(
      words[0] === "run"
        ? "usage: tether run [options] -- COMMAND ARGS… (more: tether run --help)\n"
        : "usage: tether COMMAND [options] (more: tether --help)\n"
    )
    expect(stderr).not.toContain("    at ")
    expect(stdout).toBe("")
    expect(code).toBe(2)
  })
})
