// Writes so many numbered lines, as fast as they are taken.
const count = Number(process.argv[2] ?? 100_000)
let text = ""
for (let i = 1; i <= count; i++) {
  text += `line ${i} of ${count}\n`
  if (text.length < 60_000 && i < count) continue
  await new Promise((resolve) => process.stdout.write(text, resolve))
  text = ""
}
