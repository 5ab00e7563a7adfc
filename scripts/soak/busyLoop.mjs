// Keeps one core busy. It ends with the stream that its parent holds: not every system tells a process that its parent
// was killed, but each closes the parent's end of the pipe. The time limit holds if another process inherited that end.

const LIMIT_MS = 60 * 60_000
// Between two slices, the event loop sees the end of the stream.
const SLICE_MS = 50

process.stdin.on("end", () => process.exit(0)).on("error", () => process.exit(0))
process.stdin.resume()

const end = performance.now() + LIMIT_MS

const slice = () => {
  const sliceEnd = performance.now() + SLICE_MS
  while (performance.now() < sliceEnd);
  if (performance.now() > end) process.exit(0)
  setImmediate(slice)
}
slice()
