// A worker that reports on stdout, complains on stderr, and finishes what it has begun when it is asked to end.
let jobs = 0
const timer = setInterval(() => {
  jobs++
  console.log(`job ${jobs} done`)
  if (jobs % 3 === 0) console.error(`job ${jobs} took longer than it should`)
}, 150)

process.once("SIGTERM", () => {
  clearInterval(timer)
  console.log("finishing the job at hand")
  setTimeout(() => console.log(`finished after ${jobs + 1} jobs`), 200)
})
