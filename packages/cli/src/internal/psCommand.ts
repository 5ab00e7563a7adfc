/**
 * `tether ps`: which hosts live, and what they have started.
 */
import * as Command from "@effect/cli/Command"
import * as HostTree from "@tether/process-node/HostTree"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Answer } from "./answer.js"
import { flatRows, treeRows } from "./hostRows.js"
import { jsonOf } from "./json.js"
import { flag } from "./options.js"
import { table } from "./table.js"
import * as texts from "./texts.js"

const { options } = texts.ps

export const psCommand = (width: number | undefined, give: (answer: Answer) => Effect.Effect<void>) =>
  Command.make(texts.ps.name, { tree: flag(options.tree), json: flag(options.json) }, ({ json, tree }) =>
    Effect.flatMap(Effect.zip(HostTree.list, Clock.currentTimeMillis), ([hosts, now]) => {
      if (json) return give({ lines: [toJson({ hosts })], code: 0 })
      if (hosts.length === 0) return give({ lines: [], told: "there is no program that has children", code: 0 })
      const { head, rows } = tree ? treeRows(hosts, now) : flatRows(hosts, now)
      return give({ lines: table(head, rows, { width, overflow: "cut" }), code: 0 })
    })
  ).pipe(Command.withDescription(texts.ps.summary))

const toJson = jsonOf(Schema.Struct({ hosts: Schema.Array(HostTree.Program) }))
