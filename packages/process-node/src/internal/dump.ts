/**
 * What lives in this program, written to a file for whoever wonders why it does not end: its children and its fibers.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { chmodSync, renameSync, rmSync, writeFileSync } from "node:fs"
import type { Resident } from "./host.js"

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** How long the fibers may take to answer. One that never yields does not. */
const patience = Duration.seconds(1)

/**
 * Looks at once, and is then an effect that waits for the fibers to answer and writes. It fails with what the system
 * says when there can be no such file.
 */
export const writeDump = (
  file: string,
  why: string,
  residents: Iterable<Resident>,
  main: AnyFiber
): Effect.Effect<void, unknown> => {
  const now = Date.now()
  const children = [...residents].map((resident) => rowOf(resident, now))
  // The main fiber first; then those that nobody is the parent of, such as what waits for the end of a child.
  const roots = [main, ...Fiber.unsafeRoots().filter((fiber) => fiber !== main)]
  return Effect.flatMap(fiberTexts(roots), (fibers) => {
    const parts = [
      `${why}: process ${process.pid}, at ${new Date(now).toISOString()}`,
      `Children: ${children.length}`,
      ...(children.length === 0 ? [] : [table([["label", "pid", "level", "age", "members"], ...children])]),
      `Fibers: ${fibers.length}`,
      ...fibers
    ]
    return Effect.try({ try: () => replace(file, `${parts.join("\n\n")}\n`), catch: (error) => error })
  })
}

const longestLabel = 120

const rowOf = ({ containment, label, living, pid, startedAt }: Resident, now: number): ReadonlyArray<string> => [
  TerminalText.sanitize(label.slice(0, longestLabel)),
  String(pid),
  containment,
  `${((now - startedAt) / 1000).toFixed(1)} s`,
  String(living().length)
]

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(Math.max(...rows.map((each) => each[column]?.length ?? 0))))
        .join("  ")
        .trimEnd()
    )
    .join("\n")

/** Each fiber with its descendants below it, as far as they answer in time. */
const fiberTexts = (roots: ReadonlyArray<AnyFiber>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.suspend(() => {
    const texts: Array<string> = []
    const tell = (fiber: AnyFiber, depth: number): Effect.Effect<void> =>
      Effect.flatMap(Fiber.pretty(fiber), (text) => {
        texts.push(text.replace(/^/gm, "  ".repeat(depth)))
        return Effect.flatMap(fiber.children, (children) =>
          Effect.forEach(children, (child) => tell(child, depth + 1), { discard: true })
        )
      })
    return Effect.forEach(roots, (root) => tell(root, 0), { discard: true }).pipe(
      Effect.timeoutOption(patience),
      Effect.as(texts)
    )
  })

/**
 * In one step, so that nobody reads half of it. A new file, because one that is there may belong to somebody else, or
 * lead elsewhere by a link: the directory is mostly one that everyone may write to.
 */
const replace = (file: string, text: string): void => {
  const draft = `${file}.${Math.random().toString(36).slice(2)}`
  try {
    writeFileSync(draft, text, { flag: "wx", mode: 0o600 })
    // The umask may have left nothing of it.
    chmodSync(draft, 0o600)
    renameSync(draft, file)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}
