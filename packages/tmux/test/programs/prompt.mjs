// Behaves as an agent does: `prompt.mjs FILE [MODE]` reads in raw mode, asks for bracketed paste, shows what it was
// given behind a prompt, and appends each message that was submitted to FILE as a line of JSON, with the number of its
// bytes behind it.
//
// MODE: `dialog` asks something first; `deaf` shows nothing of what it reads; `lazy` says nothing to a message; `brief`
// ends at the first message; `folds` shows long texts as `[Pasted text #1]`.
import { appendFileSync } from "node:fs"

const [, , file, mode = ""] = process.argv
const [begin, end] = ["\u001b[200~", "\u001b[201~"]
let input = ""
let message = ""
let pasted = 0
let asks = mode === "dialog"

const show = (text) => mode !== "deaf" && process.stdout.write(text)
const prompt = () => process.stdout.write("\r\n> ")

const submit = () => {
  appendFileSync(file, `${JSON.stringify(message)}\n`)
  if (mode === "brief") process.exit(7)
  if (mode !== "lazy") process.stdout.write(`\r\nreceived ${Buffer.byteLength(message)} bytes`)
  message = ""
  if (mode !== "lazy") prompt()
}

const key = (character) => {
  if (asks) {
    if (character !== "y") return
    asks = false
    return prompt()
  }
  if (character === "\u0003") process.exit(130)
  if (character === "\r") return submit()
  message += character
  show(character)
}

const take = (text) => {
  input += text
  while (input !== "") {
    if (input.startsWith(begin)) {
      const at = input.indexOf(end)
      if (at === -1) return
      const paste = input.slice(begin.length, at)
      input = input.slice(at + end.length)
      message += paste
      pasted += 1
      show(
        mode === "folds" && paste.length > 200
          ? `[Pasted text #${pasted} +${paste.split("\n").length} lines]`
          : paste.slice(-2000).replaceAll("\n", "\r\n")
      )
    } else if (begin.startsWith(input.slice(0, begin.length)) && input.length < begin.length) return
    else {
      key(input.charAt(0))
      input = input.slice(1)
    }
  }
}

process.stdin.setRawMode(true)
process.stdin.setEncoding("utf8")
process.stdin.on("data", take)
process.stdout.write("\u001b[?2004h")
if (asks) process.stdout.write("Do you trust this directory? [y/n] ")
else prompt()
