import { spawnSync } from "node:child_process"
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { claude } from "../../packages/agent/dist/ClaudeAdapter.js"
import { codex } from "../../packages/agent/dist/CodexAdapter.js"
import { casesOf, isTerminal, problemsOf } from "./cases.mjs"
import { modelServer } from "./modelServer.mjs"
import { record } from "./record.mjs"
import { sessionsOf } from "./sessions.mjs"
import { table, writeDocs } from "./table.mjs"
import { listening, play, processesOf, until } from "./turn.mjs"

// Started by ../test-agents.mjs, without our environment and, where that is permitted, without a network.

const { agents, named = "", network, only, record: recordings, scratch } = JSON.parse(process.argv[2])
const adapters = { claude, codex }
const nobody = 65_534
const toNobody = [`--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"]

mkdirSync(join(scratch, "tmp"))
chmodSync(join(scratch, "tmp"), 0o1777)

const rows = []
const told = new Set()
for (const [agent, { binary, version }] of Object.entries(agents)) {
  const place = placeFor(agent, agent)
  let sessionId
  for (const given of casesOf(agent).filter(({ name }) => name.includes(named))) {
    const row = await tryCase(agent, binary, given, place, sessionId)
    if (given.keeps) sessionId = row.sessionId
    rows.push({ agent, version, name: given.name, ...row })
    tell(agent, given.name, row)
  }
  for (const given of sessionsOf(agent).filter(({ name }) => name.includes(named))) {
    const row = await trySession(agent, binary, given)
    rows.push({ agent, version, name: given.name, ...row })
    tell(agent, given.name, row)
  }
}

const failed = rows.filter(({ problems }) => problems.length > 0).length
if (only === undefined && named === "" && Object.keys(agents).length === Object.keys(adapters).length)
  writeDocs(table({ agents, network, rows }))
console.log(failed === 0 ? `All ${rows.length} cases passed.` : `${failed} of ${rows.length} cases failed.`)
process.exit(failed === 0 ? 0 : 1)

/** What an agent says again and again is told once. */
function tell(agent, name, { end, millis, notices, problems, skipped }) {
  if (skipped !== undefined) return console.log(`skip   ${agent}, ${name}: ${skipped}`)
  console.log(
    `${problems.length === 0 ? "ok    " : "FAILED"} ${agent}, ${name}: ${end}, ${(millis / 1000).toFixed(1)} s`
  )
  for (const { kind, text } of notices) {
    if (!told.has(text)) console.log(`       ${kind}: ${text}`)
    told.add(text)
  }
  for (const problem of problems) console.log(`       not as it must be: ${problem}`)
}

/** An empty home, and a directory to work in. */
function placeFor(agent, name, owner) {
  const home = join(scratch, name, "home")
  const project = join(scratch, name, "project")
  const config = join(home, agent === "codex" ? ".codex" : ".claude")
  mkdirSync(config, { recursive: true })
  mkdirSync(project, { recursive: true })
  const notes = join(project, "notes.txt")
  writeFileSync(notes, "hello file\n")
  if (owner !== undefined) for (const path of [home, config, project, notes]) chownSync(path, owner, owner)
  return { home, config, project, notes }
}

async function tryCase(agent, binary, given, shared, sessionId) {
  const begin = performance.now()
  const isOther = given.asNobody === true && process.getuid() === 0
  if (isOther && spawnSync("setpriv", [...toNobody, "true"]).status !== 0) {
    return { skipped: "it refuses that to root, and setpriv does not make us somebody else", problems: [] }
  }
  const place = isOther ? placeFor(agent, `${agent}-nobody`, nobody) : shared
  const server = await modelServer((asked) => given.answer({ ...asked, notes: place.notes }))
  if (agent === "codex") writeFileSync(join(place.config, "config.toml"), codexConfig(server.url))

  const marker = `TETHER_TEST_TURN=${process.pid}-${rows.length}`
  const lines = []
  const { env, ...request } = given.request?.[agent] ?? {}
  const asked = {
    turnId: String(rows.length),
    adapter: listening(adapters[agent], (line) => lines.push(line)),
    binary: isOther ? asNobody(binary) : binary,
    cwd: place.project,
    prompt: given.prompt,
    env: { ...envOf(agent, place, server.url), [marker.split("=")[0]]: marker.split("=")[1], ...env },
    ...(given.resumes ? { resumeSessionId: sessionId } : {}),
    ...request,
    args: [...(agent === "codex" ? ["--skip-git-repo-check"] : []), ...(request.args ?? [])]
  }
  let hasCome = given.cancels === undefined
  const moment = momentOf(given, server, marker)
  const waits =
    moment &&
    (() =>
      moment().then((isSo) => {
        hasCome = isSo
      }))
  try {
    const events = await play(asked, { leaves: given.leaves, moment: waits })
    const survivors = processesOf(marker).map(({ words }) => words)
    const seen = { asked: server.asked, events, lines, sessionId, survivors }
    const terminal = events.find(isTerminal)
    if (given.records && recordings !== undefined) record(resolve(recordings), { agent, lines, place, terminal })
    return {
      end: endOf(terminal),
      notices: events.filter(({ _tag }) => _tag === "Notice"),
      problems: [...(hasCome ? [] : [`it was over before it was ${given.cancels}`]), ...problemsOf(given, seen)],
      sessionId: terminal?.sessionId,
      millis: performance.now() - begin
    }
  } catch (error) {
    return {
      end: "no end",
      notices: [],
      problems: [String(error?.message ?? error)],
      millis: performance.now() - begin
    }
  } finally {
    server.close()
    for (const { pid } of processesOf(marker)) process.kill(pid, "SIGKILL")
  }
}

async function trySession(agent, binary, { run }) {
  const begin = performance.now()
  const env = Object.assign((place, url) => envOf(agent, place, url), { config: codexConfig })
  const context = {
    adapter: adapters[agent],
    agent,
    args: agent === "codex" ? ["--skip-git-repo-check"] : [],
    binary,
    env,
    placeFor: (name) => placeFor(agent, `${agent}-${name}`),
    recordings: recordings === undefined ? undefined : resolve(recordings)
  }
  try {
    const row = await run(context)
    return { notices: [], ...row, ...timeSince(begin) }
  } catch (error) {
    return { end: "no end", notices: [], problems: [String(error?.message ?? error)], ...timeSince(begin) }
  }
}

function timeSince(begin) {
  return { millis: performance.now() - begin }
}

/** When a turn is to be cancelled: once the server was asked, or once the command runs. */
function momentOf({ cancels }, server, marker) {
  const isSleeping = () => processesOf(marker).some(({ words }) => words === "sleep 60")
  if (cancels === "asked")
    return () => until(() => server.asked.some(({ method, body }) => method === "POST" && Array.isArray(body.tools)))
  if (cancels === "sleeping") return () => until(isSleeping).then((isSo) => sleep(200, isSo))
  return undefined
}

/** How a turn ended: its terminal event, of a failure the kind, and the exit code or the signal. */
function endOf(terminal) {
  if (terminal === undefined) return "nothing more is heard of it"
  const { _tag, exitCode, kind, signal, stuck } = terminal
  const why = kind && { Result: kind.subtype, Timeout: kind.phase, Exit: kind.code, Signal: kind.name }[kind._tag]
  const words =
    kind === undefined
      ? `${_tag}${stuck ? ", stuck" : ""}`
      : `${_tag}: ${kind._tag}${why === undefined ? "" : ` ${why}`}`
  return _tag === "Completed" && !stuck ? words : `${words} (${signal ?? `exit code ${exitCode}`})`
}

function envOf(agent, { config, home }, url) {
  const both = { HOME: home, DISABLE_TELEMETRY: "1", DISABLE_AUTOUPDATER: "1" }
  return agent === "claude"
    ? { ...both, CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1", ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: "none" }
    : { ...both, CODEX_HOME: config }
}

function codexConfig(url) {
  return `model = "mock-model"
model_provider = "mock"

[model_providers.mock]
name = "mock"
base_url = "${url}/v1"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1

# Without these it waits five seconds at its end for servers that are not there.
[analytics]
enabled = false

[features]
plugins = false
`
}

/** A program that runs the agent as nobody. */
function asNobody(binary) {
  const file = join(scratch, "as-nobody.sh")
  writeFileSync(file, `#!/bin/sh\nexec setpriv ${toNobody.join(" ")} "${binary}" "$@"\n`)
  chmodSync(file, 0o755)
  return file
}
