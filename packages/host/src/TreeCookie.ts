/**
 * The environment variable by which a process tree is found again: who started a process, and below whom.
 */
import type { Identity } from "./ProcessIdentity.js"

/**
 * The name of the variable. Every contained child has it, and hands it on to whatever it starts.
 *
 * @example
 * ```ts
 * import * as TreeCookie from "@tether/host/TreeCookie"
 *
 * const own = process.env[TreeCookie.variable]
 * ```
 */
export const variable = "TETHER_TREE"

/**
 * The name of the variable beside it, which holds the label of the child. A label is for people: nothing is decided by
 * it.
 *
 * @example
 * ```ts
 * import * as TreeCookie from "@tether/host/TreeCookie"
 *
 * const ownLabel = process.env[TreeCookie.labelVariable]
 * ```
 */
export const labelVariable = "TETHER_LABEL"

/**
 * One step of the path: a host, and what it started.
 *
 * `host` is the program that spawned, told from every other by its pid, start token, boot and pid namespace; `instance`
 * tells apart the copies of this library within one program (worker threads). `child` is the number of the child within
 * its instance. `kind` is `"child"`, `"leavable"` for a child whose leftovers may live on, or `"reaper"` for the host's
 * own reaper, which has no number.
 *
 * @example
 * ```ts
 * import type { Step } from "@tether/host/TreeCookie"
 *
 * const isReaper = (path: ReadonlyArray<Step>) => path.at(-1)?.kind === "reaper"
 * ```
 */
export interface Step {
  readonly host: Identity
  readonly instance: string
  readonly child: number
  readonly kind: "child" | "leavable" | "reaper"
}

/**
 * A host as it stands in the path: pid, start token, boot, pid namespace and instance, of letters, digits and dashes
 * only, so that it means itself in any pattern.
 *
 * @example
 * ```ts
 * import * as TreeCookie from "@tether/host/TreeCookie"
 *
 * TreeCookie.formatHost({ pid: 7, startToken: "4711", bootId: undefined, pidNamespace: "pid:[4026531836]" }, "a1")
 * // "7-4711-0-4026531836-a1"
 * ```
 */
export const formatHost = (host: Identity, instance: string): string =>
  [host.pid, plain(host.startToken), plain(host.bootId), digits(host.pidNamespace), instance].join("-")

/**
 * The path below `parent`, which is the variable's value in the host's own environment: a path is extended and never
 * overwritten, so that an outer host finds everything below it. A value that is no path is not handed on: nobody looks
 * for it, and it would hide what is below.
 *
 * @example
 * ```ts
 * import * as TreeCookie from "@tether/host/TreeCookie"
 *
 * const host = "7-4711-0-0-a1"
 * TreeCookie.extend(undefined, host, 3, "child") // "/7-4711-0-0-a1.3"
 * ```
 */
export const extend = (parent: string | undefined, host: string, child: number, kind: Step["kind"]): string =>
  `${isPath(parent) ? parent : ""}/${host}.${kind === "reaper" ? "r" : kind === "leavable" ? `${child}l` : child}`

const isPath = (value: string | undefined): value is string => value !== undefined && /^(?:\/[0-9a-z.-]+)*$/.test(value)

/**
 * Reads a path. Steps that are none of ours (a later version's, a stranger's value) are left out.
 *
 * @example
 * ```ts
 * import * as TreeCookie from "@tether/host/TreeCookie"
 *
 * TreeCookie.parse("/7-4711-0-0-a1.3").map((step) => step.host.pid) // [7]
 * ```
 */
export const parse = (value: string): ReadonlyArray<Step> => value.split("/").flatMap(parseStep)

const parseStep = (text: string): ReadonlyArray<Step> => {
  const found = /^(\d{1,10})-([0-9a-z]+)-([0-9a-z]+)-(\d+)-([0-9a-z]+)\.(?:(\d{1,15})(l?)|r)$/.exec(text)
  if (found === null) return []
  const [, pid, startToken = "", bootId = "0", namespace, instance = "", child, leavable] = found
  return [
    {
      host: {
        pid: Number(pid),
        startToken,
        bootId: bootId === "0" ? undefined : bootIdOf(bootId),
        pidNamespace: namespace === "0" ? undefined : `pid:[${namespace}]`
      },
      instance,
      child: Number(child ?? 0),
      kind: child === undefined ? "reaper" : leavable === "l" ? "leavable" : "child"
    }
  ]
}

const plain = (text: string | undefined): string => (text ?? "").toLowerCase().replace(/[^0-9a-z]/g, "") || "0"

/** The boot id as the kernel writes it, with its dashes. */
const bootIdOf = (text: string): string =>
  text.replace(/^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/, "$1-$2-$3-$4-$5")

const digits = (text: string | undefined): string => (text ?? "").replace(/\D/g, "") || "0"
