// An agent with a protocol of its own. It repeats what it is told.
let told = ""
for await (const piece of process.stdin.setEncoding("utf8")) told += piece
const print = (line) => console.log(JSON.stringify(line))
print({ hello: process.argv[2] ?? "a parrot" })
for (const word of told.split(" ")) print({ say: `${word}!` })
print({ bye: true })
