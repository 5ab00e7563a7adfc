// Loaded before the shim: whoever has opened its gate stands still before anybody listens who could tell how the start
// went.
const { readFileSync } = require("node:fs")
const { Server } = require("node:net")

const listen = Server.prototype.listen
Server.prototype.listen = function (path, done) {
  const launcher = Number(process.argv[3].split(":")[0])
  process.kill(launcher, "SIGSTOP")
  // The signal is sent, and not yet heard.
  while (!/^State:\s+T/m.test(readFileSync(`/proc/${launcher}/status`, "utf8")));
  return listen.call(this, path, done)
}
