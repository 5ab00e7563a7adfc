import childProcess from "node:child_process"
import { syncBuiltinESMExports } from "node:module"
import timers from "node:timers"
import promises from "node:timers/promises"
import { promisify } from "node:util"
import workers from "node:worker_threads"
import { afterEach } from "vitest"

// What a unit test may not do: start a process or a thread, and let real time pass. Each is refused or noticed where it
// happens, so that it does not matter by which library.

/** A timer below this is a turn of the event loop, in milliseconds. */
const shortest = 2

const isDiskAsked = () => process.getActiveResourcesInfo().some((name) => name.startsWith("FSReq"))

const install = () => {
  const found = new Set()
  const refuse = (what) =>
    function () {
      found.add(`it starts ${what}`)
      throw new Error(`a unit test may not start ${what}: move it to test/system`)
    }

  // `spawn`, `exec`, `execFile` and `fork` all come here.
  childProcess.ChildProcess.prototype.spawn = refuse("a process")
  for (const name of ["spawnSync", "execSync", "execFileSync"]) childProcess[name] = refuse("a process")
  workers.Worker = refuse("a thread")

  const noticing = (set) =>
    Object.assign((callback, ms, ...args) => {
      const noticed = () => {
        // One that does not keep the program alive is waited for by nothing. One that fires while the file system is
        // asked is a limit for a disk, which may be slow in any test.
        if (ms >= shortest && timer.hasRef() && !isDiskAsked()) found.add(`a timer of ${ms} ms has fired`)
        callback(...args)
      }
      const timer = set(noticed, ms)
      return timer
    }, set)
  for (const name of ["setTimeout", "setInterval"]) {
    timers[name] = noticing(timers[name])
    globalThis[name] = timers[name]
    const wait = promises[name]
    promises[name] = (ms, ...rest) => {
      if (ms >= shortest) found.add(`it waits for ${ms} ms`)
      return wait(ms, ...rest)
    }
  }
  Object.defineProperty(timers.setTimeout, promisify.custom, { value: promises.setTimeout })
  const { wait } = promises.scheduler
  promises.scheduler.wait = (ms, ...rest) => {
    found.add(`it waits for ${ms} ms`)
    return wait.call(promises.scheduler, ms, ...rest)
  }
  const { wait: block } = Atomics
  Atomics.wait = (...args) => {
    found.add("it blocks its thread")
    return block(...args)
  }
  syncBuiltinESMExports()
  return found
}

// Test files share a process, and this file runs before each.
const found = (globalThis[Symbol.for("tether/unit")] ??= install())

afterEach(() => {
  const all = [...found]
  found.clear()
  if (all.length === 0) return
  throw new Error(
    `this is no unit test: ${all.join(", ")}. Use TestClock and scripted children, or move it to test/system`
  )
})
