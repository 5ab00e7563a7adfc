/**
 * What children read and write, and how it is cut.
 */
import { closeSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from "node:fs"
import { packageFile } from "./packageFile.js"
import type { Work } from "./Row.js"

export const bytesPerLine = 85

/** A file and `cat`, because a producer that computes its lines would be slower than their readers. */
export const writeLines = ({ file, lines }: Work): void => {
  const descriptor = openSync(file, "w")
  let block = ""
  for (let i = 0; i < lines; i++) {
    const text = `${String(i).padStart(8, "0")} 2026-01-01T00:00:00.000Z INFO GET /orders/${i % 1000} answered 200 in ${i % 97} ms`
    block += `${text.padEnd(bytesPerLine - 1, ".")}\n`
    if (block.length > 1 << 20 || i === lines - 1) {
      writeSync(descriptor, block)
      block = ""
    }
  }
  closeSync(descriptor)
}

/** Nothing of it is on a disk, so that `cat` gives it as fast as it can. */
export const writeZeros = ({ bytes, zeros }: Work): void => {
  writeFileSync(zeros, "")
  truncateSync(zeros, bytes)
}

/** The transcript of a session of three turns, as an agent has kept it. */
export const recordedTranscript = packageFile("../vitest/fixtures/agents/claude-tool-turn.transcript.jsonl")

/** The recorded one, over and over: its turns are in the proportion in which an agent writes them. */
export const writeTranscript = ({ transcript, transcriptBytes }: Work): void => {
  const recorded = readFileSync(recordedTranscript)
  writeFileSync(
    transcript,
    Buffer.concat(Array.from({ length: Math.ceil(transcriptBytes / recorded.length) }, () => recorded))
  )
}

/** What is written at once: as much as Node reads at once from a pipe or a file. */
export const piece = new Uint8Array(64 * 1024)

/** How many pieces there are in so many bytes. */
export const piecesIn = (bytes: number): number => {
  const count = bytes / piece.length
  if (!Number.isInteger(count)) throw new Error(`${bytes} bytes are no whole number of pieces`)
  return count
}

export function* pieces(bytes: number): Generator<Uint8Array> {
  for (let left = piecesIn(bytes); left > 0; left--) yield piece
}

/** A line as long as those of the file, without its end. */
export const lineText = "y".repeat(bytesPerLine - 1)
