/**
 * Where a prompt goes: into the command line, or to stdin.
 */

// Linux takes no longer single argument than 128 KiB.
const longestWord = 100 * 1024

/** One that begins with a dash would be taken for an option. */
export const wordOrStdin = (
  prompt: string,
  isAmbiguous = false
): { readonly words: ReadonlyArray<string>; readonly stdin: "null" | { readonly text: string } } =>
  isAmbiguous || prompt.startsWith("-") || new TextEncoder().encode(prompt).length > longestWord
    ? { words: [], stdin: { text: prompt } }
    : { words: [prompt], stdin: "null" }
