import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeProcessIdentity from "@tether/process-node/NodeProcessIdentity"
import * as Layer from "effect/Layer"
import { existsSync } from "node:fs"

/** The real files, and who the real processes are. */
export const files = Layer.merge(NodeProcessIdentity.layer, NodeFileSystem.layer)

export const hasProc = existsSync("/proc/self/stat")
