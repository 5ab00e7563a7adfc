/**
 * What is measured, beside whom, and what is to be reached.
 */
import { bytesPerLine } from "./data.js"
import type { Row, Work } from "./Row.js"

const many = (count: number): string => count.toLocaleString("en")

const oneChild = (): Partial<Work> => ({ children: 1 })
/** Where each takes its 100 ms. */
const fewChildren = ({ children }: Work): Partial<Work> => ({ children: Math.ceil(children / 10) })
/** Each of them needs a look at all processes. */
const fewCloses = ({ closes }: Work): Partial<Work> => ({ closes: Math.ceil(closes / 20) })
/** Where each waits for the disk. */
const synced = ({ records }: Work): number => Math.ceil(records / 10)
const drained = ({ records }: Work): number => records * 2
const fewRecords = (work: Work): Partial<Work> => ({ records: synced(work) })
const manyFiles = (work: Work): Partial<Work> => ({ records: drained(work) })
const oneProgram = (): Partial<Work> => ({ programs: 1 })

const mebibytes = (bytes: number): string => (bytes < 2 ** 30 ? `${bytes / 2 ** 20} MiB` : `${bytes / 2 ** 30} GiB`)
/** Long enough for a leak to be seen. */
const fourfold = ({ bytes }: Work): number => bytes * 4
const endless = (work: Work): Partial<Work> => ({ bytes: fourfold(work) })
const slow = ({ slowLines }: Work): Partial<Work> => ({ bytes: slowLines * bytesPerLine })

const spoken = ({ records }: Work): number => records * 40
const manyWords = (work: Work): Partial<Work> => ({ records: spoken(work) })

export const rows: ReadonlyArray<Row> = [
  {
    name: "lines",
    title: ({ lines }) => `${many(lines)} lines of 85 bytes from a child to a callback a line`,
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
    title: ({ lines }) =>
      `${many(lines)} lines of 85 bytes from a child to a logger that does nothing, and to a reader`,
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
    title: ({ spawns }) => `${many(spawns)} times /bin/true, each to its end, one after the other`,
    unit: "spawn",
    // What surrounds a spawn is compiled late, because it runs once where a line's code runs a thousand times.
    passes: 10,
    peers: {
      "spawn:raw": "node: spawn to close",
      "spawn:rawSame": "node: spawn as tether does",
      "spawn:tether": "tether: run, by default (level tree)",
      "spawn:tetherNone": "tether: run, level none",
      "spawn:tetherGroup": "tether: run, level group",
      "spawn:tetherCgroup": "tether: run, level cgroup",
      "spawn:tetherJournal": "tether: run, with an exit journal",
      "spawn:execa": "execa",
      "spawn:platform": "@effect/platform: exitCode"
    },
    comparisons: [
      { peer: "spawn:tether", against: "spawn:raw", of: "time", target: { atMost: 1.3 } },
      { peer: "spawn:tether", against: "spawn:tetherNone", of: "time", target: { atMost: 1.1 } },
      { peer: "spawn:tether", against: "spawn:execa", of: "time", target: { below: 1 } },
      { peer: "spawn:tetherJournal", against: "spawn:tether", of: "time", target: { atMost: 1.05 } },
      { peer: "spawn:tether", against: "spawn:rawSame", of: "time" },
      { peer: "spawn:tether", against: "spawn:platform", of: "time" },
      { peer: "spawn:tetherNone", against: "spawn:raw", of: "time" },
      { peer: "spawn:tetherGroup", against: "spawn:raw", of: "time" },
      { peer: "spawn:tetherCgroup", against: "spawn:raw", of: "time" }
    ]
  },
  {
    name: "kill",
    title: ({ processes }) => `from kill -9 of the host to the end of the last of its ${many(processes)} processes`,
    unit: "process",
    passes: 10,
    each: true,
    peers: {
      "kill:tether": "tether",
      // A pass of theirs takes a second and more, and all are alike.
      "kill:execa": { title: "execa: cleanup", passes: 1 },
      "kill:platform": { title: "@effect/platform: start", passes: 1 }
    },
    comparisons: [],
    limits: [
      { peer: "kill:tether", of: "median", target: { atMost: 100 } },
      { peer: "kill:tether", of: "worst", target: { atMost: 500 } },
      { peer: "kill:tether", of: "left", target: { atMost: 0 } }
    ]
  },
  {
    name: "close",
    title: ({ children }) => `${many(children)} children that take 100 ms to stop, stopped together`,
    unit: "child",
    // The first one warms up.
    passes: 2,
    peers: {
      "close:rawOne": { title: "node: kill to close, 1 child", work: oneChild },
      "close:raw": "node: kill to close",
      "close:tetherOne": { title: "tether: scope, 1 child", work: oneChild },
      "close:tether": "tether: scope of Supervise.all",
      "close:tetherInOrder": { title: "tether: scope, one after the other", work: fewChildren },
      "close:execa": "execa: kill to end",
      "close:platform": "@effect/platform: scope with parallelFinalizers",
      "close:platformInOrder": { title: "@effect/platform: scope, one after the other", work: fewChildren }
    },
    comparisons: [
      { peer: "close:tether", against: "close:tetherOne", of: "time", target: { atMost: 3 } },
      { peer: "close:raw", against: "close:rawOne", of: "time" },
      { peer: "close:tether", against: "close:raw", of: "time" },
      { peer: "close:tether", against: "close:platform", of: "time" },
      { peer: "close:tetherInOrder", against: "close:platformInOrder", of: "time" }
    ],
    limits: [{ peer: "close:tether", of: "left", target: { atMost: 0 } }]
  },
  {
    name: "proof",
    title: ({ closes, foreign }) =>
      `${many(closes)} closes, one after the other, also beside ${many(foreign)} foreign processes`,
    unit: "close",
    passes: 6,
    peers: {
      "proof:group": "level group: run /bin/true",
      "proof:tree": "level tree: run /bin/true",
      "proof:groupBeside": { title: "level group, beside foreign ones: run /bin/true", beside: true },
      "proof:treeBeside": { title: "level tree, beside foreign ones: run /bin/true", beside: true },
      "proof:groupParent": "level group: run sh that runs /bin/true",
      "proof:treeParent": "level tree: run sh that runs /bin/true",
      "proof:groupOld": {
        title: "level group, beside foreign ones: stop an old sleep",
        beside: true,
        work: fewCloses,
        passes: 2
      },
      "proof:treeOld": {
        title: "level tree, beside foreign ones: stop an old sleep",
        beside: true,
        work: fewCloses,
        passes: 2
      }
    },
    comparisons: [
      { peer: "proof:tree", against: "proof:group", of: "time" },
      { peer: "proof:treeBeside", against: "proof:groupBeside", of: "time" },
      { peer: "proof:treeParent", against: "proof:groupParent", of: "time" },
      { peer: "proof:treeOld", against: "proof:groupOld", of: "time" }
    ]
  },
  {
    name: "pipeline",
    title: ({ bytes }) => `${mebibytes(bytes)} through cat | cat | wc -c`,
    unit: "byte",
    passes: 4,
    peers: {
      "pipeline:shell": "node: spawn of the shell's pipeline",
      "pipeline:tether": "tether: pipeTo",
      "pipeline:node": "node: three children, stdout to stdin",
      "pipeline:platform": "@effect/platform: pipeTo"
    },
    comparisons: [
      { peer: "pipeline:tether", against: "pipeline:shell", of: "time", target: { atMost: 1.5 } },
      { peer: "pipeline:node", against: "pipeline:shell", of: "time" },
      { peer: "pipeline:platform", against: "pipeline:shell", of: "time" }
    ]
  },
  {
    name: "stdin",
    title: ({ bytes }) => `${mebibytes(bytes)} in pieces of 64 KiB into the stdin of wc -c`,
    unit: "byte",
    passes: 8,
    peers: {
      "stdin:node": "node: stream.pipeline",
      "stdin:nodeSame": "node: stream.pipeline, spawn as tether does",
      "stdin:tether": "tether: stdin from a stream, a piece a pull",
      "stdin:tetherMany": "tether: stdin from a stream, many a pull",
      "stdin:tetherWrite": "tether: child.stdin.write, one after the other",
      "stdin:execa": "execa: input from a stream",
      "stdin:platform": "@effect/platform: stdin from a stream, a piece a pull"
    },
    comparisons: [
      { peer: "stdin:tether", against: "stdin:node", of: "throughput", target: { atLeast: 0.8 } },
      { peer: "stdin:tether", against: "stdin:nodeSame", of: "throughput" },
      { peer: "stdin:tetherMany", against: "stdin:node", of: "throughput" },
      { peer: "stdin:tetherWrite", against: "stdin:node", of: "throughput" },
      { peer: "stdin:execa", against: "stdin:node", of: "throughput" },
      { peer: "stdin:platform", against: "stdin:node", of: "throughput" }
    ]
  },
  {
    name: "memory",
    title: (work) =>
      `growth of memory over ${mebibytes(fourfold(work))} without a newline, and over ${many(work.slowLines)} lines of yes to a reader that takes 1 ms for each`,
    unit: "byte",
    memory: "growth",
    // The warm-up is the first eighth of it.
    passes: 1,
    peers: {
      "memory:node": { title: "no newline, node: for await of bytes", work: endless },
      "memory:tether": { title: "no newline, tether: onLines", work: endless },
      "memory:nodeSlow": { title: "slow reader, node: for await of readline", work: slow },
      "memory:tetherSlow": { title: "slow reader, tether: child.stdout", work: slow }
    },
    comparisons: [],
    limits: [
      { peer: "memory:tether", of: "memory", target: { atMost: 24 } },
      { peer: "memory:tetherSlow", of: "memory", target: { atMost: 24 } }
    ]
  },
  {
    name: "journal",
    title: ({ records }) => `${many(records)} records of an end, appended one after the other, and read back`,
    unit: "record",
    passes: 6,
    peers: {
      "journal:node": "node: appendFile of a line to an open file",
      "journal:tether": "tether: append",
      "journal:nodeRead": "node: readline and JSON.parse",
      "journal:tetherRead": "tether: records"
    },
    comparisons: [
      { peer: "journal:tether", against: "journal:node", of: "throughput" },
      { peer: "journal:tetherRead", against: "journal:nodeRead", of: "throughput" }
    ]
  },
  {
    name: "spool",
    title: (work) =>
      `${many(work.records)} records put into a spool, a file each, or ${many(synced(work))} with fsync; and ${many(drained(work))} files drained`,
    unit: "record",
    watched: true,
    passes: 6,
    peers: {
      "spool:nodePut": "put, node: write, rename",
      "spool:put": "put, tether: put",
      "spool:nodePutSynced": { title: "put with fsync, node: write, rename", work: fewRecords },
      "spool:putSynced": { title: "put with fsync, tether: put", work: fewRecords },
      // The memory of a second pass would be that of the first.
      "spool:nodeDrain": { title: "drain, node: rename, readFile, JSON.parse, unlink", work: manyFiles, passes: 1 },
      "spool:drain": { title: "drain, tether: drain", work: manyFiles, passes: 1 }
    },
    comparisons: [
      { peer: "spool:put", against: "spool:nodePut", of: "time" },
      { peer: "spool:putSynced", against: "spool:nodePutSynced", of: "time" },
      { peer: "spool:drain", against: "spool:nodeDrain", of: "time" }
    ]
  },
  {
    name: "hook",
    title: ({ programs, transcriptBytes }) =>
      `${many(programs)} hooks, each to its end, one after the other; and one with a transcript of ${transcriptBytes / 1e6} MB`,
    unit: "program",
    // The first half warms up the files, and what surrounds a spawn.
    passes: 4,
    peers: {
      "hook:node": "node -e 0",
      "hook:tether": "tether: capture-transcript, a recorded session",
      "hook:tetherLong": { title: "tether: capture-transcript, the long one", work: oneProgram }
    },
    comparisons: [{ peer: "hook:tether", against: "hook:node", of: "time", target: { atMost: 2 } }],
    limits: [{ peer: "hook:tetherLong", of: "median", target: { atMost: 1500 } }]
  },
  {
    name: "turn",
    title: (work) => `${many(spoken(work))} lines of an agent's output, each to its meaning`,
    unit: "record",
    watched: true,
    passes: 4,
    peers: {
      "turn:node": { title: "node: readline and JSON.parse", work: manyWords },
      "turn:tether": { title: "tether: AgentTurn.run", work: manyWords }
    },
    comparisons: [{ peer: "turn:tether", against: "turn:node", of: "throughput", target: { atLeast: 0.7 } }]
  },
  {
    name: "turnEnd",
    title: ({ programs }) => `from the result of an agent to the end that is told, ${many(programs)} times`,
    unit: "program",
    passes: 6,
    peers: {
      "turnEnd:node": "node: from the line to the end of the process and its output",
      "turnEnd:tether": "tether: from the result to the terminal event"
    },
    comparisons: [{ peer: "turnEnd:tether", against: "turnEnd:node", of: "time" }]
  },
  {
    name: "turnMemory",
    title: ({ bytes }) => `growth of memory over a turn of ${mebibytes(bytes)} of pieces of text`,
    unit: "byte",
    memory: "growth",
    passes: 1,
    peers: {
      "turnMemory:node": "node: readline",
      "turnMemory:tether": "tether: AgentTurn.run"
    },
    comparisons: [],
    // What sways between two collections. A tenth of the turn would be more.
    limits: [{ peer: "turnMemory:tether", of: "memory", target: { atMost: 96 } }]
  },
  {
    name: "session",
    title: ({ programs }) => `${many(programs)} programs in terminal sessions, each to the record of its end`,
    unit: "program",
    passes: 3,
    peers: {
      "session:tmux": "tmux by hand: gate, pipe-pane, hook",
      "session:tether": "tether: TmuxSession.launch"
    },
    comparisons: [{ peer: "session:tether", against: "session:tmux", of: "time" }]
  },
  {
    name: "idle",
    title: ({ sleepers }) =>
      `heap for each of ${many(sleepers)} idle children, of which both outputs are relayed or read`,
    unit: "sleeper",
    memory: "heap",
    // The first one warms up.
    passes: 2,
    peers: {
      "idle:node": "node: both outputs read",
      "idle:tether": "tether: relay",
      "idle:platform": "@effect/platform: a fiber for each output",
      "idle:nodeGreeted": "node: both outputs read, a line came on each",
      "idle:tetherGreeted": "tether: relay, a line came on each",
      "idle:platformGreeted": "@effect/platform: a fiber for each output, a line came on each"
    },
    comparisons: [],
    limits: [
      { peer: "idle:tether", of: "memory", target: { atMost: 32 } },
      { peer: "idle:tether", of: "left", target: { atMost: 0 } }
    ]
  }
]
