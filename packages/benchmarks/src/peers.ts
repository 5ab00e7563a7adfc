/**
 * All peers by name. Every sample loads all of them: `fork` copies the parent's page tables, so that a spawn takes the
 * longer the more memory its parent has, and a peer that had loaded less would win by that.
 */
import * as Agent from "./peers/agent.js"
import * as Execa from "./peers/execa.js"
import * as Hook from "./peers/hook.js"
import * as Journal from "./peers/journal.js"
import { killed } from "./peers/killed.js"
import * as Node from "./peers/node.js"
import * as NodeBytes from "./peers/nodeBytes.js"
import * as Platform from "./peers/platform.js"
import * as PlatformBytes from "./peers/platformBytes.js"
import * as Session from "./peers/session.js"
import * as Spool from "./peers/spool.js"
import * as Tether from "./peers/tether.js"
import * as TetherBytes from "./peers/tetherBytes.js"
import type { Peer } from "./Row.js"

export const peers: Readonly<Record<string, Peer>> = {
  "lines:producer": Node.producer,
  "lines:raw": Node.raw,
  "lines:readline": Node.readline,
  "lines:execa": Execa.lines,
  "lines:platform": Platform.lines,
  "lines:platformChunks": Platform.linesByChunk,
  "lines:tether": Tether.lines,
  "relay:tether": Tether.relay,
  "relay:tetherStream": Tether.stream,
  "spawn:raw": Node.spawnRaw,
  "spawn:rawSame": Node.spawnSame,
  "spawn:execa": Execa.spawn,
  "spawn:platform": Platform.spawn,
  "spawn:tether": Tether.spawn,
  "spawn:tetherNone": Tether.spawnAt("none"),
  "spawn:tetherGroup": Tether.spawnAt("group"),
  "spawn:tetherCgroup": Tether.spawnAt("cgroup"),
  "spawn:tetherJournal": Journal.spawn,
  "kill:tether": killed("tether"),
  "kill:execa": killed("execa"),
  "kill:platform": killed("platform"),
  "close:rawOne": Node.close,
  "close:raw": Node.close,
  "close:tetherOne": Tether.closeTogether,
  "close:tether": Tether.closeTogether,
  "close:tetherInOrder": Tether.close,
  "close:execa": Execa.close,
  "close:platform": Platform.closeTogether,
  "close:platformInOrder": Platform.close,
  "proof:group": Tether.closeAt("group"),
  "proof:tree": Tether.closeAt("tree"),
  "proof:groupBeside": Tether.closeAt("group"),
  "proof:treeBeside": Tether.closeAt("tree"),
  "proof:groupParent": Tether.closeParentAt("group"),
  "proof:treeParent": Tether.closeParentAt("tree"),
  "proof:groupOld": Tether.closeOldAt("group"),
  "proof:treeOld": Tether.closeOldAt("tree"),
  "pipeline:shell": NodeBytes.shell,
  "pipeline:tether": TetherBytes.pipeline,
  "pipeline:node": NodeBytes.piped,
  "pipeline:platform": PlatformBytes.pipeline,
  "stdin:node": NodeBytes.fed,
  "stdin:nodeSame": NodeBytes.fedSame,
  "stdin:tether": TetherBytes.fed,
  "stdin:tetherMany": TetherBytes.fedMany,
  "stdin:tetherWrite": TetherBytes.written,
  "stdin:execa": Execa.fed,
  "stdin:platform": PlatformBytes.fed,
  "memory:node": NodeBytes.endless,
  "memory:tether": TetherBytes.endless,
  "memory:nodeSlow": NodeBytes.slow,
  "memory:tetherSlow": TetherBytes.slow,
  "journal:node": Journal.nodeAppend,
  "journal:tether": Journal.append,
  "journal:nodeRead": Journal.nodeRead,
  "journal:tetherRead": Journal.read,
  "spool:nodePut": Spool.nodePut,
  "spool:put": Spool.put,
  "spool:nodePutSynced": Spool.nodePutSynced,
  "spool:putSynced": Spool.putSynced,
  "spool:nodeDrain": Spool.nodeDrain,
  "spool:drain": Spool.drain,
  "hook:node": Hook.node,
  "hook:tether": Hook.recorded,
  "hook:tetherLong": Hook.long,
  "turn:node": Agent.nodeLines,
  "turn:tether": Agent.lines,
  "turnEnd:node": Agent.nodeEnd,
  "turnEnd:tether": Agent.end,
  "session:tmux": Session.tmux,
  "session:tether": Session.tether,
  "turnMemory:node": Agent.nodeEndless,
  "turnMemory:tether": Agent.endless,
  "idle:node": Node.idle,
  "idle:tether": Tether.idle,
  "idle:platform": Platform.idle,
  "idle:nodeGreeted": Node.idleGreeted,
  "idle:tetherGreeted": Tether.idleGreeted,
  "idle:platformGreeted": Platform.idleGreeted
}
