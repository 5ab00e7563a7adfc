/**
 * What is tried beside single turns: sessions that stay, sessions that are resumed, and what hooks capture of them. A
 * case has a `name`, and `run`, which answers with how it ended and what is wrong.
 */
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import * as AgentSession from "../../packages/agent/dist/AgentSession.js"
import * as NodeChildSpawner from "../../packages/process-node/dist/NodeChildSpawner.js"
import { root } from "../lib/run.mjs"
import { modelServer } from "./modelServer.mjs"
import { linesOf, recordLines, recordTranscript, transcriptOf } from "./record.mjs"
import { play, until } from "./turn.mjs"

const quiet = Logger.replace(Logger.defaultLogger, Logger.none)

/** The words of the last message of the user, as JSON. */
const lastOfUser = (body) => JSON.stringify((body.messages ?? body.input ?? []).findLast(({ role }) => role === "user"))

/** The turns of one session, one after the other: how each ended, and its events. */
const inSession = (options, prompts, pause) =>
  Effect.runPromise(
    Effect.gen(function* () {
      const session = yield* AgentSession.open(options)
      const turns = []
      for (const prompt of prompts) {
        const events = []
        yield* Stream.runForEach(session.turn({ prompt, timeouts: { total: "1 minute" } }), (event) =>
          Effect.sync(() => void events.push(event))
        )
        turns.push({ prompt, events, terminal: events.at(-1) })
        yield* Effect.sleep(pause())
      }
      return turns
    }).pipe(Effect.scoped, Effect.provide(NodeChildSpawner.layer), Effect.provide(quiet))
  )

/** The events of turns that each resume the session of the one before, a process for each. */
const resuming = async (request, prompts) => {
  const events = []
  for (const prompt of prompts)
    events.push(...(await play({ ...request, turnId: prompt, prompt, resumeSessionId: events.at(-1)?.sessionId })))
  return events
}

const usageIn = (events) =>
  events
    .filter(({ _tag }) => _tag === "Usage")
    .reduce(
      (sum, { costUsd = 0, inputTokens, outputTokens }) => ({
        input: sum.input + inputTokens,
        output: sum.output + outputTokens,
        cost: sum.cost + costUsd
      }),
      { input: 0, output: 0, cost: 0 }
    )

const tasks = {
  name: "20 prompts while tasks end in the background",
  run: async ({ adapter, binary, env, placeFor, recordings }) => {
    const place = placeFor("background")
    let asked = "nothing"
    const begun = new Set()
    const server = await modelServer(({ body }) => {
      const words = lastOfUser(body)
      const found = [...words.matchAll(/(?:task|question) \d+/g)].at(-1)?.[0]
      if (found === undefined && words.includes("task-notification")) return { text: "Noted." }
      asked = found ?? asked
      if (!asked.startsWith("task") || begun.has(asked)) return { text: `Answer to ${asked}.` }
      begun.add(asked)
      const command = `sleep ${0.3 + Math.random()}; echo woke`
      return {
        text: "I begin it.",
        tool: { name: "Bash", input: { command, description: "it", run_in_background: true } }
      }
    })
    try {
      const prompts = Array.from({ length: 20 }, (_, nth) => `${nth % 3 === 0 ? "task" : "question"} ${nth}`)
      const options = {
        adapter,
        binary,
        cwd: place.project,
        env: env(place, server.url),
        args: ["--allowedTools", "Bash"]
      }
      const turns = await inSession(options, prompts, () => Math.random() * 800)
      if (recordings !== undefined)
        recordTranscript(recordings, "claude-background-session", place, turns.at(-1).terminal.sessionId)
      const wrong = turns.filter(({ prompt, terminal }) => terminal.result?.text !== `Answer to ${prompt}.`)
      return {
        end: `${turns.length - wrong.length} of ${turns.length} answers are their own`,
        problems: wrong.map(({ prompt, terminal }) => `${prompt}: ${JSON.stringify(terminal.result ?? terminal)}`)
      }
    } finally {
      server.close()
    }
  }
}

const usage = {
  name: "usage of a session that is resumed",
  run: async ({ adapter, agent, args, binary, env, placeFor }) => {
    const place = placeFor("usage")
    const server = await modelServer(() => ({ text: "Hi." }))
    if (agent === "codex") writeFileSync(join(place.config, "config.toml"), env.config(server.url))
    try {
      const request = { adapter, binary, cwd: place.project, args, env: env(place, server.url) }
      const events = await resuming(request, ["one", "two", "three"])
      const { sessionId } = events.at(-1)
      if (agent === "claude") {
        const options = { adapter, binary, cwd: place.project, env: env(place, server.url), resumeSessionId: sessionId }
        for (const { events: more } of await inSession(options, ["four", "five"], () => 0)) events.push(...more)
      }
      const requests = server.asked.filter(({ body }) => Array.isArray(body.tools) && body.tools.length > 0).length
      const { cost, input, output } = usageIn(events)
      const total = agent === "claude" ? totalCost(place, sessionId) : 0
      return {
        end: `${input} tokens in, ${output} out`,
        problems: [
          ...(input === requests * 10 && output === requests * 5
            ? []
            : [`${requests} requests were answered, each with 10 tokens in and 5 out`]),
          ...(Math.abs(cost - total) < 1e-9
            ? []
            : [`it has cost ${total} by its own account, and ${cost} by the turns`])
        ]
      }
    } finally {
      server.close()
    }
  }
}

const totalCost = (place, sessionId) =>
  linesOf(transcriptOf(place, sessionId))
    .map((line) => JSON.parse(line))
    .findLast(({ type }) => type === "cost-state")?.totalCostUSD

/** The hook lines of the guide, for the program of this checkout. */
const hooksFor = () => {
  const tether = `"${process.execPath}" "${join(root, "packages/cli/dist/bin.cjs")}"`
  const line = (words) => [{ hooks: [{ type: "command", command: `${tether} ${words} > /dev/null` }] }]
  return {
    hooks: {
      Stop: line("capture-turn --hook"),
      SessionEnd: line("capture-transcript --no-spawn --hook --deadline 1200")
    }
  }
}

/** What is in the captures of a state directory, each event once, in its order. */
const captured = (state) => {
  const folder = join(state, "deferred-captures")
  const events = new Map()
  for (const name of existsSync(folder) ? readdirSync(folder).filter((each) => each.endsWith(".jsonl")) : [])
    for (const line of linesOf(join(folder, name)).slice(1)) {
      const { cue, key, role, text } = JSON.parse(line)
      events.set(key, { at: Number(/turn (\d+)$/.exec(cue)[1]), said: `${role}: ${text}` })
    }
  return [...events.values()].sort((one, other) => one.at - other.at).map(({ said }) => said)
}

const differences = (found, expected) =>
  JSON.stringify(found) === JSON.stringify(expected)
    ? []
    : [`captured was ${JSON.stringify(found)}`, `and said was ${JSON.stringify(expected)}`]

const terminal = {
  name: "a terminal session with hooks: commands, an interrupt, a compaction, errors, a rewind",
  run: async ({ binary, env, placeFor, recordings }) => {
    if (spawnSync("tmux", ["-V"]).status !== 0) return { skipped: "there is no tmux", problems: [] }
    const place = placeFor("terminal")
    const state = join(place.home, "state")
    const inputs = [
      "hello",
      "echo from-a-shell",
      "Ada",
      "never answered",
      "and after it",
      "refused",
      "after the rewind"
    ]
    const server = await modelServer(({ body }) => {
      const words = lastOfUser(body)
      const found = inputs.map((input) => [words.lastIndexOf(input), input]).sort(([a], [b]) => b - a)[0]
      if (/create a detailed summary|summary of the conversation/i.test(words)) return { text: "A summary." }
      if (found[1] === "refused") return { status: 400 }
      return found[1] === "never answered" ? "stall" : { text: `Answer to ${found[1]}.` }
    })
    mkdirSync(join(place.project, ".claude/commands"), { recursive: true })
    writeFileSync(join(place.project, ".claude/commands/greet.md"), "Greet $ARGUMENTS kindly.\n")
    writeFileSync(join(place.config, "settings.json"), JSON.stringify(hooksFor()))
    const trusted = { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true, allowedTools: [] }
    writeFileSync(
      join(place.home, ".claude.json"),
      JSON.stringify({
        hasCompletedOnboarding: true,
        theme: "dark",
        customApiKeyResponses: { approved: ["none"], rejected: [] },
        projects: { [place.project]: trusted }
      })
    )
    const tmux = (...words) =>
      execFileSync("tmux", ["-S", join(place.home, "tmux"), "-f", "/dev/null", ...words], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"]
      })
    const variables = { PATH: process.env.PATH, TERM: "xterm-256color", LANG: "C.UTF-8", TETHER_STATE_DIR: state }
    const words = Object.entries({ ...variables, ...env(place, server.url) }).map(([name, value]) => `${name}=${value}`)
    const size = ["-x", "120", "-y", "45"]
    tmux("new-session", "-d", "-s", "it", ...size, "-c", place.project, "env", "-i", ...words, binary)
    const screen = () => tmux("capture-pane", "-p", "-S", "-200", "-t", "it")
    const problems = []
    const shows = async (text) => {
      if (!(await until(() => screen().includes(text)))) problems.push(`${text} is not on the screen:\n${screen()}`)
    }
    const press = (...keys) => tmux("send-keys", "-t", "it", ...keys)
    const type = async (text) => {
      press("-l", text)
      await sleep(500)
      press("Enter")
    }
    try {
      await shows("❯")
      await type("hello")
      await shows("Answer to hello.")
      await type("!echo from-a-shell")
      await shows("Answer to echo from-a-shell.")
      await type("/greet Ada")
      await shows("Answer to Ada.")
      await type("never answered")
      await until(() => server.asked.some(({ body }) => lastOfUser(body)?.includes("never answered")))
      // One that nothing was answered to yet would be taken back, and could be edited.
      await sleep(4_000)
      press("Escape")
      await sleep(1_000)
      press("C-u")
      await type("/compact")
      await shows("Compacted")
      await type("and after it")
      await shows("Answer to and after it.")
      // Two errors of the model server, and the conversation goes back to before the second.
      await type("refused one")
      await shows("API Error: 400 the server says 400")
      await type("refused two")
      await until(() => screen().split("API Error: 400").length === 3)
      press("Escape", "Escape")
      await shows("(current)")
      press("Up")
      await until(() => screen().includes("❯ refused two"))
      press("Enter")
      await shows("Restore conversation")
      press("Enter")
      await until(() => !screen().includes("Restore conversation"))
      // It is in the input again, to be edited.
      await sleep(500)
      press("C-u")
      await type("after the rewind")
      await shows("Answer to after the rewind.")
      await type("/exit")
      await until(() => {
        try {
          tmux("has-session", "-t", "it")
          return false
        } catch {
          return true
        }
      })
      if (recordings !== undefined) recordTranscript(recordings, "claude-terminal-session", place, "-")
      const expected = [
        "user: hello",
        "assistant: Answer to hello.",
        "user: !echo from-a-shell",
        "assistant: Answer to echo from-a-shell.",
        "user: /greet Ada",
        "assistant: Answer to Ada.",
        "user: never answered",
        "user: and after it",
        "assistant: Answer to and after it.",
        "user: refused one",
        "user: refused two",
        "user: after the rewind",
        "assistant: Answer to after the rewind."
      ]
      const found = captured(state)
      return { end: `${found.length} turns captured`, problems: [...problems, ...differences(found, expected)] }
    } finally {
      spawnSync("tmux", ["-S", join(place.home, "tmux"), "kill-server"], { stdio: "ignore" })
      server.close()
    }
  }
}

const codexHooks = {
  name: "turns with hooks and notify",
  run: async ({ adapter, args, binary, env, placeFor, recordings }) => {
    const place = placeFor("hooks")
    const state = join(place.home, "state")
    const server = await modelServer(({ body }) => ({
      text: `Answer to ${/(one|two|three)/.exec(lastOfUser(body))?.[0]}.`
    }))
    // A program that takes its time, at the end of each turn.
    const notify = join(place.home, "notify.sh")
    const notified = join(place.home, "notified")
    writeFileSync(notify, `#!/bin/sh\nsleep 0.5\necho told >> "${notified}"\n`, { mode: 0o755 })
    const config = `notify = ["${notify}"]\n${env.config(server.url)}hooks = true\n`
    writeFileSync(join(place.config, "config.toml"), config)
    writeFileSync(join(place.config, "hooks.json"), JSON.stringify(hooksFor()))
    try {
      const request = {
        adapter,
        binary,
        cwd: place.project,
        args: [...args, "--dangerously-bypass-hook-trust"],
        env: { ...env(place, server.url), TETHER_STATE_DIR: state }
      }
      const { sessionId } = (await resuming(request, ["one", "two", "three"])).at(-1)
      if (recordings !== undefined)
        recordLines(recordings, "codex-session.transcript", linesOf(transcriptOf(place, sessionId)), place)
      const expected = ["one", "two", "three"].flatMap((each) => [`user: ${each}`, `assistant: Answer to ${each}.`])
      const found = captured(state)
      const told = existsSync(notified) ? linesOf(notified).length : 0
      return {
        end: `${found.length} turns captured`,
        problems: [...differences(found, expected), ...(told === 3 ? [] : [`notify got through ${told} times of 3`])]
      }
    } finally {
      server.close()
    }
  }
}

export const sessionsOf = (agent) => (agent === "claude" ? [tasks, usage, terminal] : [usage, codexHooks])
