/**
 * The terminal of the pane: whether it is there, and how the shim leaves it.
 */
import fs = require("node:fs")

// Whoever asks for one of these streams, as Node.js itself does when a connection closes, opens the terminal anew: it
// would not be left.
for (const name of ["stdin", "stdout", "stderr"]) Object.defineProperty(process, name, { value: undefined })

const terminalOfStdin = (): string | undefined => {
  try {
    const path = fs.readlinkSync("/proc/self/fd/0")
    return path.startsWith("/dev/pts/") ? path : undefined
  } catch {
    return undefined
  }
}

const path = terminalOfStdin()

/** Whether it was hung up: then this process, which leads its session, has none any more. */
const isGone = (): boolean => {
  try {
    fs.closeSync(fs.openSync("/dev/tty", fs.constants.O_RDWR | fs.constants.O_NOCTTY | fs.constants.O_NONBLOCK))
    return false
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === "ENXIO" || code === "EIO"
  }
}

/** For tmux to close its side. A process that the program has left behind may hold the terminal open for ever. */
const closingWait = 500

/** Between two looks, in milliseconds: mostly the hangup comes first. */
const pause = 20

let isHungUp: () => void = () => {}

/** To be told of a SIGHUP while the terminal is left: tmux closing its side causes one. */
const onHangup = (): void => isHungUp()

/**
 * Lets go of the terminal, and waits until tmux has closed its side. tmux sees the end of the file then, and removes
 * the utmp record by a helper of libutempter, which sets SIGCHLD to its default meanwhile: if the pane's process ended
 * right then, tmux would never learn how, and run no `pane-died` hook. So it ends behind that.
 */
const leave = (done: () => void): void => {
  for (const fd of [0, 1, 2]) replaceByNothing(fd)
  const deadline = performance.now() + closingWait
  const look = (): void => {
    if (path === undefined || !fs.existsSync(path) || performance.now() > deadline) done()
    else waiting = setTimeout(look, pause)
  }
  let waiting = setTimeout(look, 0)
  isHungUp = () => {
    clearTimeout(waiting)
    done()
  }
}

/**
 * The lowest number that is free is the one that was just closed; whatever opens a file later does not get one of
 * these.
 */
const replaceByNothing = (fd: number): void => {
  try {
    fs.closeSync(fd)
    fs.openSync("/dev/null", fs.constants.O_RDWR)
  } catch {
    // It was closed before.
  }
}

/** A word for whoever looks at the pane. */
const say = (text: string): void => {
  try {
    fs.writeSync(2, `${text}\r\n`)
  } catch {
    // Nobody looks.
  }
}

export = { isGone, leave, onHangup, say }
