/**
 * A private tmux server: its socket is in a directory that nobody else can enter, it reads no configuration, and no
 * other server is ever touched.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type { FileError } from "@tether/host/FileError"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import type { ChildSpawner } from "@tether/process/ChildSpawner"
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import { makeTmux, type Options, type TmuxService } from "./internal/tmux.js"
import type { TmuxUnavailable } from "./TmuxUnavailable.js"

export type { Options, RunOptions, TmuxService } from "./internal/tmux.js"

/**
 * The server, and what is needed to speak with it.
 *
 * - `program`, `version`, `socket`: which tmux, and where it listens. `directory`: where its state is.
 * - `run(words)`: one command, or several with `";"` between them, as arguments and never through a shell; answers with
 *   what it printed. A server is started by commands that start one, such as `new-session`, and lives until its last
 *   session ends, whatever becomes of this program.
 * - `watch(pane)`: from now on, tmux is nudged when that process has died and tmux does not notice: at once, should it
 *   be so already. Some builds of tmux lose the signal that tells them of it.
 *
 * @example
 * ```ts
 * import { Tmux } from "@tether/tmux/Tmux"
 * import * as Effect from "effect/Effect"
 *
 * const names = Tmux.pipe(
 *   Effect.flatMap((tmux) => tmux.run(["list-sessions", "-F", "#{session_name}"], { isQuestion: true })),
 *   Effect.map((text) => text.split("\n"))
 * )
 * ```
 */
export class Tmux extends Context.Tag("@tether/tmux/Tmux")<Tmux, TmuxService>() {}

/**
 * The private server of this user; nothing is started before something needs it. The server and what runs in it do not
 * belong to the scope of the layer: they live on when this program ends, however it ends.
 *
 * Fails with `TmuxUnavailable` where there is no tmux, or one before 3.2, and with `FileError` where its directory
 * cannot be used, or its name makes no sense.
 *
 * @example
 * ```ts
 * import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
 * import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
 * import * as NodeProcessIdentity from "@tether/process-node/NodeProcessIdentity"
 * import * as Tmux from "@tether/tmux/Tmux"
 * import * as Layer from "effect/Layer"
 *
 * const layer = Tmux.layer({ name: "agents" }).pipe(
 *   Layer.provideMerge(Layer.mergeAll(NodeChildSpawner.layer, NodeProcessIdentity.layer, NodeFileSystem.layer))
 * )
 * ```
 */
export const layer = (
  options: Options = {}
): Layer.Layer<Tmux, TmuxUnavailable | FileError, ChildSpawner | FileSystem.FileSystem | ProcessIdentity> =>
  Layer.scoped(Tmux, makeTmux(options))
