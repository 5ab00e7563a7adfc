/**
 * `tether --complete SHELL -- WORDS…`: the question of the completion scripts. The first line of the answer is its
 * kind; for `words` one line for each word follows. It is never an error: then the shell shows nothing.
 */
import { type Candidate, offerOf } from "./completions.js"
import { insertion, unquote } from "./shellWords.js"
import { shells } from "./texts.js"

type Shell = (typeof shells)[number]

export const main = (argv: ReadonlyArray<string>): void => {
  const shell = shells.find((name) => name === argv[1])
  const typed = argv[2] === "--" && argv.length > 3 ? argv.slice(3) : [""]
  const offer = offerOf(plain(shell, typed))
  switch (offer.kind) {
    case "names": {
      const { canBeginWithDash, lookup, prefix } = offer
      // Loaded only now: without a lookup the answer comes in half the time.
      void import("./existingNames.js").then(({ runLookup }) =>
        runLookup(lookup, (names) =>
          answer(
            wordLines(
              shell,
              typed,
              names
                .filter((name) => canBeginWithDash || !name.startsWith("-"))
                .map((name) => ({ word: `${prefix}${name}`, description: "" }))
            )
          )
        )
      )
      break
    }
    case "words":
      answer(wordLines(shell, typed, offer.words))
      break
    case "command":
      answer([`command ${offer.at}`])
      break
    default:
      answer([offer.kind])
  }
}

/** fish has removed the quotes of all words but the last. */
const plain = (shell: Shell | undefined, typed: ReadonlyArray<string>): ReadonlyArray<string> =>
  typed.map((word, index) => (shell === "fish" && index + 1 < typed.length ? word : unquote(word).text))

/** bash takes what it is given; the other shells choose from the words by rules of their own, and quote them. */
const wordLines = (
  shell: Shell | undefined,
  typed: ReadonlyArray<string>,
  words: ReadonlyArray<Candidate>
): ReadonlyArray<string> => [
  "words",
  ...words.flatMap(({ description, word }) =>
    shell === "bash" ? (insertion(typed.at(-1) ?? "", word) ?? []) : [`${word}\t${description}`]
  )
]

const answer = (lines: ReadonlyArray<string>): void => {
  const end = () => process.exit(0)
  process.stdout.on("error", end).write(`${lines.join("\n")}\n`, end)
}
