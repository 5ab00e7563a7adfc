// Loaded before the shim: a server listens two seconds late, and until then there is a file `late` where the shim's own
// is.
const { writeFileSync } = require("node:fs")
const { Server } = require("node:net")
const { dirname, join } = require("node:path")

const listen = Server.prototype.listen
Server.prototype.listen = function (path, done) {
  writeFileSync(join(dirname(path), "late"), "")
  setTimeout(() => listen.call(this, path, done), 2000)
  return this
}
