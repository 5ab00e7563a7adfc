/**
 * What is measured, beside whom, and what is to be reached.
 */
import type { Row } from "./Row.js"

export const rows: ReadonlyArray<Row> = [
  {
    name: "lines",
    title: "of 85 bytes from a child to a callback a line",
    unit: "line",
    passes: 6,
    peers: {
      "lines:producer": "the producer alone: bytes read and dropped",
      "lines:raw": "node: data + split",
      "lines:tether": "tether: onLines",
      "lines:readline": "node: readline",
      "lines:execa": "execa: for await",
      "lines:platform": "@effect/platform: runForEach",
      "lines:platformChunks": "@effect/platform: runForEachChunk"
    },
    comparisons: [
      { peer: "lines:tether", against: "lines:raw", of: "throughput", target: { atLeast: 0.9 } },
      { peer: "lines:tether", against: "lines:execa", of: "throughput", target: { atLeast: 3 } },
      { peer: "lines:tether", against: "lines:platform", of: "throughput", target: { atLeast: 2 } },
      { peer: "lines:tether", against: "lines:platformChunks", of: "throughput" },
      { peer: "lines:tether", against: "lines:readline", of: "throughput" },
      { peer: "lines:producer", against: "lines:raw", of: "throughput" }
    ]
  },
  {
    name: "relay",
    title: "of 85 bytes from a child to a logger that does nothing, and to a reader",
    unit: "line",
    passes: 6,
    peers: {
      "lines:raw": "node: data + split",
      "relay:tether": "tether: relay",
      "relay:tetherStream": "tether: child.stdout, runForEachChunk"
    },
    comparisons: [
      { peer: "relay:tether", against: "lines:raw", of: "throughput", target: { atLeast: 0.5 } },
      { peer: "relay:tetherStream", against: "lines:raw", of: "throughput" }
    ]
  },
  {
    name: "spawn",
    title: "of /bin/true, each to its end, one after the other",
    unit: "spawn",
    // What surrounds a spawn is compiled late, because it runs once where a line's code runs a thousand times.
    passes: 10,
    peers: {
      "spawn:raw": "node: spawn to close",
      "spawn:rawSame": "node: spawn as tether does",
      "spawn:tether": "tether: run",
      "spawn:execa": "execa",
      "spawn:platform": "@effect/platform: exitCode"
    },
    comparisons: [
      { peer: "spawn:tether", against: "spawn:raw", of: "time", target: { atMost: 1.2 } },
      { peer: "spawn:tether", against: "spawn:execa", of: "time", target: { below: 1 } },
      { peer: "spawn:tether", against: "spawn:rawSame", of: "time" },
      { peer: "spawn:tether", against: "spawn:platform", of: "time" }
    ]
  }
]
