/**
 * A server on a UNIX socket: one of our own making, or one that was inherited from a service manager. That of
 * `@effect/platform-node` takes paths alone: it asks for the address, which an inherited socket does not have.
 */
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import type * as Socket from "@effect/platform/Socket"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import * as net from "node:net"
import type { Flow } from "./conversation.js"

/**
 * Where to listen: at a path, which is removed at the end, or at a descriptor that is open already, which is left as it
 * is.
 */
export type Place = { readonly path: string } | { readonly fd: number }

/** So long a client may take to read what was written to it, in milliseconds. */
const farewell = 1000

/**
 * Listens until the scope closes, and has this done with each connection; of more than `mostConnections` at once the
 * last is closed.
 */
export const serve = <R>(
  place: Place,
  mostConnections: number,
  handle: (socket: Socket.Socket, flow: Flow) => Effect.Effect<void, never, R>
): Effect.Effect<void, FileError, R | Scope.Scope> =>
  Effect.gen(function* () {
    const server = net.createServer()
    const closed = yield* Deferred.make<void>()
    server.on("close", () => Deferred.unsafeDone(closed, Effect.void))
    // In this order, backwards: no more connections, the end of those that there are, and then that of the server.
    let hasListened = false
    yield* Effect.addFinalizer(() => (hasListened ? Deferred.await(closed) : Effect.void))
    const run = yield* FiberSet.makeRuntime<R>()
    server.maxConnections = mostConnections
    server.on("connection", (connection) => {
      // Before anything listens for it: without a listener it would end the program.
      connection.on("error", () => undefined)
      run(
        Effect.flatMap(
          NodeSocket.fromDuplex(
            Effect.acquireRelease(Effect.succeed(connection), () =>
              Effect.sync(() => {
                connection.destroySoon()
                // A client that does not read would keep us for ever.
                setTimeout(() => connection.destroy(), farewell).unref()
              })
            )
          ),
          (socket) => handle(socket, connection)
        )
      )
    })
    yield* listening(server, place)
    hasListened = true
    yield* Effect.addFinalizer(() => Effect.sync(() => server.close()))
  })

const listening = (server: net.Server, place: Place): Effect.Effect<void, FileError> =>
  Effect.async((resume) => {
    const name = "path" in place ? place.path : `descriptor ${place.fd}`
    server.once("error", (error: NodeJS.ErrnoException) =>
      resume(Effect.fail(FileAttempt.refused("listen at", name, "Unknown", error.code ?? error.message)))
    )
    const listen = () =>
      server.listen(place, () => {
        server.removeAllListeners("error").on("error", () => undefined)
        resume(Effect.void)
      })
    if ("path" in place) privately(listen)
    else listen()
  })

/**
 * What is made meanwhile is for its user alone: a socket that is made private afterwards was open to others for a
 * moment.
 */
const privately = (make: () => void): void => {
  const before = masked()
  try {
    make()
  } finally {
    if (before !== undefined) process.umask(before)
  }
}

/** In a thread that is not the first one the mask cannot be changed. */
const masked = (): number | undefined => {
  try {
    return process.umask(0o177)
  } catch {
    return undefined
  }
}
