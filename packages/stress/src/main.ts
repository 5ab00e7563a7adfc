/**
 * `pnpm stress`: kills hosts at random instants and looks for what survives them.
 *
 * Promises and no effects: what looks on must not fail together with what it looks at.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"
import { Oracle } from "./oracle.js"
import { isKill, planOf } from "./plan.js"
import { type RoundResult, runRound } from "./round.js"
import { complaint, describe, figures, isBad, table } from "./summary.js"

const help = `pnpm stress [options]

  --kills N     how many hosts are killed (default 500); others, in between, end by themselves
  --minutes M   no new round after this time (default 30)
  --seed N      which random numbers (default: another each time, printed)
  --round N     only this round, again and again: for a seed and a round that were complained of
  --nested      hosts three deep in every round, and not in some
  --deadline MS how long what is below a host may outlive it, in milliseconds (default 1000)
  --help        this text

Exits with 1 if anything outlived its host by the deadline.`

const refuse = (problem: string): never => {
  console.error(`${problem}\n\n${help}`)
  process.exit(2)
}

const readArguments = () => {
  try {
    return parseArgs({
      options: {
        kills: { type: "string", default: "500" },
        minutes: { type: "string", default: "30" },
        seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
        round: { type: "string" },
        nested: { type: "boolean", default: false },
        deadline: { type: "string", default: "1000" },
        help: { type: "boolean", default: false }
      }
    }).values
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

const whole = (name: string, text: string): number => {
  const number = Number(text)
  return Number.isSafeInteger(number) && number >= 0 && text !== "" ? number : refuse(`--${name} is a whole number.`)
}

const options = readArguments()
if (options.help) {
  console.log(help)
  process.exit(0)
}
const kills = whole("kills", options.kills)
const seed = whole("seed", options.seed)
const deadline = whole("deadline", options.deadline)
const only = options.round === undefined ? undefined : whole("round", options.round)
const end = performance.now() + whole("minutes", options.minutes) * 60_000
if (process.platform !== "linux") refuse("Survivors are looked for in /proc: this runs on Linux only.")

// A host that was killed before it had a reaper is on record until the next one starts; after the last there is none.
const records = mkdtempSync(join(tmpdir(), "tether-stress-"))
process.env["TETHER_RUNTIME_DIR"] = records
process.on("exit", () => rmSync(records, { recursive: true, force: true }))

console.log(`seed ${seed}`)
const oracle = new Oracle(seed)
const results: Array<RoundResult> = []
let killed = 0
while (killed < kills && performance.now() < end) {
  const number = results.length + 1
  const played = only ?? number
  const plan = planOf(seed, played, options.nested)
  const result = await runRound({ seed, number, played, plan, deadline }, oracle)
  results.push(result)
  if (only !== undefined || isKill(plan)) killed++
  if (isBad(result)) console.log(complaint(result, options.nested))
  if (number % 50 === 0) console.log(`${number}: ${figures(results.slice(-50))}`)
}

// Whom no round has seen, because it was never there when it was looked for.
await sleep(200)
const left = oracle.look()
for (const each of left) console.log(`left at the very end: ${describe(each)}`)

const bad = results.filter(isBad)
console.log(`\nseed ${seed}, ${killed} hosts killed: ${figures(results)}\n${table(results)}`)
if (killed < kills) console.log(`The time was up before all ${kills} were killed.`)
if (bad.length > 0)
  console.log(`Something was wrong in ${bad.length} rounds: ${bad.map((each) => each.played).join(", ")}.`)
process.exitCode = bad.length + left.length > 0 ? 1 : 0
