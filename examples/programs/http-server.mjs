// An HTTP server on a port of the system's choosing. It says which, and closes when it is asked to end.
import { createServer } from "node:http"

let answered = 0
const server = createServer((request, response) => {
  console.log(`${request.method} ${request.url}`)
  answered++
  response.end(`hello from ${request.url}`)
})
server.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`))

process.once("SIGTERM", () => {
  console.log("closing")
  server.close(() => console.log(`closed after ${answered} requests`))
})
