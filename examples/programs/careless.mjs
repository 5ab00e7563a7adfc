// Shows what it was given, as a program never should, and fails.
console.log(`using the token ${process.env["TOKEN"]}`)
console.error(`cannot log in with ${process.argv.slice(2).join(" ")}`)
process.exitCode = 1
