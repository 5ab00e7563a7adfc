/**
 * The value of a pane's hook for the death of its program.
 */
import type { ExitRecord } from "@tether/journal/ExitRecord"
import { createHash } from "node:crypto"
import { deathFields } from "./deathFields.js"
import { assignment, octal, word } from "./shellText.js"

/**
 * `end`: the file that is there once the end is on record (`shimProtocol`). There is one where there is a shim, and
 * mostly it has written by then.
 */
export const exitHook = (
  identity: string,
  exitLogFile: string,
  start: ExitRecord | undefined,
  end: string | undefined
): string =>
  // All formats are expanded here, at the death. Once the script has run, a hook may have no session any more, and tmux
  // would take any other in its place.
  //
  // What is in it runs one after the other, and the script is waited for. Only it does not run as a hook (-b): tmux
  // forgets the hook of a pane that dies in the very moment in which it learns that the script of another hook has
  // ended.
  `run-shell -b -C ${word([`run-shell ${word(script(identity, exitLogFile, start, end))}`, ...reap].join(" ; "))}`

/**
 * Ends the session, and the window where another session of the same group, or another that has linked it, still holds
 * it. Each only if it is still there: an error in a hook is shown to the next person who makes or attaches a session,
 * in view mode. `if-shell` does not mind a target that is gone, but then may look at another one.
 */
const reap = [
  ["session", "session_id"],
  ["window", "window_id"]
].map(
  ([kind, id]) =>
    `if-shell -F -t ${word(`#{${id}}`)} ${word(`##{==:##{${id}},#{${id}}}`)} ${word(`kill-${kind} -t ${word(`#{${id}}`)}`)}`
)

const script = (
  identity: string,
  exitLogFile: string,
  start: ExitRecord | undefined,
  end: string | undefined
): string => {
  const { after, before } = deathFields(identity, start)
  const line = `\${l}ts=$2.\${m}Z ${octal(before)} dead_status=$s dead_signal=$g id=$i${after === "" ? "" : ` ${octal(after)}`} ended_by=$b$u`
  // The shell's own printf writes long lines in pieces, between which others may write.
  const append = `printf "%b" "${line}\\n" ${encodedLength(before + after) > mostAtOnce ? "| command -p dd ibs=65536 obs=1048576 " : ""}>>"$f"`
  return [
    // Output and failures would be shown in a pane. And whoever ends the server must not end this.
    "exec >/dev/null 2>&1",
    `trap "" 1 2 3 13 15`,
    "umask 077",
    // Nothing is to be done, and nothing is to be computed.
    ...(end === undefined ? [] : [assignment("o", end), `[ ! -f "$o" ] || exit 0`]),
    assignment("f", exitLogFile),
    // Nothing is written through a link.
    `[ ! -h "$f" ] || exit 0`,
    `[ -d "\${f%/*}" ] || command -p mkdir -p -m 700 "\${f%/*}"`,
    // Not every date knows %N.
    `set -- $(command -p date -u "+%s %Y-%m-%dT%H:%M:%S %N")`,
    `case $1 in ""|*[!0-9]*) exit 0;; esac`,
    `m=000; case $3 in *[!0-9]*) ;; ?????????) m=\${3%??????};; esac`,
    // A leading zero would be octal.
    "t=$(($1 * 1000 + 1$m - 1000))",
    `s="#{pane_dead_status}"; g="#{pane_dead_signal}"; b=unknown`,
    `case $g in ""|SIG*) ;; *[!0-9]*) g=SIG$g;; *) n=$(kill -l $g); case $n in SIG*) g=$n;; [A-Z]*) g=SIG$n;; *) g=SIG$g;; esac;; esac`,
    `if [ "$g" ]; then s=; b=outside; elif [ "$s" ]; then b=child; fi`,
    ...uptimeLines(start),
    // Whose gate was never opened.
    ...(end === undefined
      ? []
      : [
          `x="\${o%.end}.unopened"; [ ! -f "$x" ] || { s=; g=; b=owner; u=" reason=launch-failed$u"; command -p rm -f "$x"; }`
        ]),
    "c() { shift $(($1 + 1)); x=$1; }",
    `e() { v=$1; k=$2; r=; while [ $k -gt 0 ]; do c $((v & 31)) ${digits.split("").join(" ")}; r=$x$r; v=$((v >> 5)); k=$((k - 1)); done; }`,
    `e $t 10; i=$r; e "#{pane_pid}" ${pidDigits}; i=$i\${r}${hash([identity, exitLogFile, start?.id ?? ""])}`,
    // A last line that is torn would take ours with it.
    `l=; [ -f "$f" ] && [ "$(command -p tail -c 1 "$f")" ] && l="\\n"`,
    end === undefined ? append : `${append} && : >"$o"`,
    "exit 0"
  ].join("; ")
}

/**
 * By the boot, where the system and the start tell that in hundredths of a second, and not by dates, which may have
 * been set since.
 */
const uptimeLines = (start: ExitRecord | undefined): ReadonlyArray<string> => {
  if (start === undefined) return ["u="]
  const byDate = `[ $t -lt ${start.ts} ] || u=" uptime_ms=$((t - ${start.ts}))"`
  const token = start.startToken ?? ""
  if (!/^[1-9]\d{0,14}$/.test(token)) return ["u=", byDate]
  return [
    "u=",
    // A leading zero would be octal.
    `if IFS=". " read x k v </proc/uptime; then x=$((x * 1000 + 1\${k}0 - 1000 - ${token}0)); [ $x -lt 0 ] || u=" uptime_ms=$x"; else ${byDate}; fi`
  ]
}

/** In bytes; what is filled in takes less than 200, and no shell's buffer is smaller than 4096. */
const mostAtOnce = 3800

const encodedLength = (text: string): number => new TextEncoder().encode(text).length

/** Crockford's, as in a ULID. */
const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

/** No pid is above 2^22. */
const pidDigits = 5

/**
 * What tells this id from that of another process that had the same pid in the same millisecond: elsewhere, that is.
 */
const hash = (of: ReadonlyArray<string>): string =>
  [
    ...createHash("sha256")
      .update(of.join("\0"))
      .digest()
      .subarray(0, 16 - pidDigits)
  ]
    .map((byte) => digits.charAt(byte & 31))
    .join("")
