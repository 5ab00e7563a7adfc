/**
 * The process of a pane, and the parent of its program: `node shim.cjs FILE PID:TOKEN`. What it says and hears is in
 * `internal/shimProtocol.ts`.
 *
 * 1. It waits for its file, listens, and starts the program.
 * 2. It passes on what is sent to it, and stops the program when it is asked to, or when the terminal goes.
 * 3. How its program has ended it writes into the journal, unless whoever has stopped it has done so. The hook of the
 *    pane does where the shim itself was killed.
 * 4. It ends as the program has ended, so that tmux sees the same.
 *
 * What the program leaves behind when it ends by itself is left alone, as in any terminal: the kernel hangs up its
 * foreground.
 *
 * Limits. Node.js does not tell of a real-time signal: a program that one has killed counts as ended with code 0.
 * SIGINT and SIGQUIT that somebody sends to the shim alone cannot be told from those of the terminal, and are not
 * passed on.
 */
import signals = require("./shim/signals.cjs")
import dying = require("./shim/dying.cjs")
import gate = require("./shim/gate.cjs")
import Pane = require("./shim/pane.cjs")
import remove = require("./shim/remove.cjs")
import requests = require("./shim/requests.cjs")
import terminal = require("./shim/terminal.cjs")
import type { ShimConfig, ShimStatus } from "./internal/shimProtocol.js" with { "resolution-mode": "import" }

/** Of `sysexits.h`: there was no start. */
const notNow: ShimStatus = { code: 75 }

const ownGate = gate.make(process.argv[2] ?? "", process.argv[3])

let isLeaving = false

/** The end. `last` is done right before it, and does not prevent it. */
const leave = (status: ShimStatus, last: () => void): void => {
  if (isLeaving) return
  isLeaving = true
  gate.shut(ownGate)
  signals.heed((signal) => signal === "SIGHUP" && terminal.onHangup())
  terminal.leave(() => {
    try {
      last()
    } finally {
      dying.dieAs(status)
    }
  })
}

const giveUp = (why: string): void => {
  terminal.say(why)
  gate.unopened(ownGate)
  leave(notNow, () => {})
}

/** It listens before the program starts: whoever has opened the gate can ask at any time how that went, and stop it. */
const run = (config: ShimConfig): void => {
  const pane = new Pane(config, ownGate)
  requests
    .listen(config.socket, (request, asker) => pane.answer(request, asker))
    .then(
      () => {
        if (isLeaving) return
        isRunning = true
        pane.live((status) => {
          // On record before anybody can see it: tmux, or whoever looks at this process.
          pane.record()
          leave(status, () => remove(config.socket))
        })
      },
      (error: Error) => giveUp(`Not started: nobody can be heard at ${config.socket}: ${error.message}`)
    )
}

let isRunning = false

// Whatever goes wrong here, the program is not left without a parent; as long as there is none, there is nothing to
// stay for.
process.on("uncaughtException", (error) => {
  if (!isRunning) giveUp(`Not started: ${error.message}`)
})

signals.heed((signal) => {
  if (signal === "SIGHUP") leave(notNow, () => {})
  if (signal === "SIGTERM") leave({ signal }, () => {})
})

gate.wait(ownGate, run, () => giveUp("Not started: nobody has opened the gate."))
