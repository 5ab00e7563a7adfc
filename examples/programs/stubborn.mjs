// Does not end from SIGINT, and not from SIGTERM either where its first argument says so.
process.on("SIGINT", () => console.log("SIGINT? no"))
process.on("SIGTERM", () => {
  if (process.argv[2] === "for-ever") return console.log("SIGTERM? no")
  console.log("SIGTERM? saving what is open, goodbye")
  process.exit()
})
setInterval(() => undefined, 1000)
console.log("ready")
