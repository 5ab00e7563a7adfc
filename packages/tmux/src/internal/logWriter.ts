/**
 * The writer of a session's log: a shell that tmux runs with the pane's bytes as its input.
 */
import { assignment, untimed } from "./shellText.js"

export interface LogWriterOptions {
  /** Rotated files are beside it: `.1` is the youngest. An absolute path, as is `done`. */
  readonly file: string
  /** Whoever starts the writer creates this file before; the writer removes it once all is written and it ends. */
  readonly done: string
  /** No file becomes larger. */
  readonly maxBytes?: number | undefined
  /** How many rotated files stay. */
  readonly keep?: number | undefined
}

/**
 * The command for `tmux pipe-pane -t %PANE`, as one argument.
 *
 * Bytes are appended as they come. When nothing can be written (the disk is full, the directory is gone), it goes on
 * reading: what it does not read stays in the memory of the tmux server. Once it can write again, a line tells of the
 * loss. It ends when the pane does, and no signal of a server that goes ends it earlier.
 *
 * tmux runs no command of more than 8191 bytes here; a path takes its length, and five times that of strange
 * characters.
 */
export const logWriterCommand = ({ done, file, keep = 2, maxBytes = 16 * 1024 * 1024 }: LogWriterOptions): string => {
  const block = Math.min(mostOfBlock, maxBytes)
  return untimed(
    [
      `trap "" 1 2 3 13 15`,
      "umask 077",
      // The user's may be anything, and dd speaks the user's language.
      "PATH=$(command -p getconf PATH) || PATH=/usr/bin:/bin",
      "LC_ALL=C",
      "export PATH LC_ALL",
      assignment("f", file),
      assignment("d", done),
      `note() { printf "\\n[tether: output was lost here]\\n" >>"$f" && l=; }`,
      "l=",
      // What dd reads at once it writes at once. It reports the whole and the partial reads, as 0+0 at the end of the
      // input.
      `while :; do ${[
        // Reads before it tries to write, so that each turn takes from the input, whatever it is that fails; and ends
        // where dd cannot.
        `if [ "$l" ]; then e=$(dd bs=1048576 count=1 2>&1 >/dev/null); case $e in *"0+0 records in"*) break;; *"records in"*) ;; *) break;; esac; note || continue; fi`,
        `n=; [ ! -f "$f" ] || n=$(wc -c <"$f")`,
        `n=$((${maxBytes} - \${n:-0}))`,
        `if [ $n -lt ${block} ]; then ${rotate(keep)}; n=${maxBytes}; fi`,
        `n=$((n / ${block}))`,
        `[ $n -lt ${mostReads} ] || n=${mostReads}`,
        // A file that was removed meanwhile has taken with it what was written.
        `if e=$(dd bs=${block} count=$n 2>&1 >>"$f"); then case $e in "0+0 records in"*) break;; esac; [ -f "$f" ] || l=1; else l=1; fi`
      ].join("; ")}; done`,
      `[ ! "$l" ] || note`,
      `rm -f "$d"`
    ].join("; ")
  )
}

const rotate = (keep: number): string =>
  keep === 0
    ? `rm -f "$f"`
    : [
        ...Array.from({ length: keep - 1 }, (_, index) => keep - 1 - index).map(
          (number) => `[ ! -f "$f.${number}" ] || mv -f "$f.${number}" "$f.${number + 1}"`
        ),
        `mv -f "$f" "$f.1"`
      ].join("; ")

/** In bytes, of one read. Small, because a file is rotated before it has less room than that. */
const mostOfBlock = 8192

/**
 * After so many reads the file is opened again, and seen to be gone. To start dd costs a millisecond, which is little
 * beside them.
 */
const mostReads = 128
