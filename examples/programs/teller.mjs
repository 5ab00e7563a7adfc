// Keeps an account: answers each line of its input, some with more than one line, and closes the books at its end.
import { createInterface } from "node:readline"

let balance = 0
const entries = []
const answers = {
  add: (amount) => {
    balance += amount
    entries.push(amount)
    return [`balance ${balance}`]
  },
  list: () => [...entries.map((amount) => `entry ${amount}`), "end of list"],
  crash: () => {
    console.error("the books are wet")
    process.exit(3)
  }
}

console.log("the office is open")
for await (const line of createInterface({ input: process.stdin })) {
  const [word, amount] = line.split(" ")
  for (const answer of answers[word]?.(Number(amount)) ?? ["what?"]) console.log(answer)
}
console.log(`the books are closed at ${balance}`)
