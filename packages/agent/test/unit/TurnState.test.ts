import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { utimesSync } from "node:fs"
import * as Transcript from "../../src/Transcript.js"
import * as TurnState from "../../src/TurnState.js"
import { answers, calls, eventsOf, inFolder, linesOf, recordedPath, said, start, stored } from "../support/files.js"

const minute = 60_000

const stateOf = (lines: ReadonlyArray<string>, now = start) => TurnState.at(Transcript.ofLines(lines).transcript, now)

const prompt = stored("user", "read it")
const assistant = (content: unknown, stop_reason?: string | null) =>
  stored("assistant", content, { message: { id: "a", stop_reason } })

const cases: ReadonlyArray<readonly [string, TurnState.TurnState, ReadonlyArray<string>]> = [
  ["there is no message", "unknown", [JSON.stringify({ type: "permission-mode", mode: "plan" })]],
  ["the user has asked", "working", [prompt]],
  ["a text comes before a tool", "working", [prompt, assistant(said("I will"), "tool_use")]],
  ["a tool works", "working", [prompt, assistant(calls("t"), "tool_use")]],
  ["a tool works, and nothing says why the message stopped", "working", [prompt, assistant(calls("t"))]],
  [
    "one of two tools works",
    "working",
    [prompt, assistant(calls("t")), stored("user", answers("t")), assistant(calls("u"))]
  ],
  ["a tool has answered", "working", [prompt, assistant(calls("t"), "tool_use"), stored("user", answers("t"))]],
  ["the turn goes on after a pause", "working", [prompt, assistant(said("wait"), "pause_turn")]],
  ["the turn has ended", "idle", [prompt, assistant(said("done"), "end_turn")]],
  ["the answer became too long", "idle", [prompt, assistant(said("done"), "max_tokens")]],
  ["the last is a text, and nothing says why it stopped", "idle", [prompt, assistant(said("done"), null)]],
  [
    "the user has interrupted",
    "idle",
    [prompt, assistant(calls("t"), "tool_use"), stored("user", said("[Request interrupted by user for tool use]"))]
  ],
  [
    "a local command has printed something",
    "idle",
    [prompt, assistant(said("done"), "end_turn"), stored("user", "<local-command-stdout>x</local-command-stdout>")]
  ],
  [
    "a sub-agent comes after the end",
    "idle",
    [prompt, assistant(said("done"), "end_turn"), stored("assistant", calls("t"), { isSidechain: true })]
  ],
  [
    "meta comes after the end",
    "idle",
    [prompt, assistant(said("done"), "end_turn"), stored("user", "meta", { isMeta: true })]
  ],
  [
    "a summary comes after the end",
    "idle",
    [prompt, assistant(said("done"), "end_turn"), stored("user", "so far", { isCompactSummary: true })]
  ],
  ["other entries come after the prompt", "working", [prompt, JSON.stringify({ type: "attachment" }), "no JSON"]]
]

describe("the state of a turn", () => {
  it.each(cases)("where %s is %s", (_, state, lines) => {
    expect(stateOf(lines)).toBe(state)
  })

  it("is unknown after 10 minutes without a new message, whatever it was", () => {
    for (const last of [prompt, assistant(said("done"), "end_turn")]) {
      expect(stateOf([last], start + 10 * minute - 1)).not.toBe("unknown")
      expect(stateOf([last], start + 10 * minute)).toBe("unknown")
      // What is no part of the conversation does not refresh it.
      expect(
        stateOf([last, stored("user", "meta", { isMeta: true, at: start + 9 * minute })], start + 10 * minute)
      ).toBe("unknown")
      expect(stateOf([last, stored("user", "and?", { at: start + 9 * minute })], start + 10 * minute)).toBe("working")
    }
  })

  it("believes a clock that was ahead", () => {
    expect(stateOf([prompt], start - minute)).toBe("working")
  })

  it.effect("is that of now", () =>
    Effect.gen(function* () {
      const { transcript } = Transcript.ofLines([prompt])
      yield* TestClock.setTime(start)
      expect(yield* TurnState.of(transcript)).toBe("working")
      yield* TestClock.adjust("10 minutes")
      expect(yield* TurnState.of(transcript)).toBe("unknown")
    })
  )

  it.effect("has the age of the file where no entry has a time", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const path = folder.write("s.jsonl", JSON.stringify({ type: "user", message: { role: "user", content: "x" } }))
        expect(TurnState.at((yield* Transcript.read(path)).transcript, Date.now())).toBe("working")
        utimesSync(path, start / 1000, start / 1000)
        const { transcript } = yield* Transcript.read(path)
        expect(TurnState.at(transcript, start + 9 * minute)).toBe("working")
        expect(TurnState.at(transcript, start + 11 * minute)).toBe("unknown")
        // A clock that was set: nothing is believed for longer for that.
        expect(TurnState.at(transcript, start - 11 * minute)).toBe("unknown")
      })
    )
  )

  it("is working while a live turn runs, and idle after it", () => {
    const events = eventsOf(linesOf(recordedPath("claude-tool-turn.stdout")))
    let transcript = Transcript.asked("read notes.txt")
    for (const event of events) {
      expect(TurnState.at(transcript, start)).toBe("working")
      transcript = Transcript.step(transcript, event)
    }
    expect(TurnState.at(transcript, start)).toBe("idle")
    expect(TurnState.at(Transcript.asked("more", transcript), start)).toBe("working")
  })

  it("is idle at the end of the recorded sessions", () => {
    for (const name of ["claude-text-turn", "claude-tool-turn"]) {
      const { transcript } = Transcript.ofLines(linesOf(recordedPath(`${name}.transcript`)))
      expect(TurnState.at(transcript, transcript.changedAt ?? 0)).toBe("idle")
    }
  })
})
