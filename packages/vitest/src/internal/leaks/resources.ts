/**
 * What Node.js creates while an effect runs, with who created it: timers, processes, and handles with a descriptor.
 */
import type * as FiberId from "effect/FiberId"
import { hasProperty } from "effect/Predicate"
import { type AsyncHook, createHook } from "node:async_hooks"
import { isReaper } from "./children.js"
import { formatOrigin, type Origin, originOf } from "./origin.js"
import { isRunners, stackAbove } from "./site.js"

interface Resource {
  readonly type: string
  /** Weak: whoever waits for a handle to be collected still can. */
  readonly handle: WeakRef<object>
  readonly origin: Origin
  /** The process that was spawned last when this was created. */
  readonly spawned: Resource | undefined
  isReaper: boolean
}

/** A process of Node's, and what can have a descriptor. */
const processType = "PROCESSWRAP"
const kept = new Set([
  "Timeout",
  processType,
  "PIPEWRAP",
  "PIPESERVERWRAP",
  "TCPWRAP",
  "TCPSERVERWRAP",
  "UDPWRAP",
  "TTYWRAP",
  "FILEHANDLE"
])

export class Resources {
  private readonly byId = new Map<number, Resource>()
  private readonly hook: AsyncHook
  private spawned: Resource | undefined

  /**
   * `root` is the fiber that runs the effect, and `first` an id that is older than any fiber that the effect starts.
   */
  constructor(
    private readonly root: FiberId.Runtime,
    private readonly first: FiberId.Runtime
  ) {
    const init = (id: number, type: string, _trigger: number, handle: object): void => {
      if (!kept.has(type)) return
      const resource: Resource = {
        type,
        handle: new WeakRef(handle),
        origin: originOf(stackAbove(init)),
        spawned: this.spawned,
        isReaper: false
      }
      this.byId.set(id, resource)
      if (type === processType) this.spawned = resource
    }
    this.hook = createHook({ init, destroy: (id) => void this.byId.delete(id) })
    this.hook.enable()
  }

  end(): void {
    this.hook.disable()
    this.byId.clear()
    this.spawned = undefined
  }

  /** What this creates is not looked at. */
  unseen<A>(create: () => A): A {
    this.hook.disable()
    try {
      return create()
    } finally {
      this.hook.enable()
    }
  }

  /** A line for each timer that would keep the program alive. */
  timers(): ReadonlyArray<string> {
    return [...this.byId.values()].flatMap((resource) => {
      const timer = resource.handle.deref()
      const isLeak =
        resource.type === "Timeout" &&
        keepsAlive(timer) &&
        !this.isOfAnother(resource) &&
        !isRunners(resource.origin.stack)
      return isLeak ? [`timer ${formatTimer(timer)}${formatOrigin(resource.origin)}`] : []
    })
  }

  originOfProcess(pid: number): string | undefined {
    const resource = [...this.byId.values()].find((each) => each.type === processType && numberOf(each, "pid") === pid)
    return resource === undefined ? undefined : formatOrigin(resource.origin)
  }

  /** What is known of who opened a descriptor, or that it leads to the reaper. */
  originOfDescriptor(fd: number): string | "reaper" {
    const resource = [...this.byId.values()].find((each) => numberOf(each, "fd") === fd)
    if (resource === undefined) return ""
    const owner = ownerOf(resource)
    if (owner === undefined) return formatOrigin(resource.origin)
    const pid = numberOf(owner, "pid")
    // Kept in mind, because a reaper that was killed is known to nobody.
    if (!owner.isReaper && pid !== undefined && isReaper(pid)) owner.isReaper = true
    return owner.isReaper ? "reaper" : `, to child ${pid ?? "that was not started"}${formatOrigin(resource.origin)}`
  }

  /** A fiber that was there before goes on with whatever it does. */
  private isOfAnother({ origin: { fiber } }: Resource): boolean {
    return fiber !== undefined && fiber.id < this.first.id && fiber.id !== this.root.id
  }
}

/** The pipes of a child are made by the very call that has made its process, right after it. */
const ownerOf = ({ origin, spawned, type }: Resource): Resource | undefined =>
  type === "PIPEWRAP" && /\bChildProcess\.spawn \(node:internal\/child_process\b/.test(origin.stack.stack ?? "")
    ? spawned
    : undefined

const numberOf = ({ handle }: Resource, name: "fd" | "pid"): number | undefined => {
  const value = handle.deref()
  return hasProperty(value, name) && typeof value[name] === "number" ? value[name] : undefined
}

const keepsAlive = (timer: object | undefined): timer is NodeJS.Timeout =>
  hasProperty(timer, "hasRef") && typeof timer.hasRef === "function" && timer.hasRef() === true && !isOver(timer)

/** Node tells that a timer was cleared or has fired in a later turn of the event loop, which may be a while away. */
const isOver = (timer: object): boolean => hasProperty(timer, "_destroyed") && timer._destroyed === true

// How long and how often is told by no public property.
const formatTimer = (timer: object): string => {
  const isInterval = hasProperty(timer, "_repeat") && typeof timer._repeat === "number"
  const millis =
    hasProperty(timer, "_idleTimeout") && typeof timer._idleTimeout === "number" ? ` of ${timer._idleTimeout} ms` : ""
  return `${isInterval ? "setInterval" : "setTimeout"}${millis}`
}
