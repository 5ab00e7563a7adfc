/**
 * The search for words in texts. Its time does not depend on how many words there are: a secret that is a file of
 * thousands of lines is as many words.
 */

export type Place = readonly [start: number, end: number]

export interface WordSearch {
  /** Whether a word is in the text. */
  readonly isIn: (text: string) => boolean
  /** Where words stand in the text, also those that overlap. */
  readonly places: (text: string) => Array<Place>
  /**
   * Where at the end of the text a word begins that is not all there, or `undefined`. A start of less than three
   * characters is none: it does not tell a word from other text.
   */
  readonly startAtEnd: (text: string) => number | undefined
}

/** Up to so many words, a search for each of them is faster. */
const fewWords = 8
const startLength = 3
/** Words that begin with the same characters are told apart by so many, and then one by one. */
const keyLength = 64

export const make = (words: ReadonlyArray<string>): WordSearch => {
  const isFew = words.length <= fewWords
  const oneByOne = isFew ? words : words.filter((word) => word.length < startLength)
  const indexed = isFew ? undefined : makeIndex(words.filter((word) => word.length >= startLength))
  return {
    isIn: (text) => {
      for (const word of oneByOne) if (text.includes(word)) return true
      return indexed?.(text, isFirst) === true
    },
    places: (text) => {
      const found: Array<Place> = []
      for (const word of oneByOne) {
        for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) found.push([at, at + word.length])
      }
      indexed?.(text, (start, end) => {
        found.push([start, end])
        return false
      })
      return found
    },
    startAtEnd: makeStartAtEnd(words)
  }
}

const isFirst = (): boolean => true

/** Calls `take` for each word in a text, until it says that it is enough. Whether it did. */
type Index = (text: string, take: (start: number, end: number) => boolean) => boolean

interface Group {
  readonly lengths: Set<number>
  readonly words: Map<string, Array<string>>
}

const makeIndex = (words: ReadonlyArray<string>): Index => {
  const starts = makeStarts(words)
  const groups = new Map<string, Group>()
  for (const word of words) {
    const start = word.slice(0, startLength)
    const group = groups.get(start) ?? { lengths: new Set(), words: new Map() }
    groups.set(start, group)
    const key = word.slice(0, keyLength)
    group.lengths.add(key.length)
    const alike = group.words.get(key)
    if (alike === undefined) group.words.set(key, [word])
    else alike.push(word)
  }
  return (text, take) => {
    for (let at = 0; at <= text.length - startLength; at++) {
      if (starts[hash(text, at)] === 0) continue
      const group = groups.get(text.slice(at, at + startLength))
      if (group === undefined) continue
      for (const length of group.lengths) {
        for (const word of group.words.get(text.slice(at, at + length)) ?? []) {
          if (text.startsWith(word, at) && take(at, at + word.length)) return true
        }
      }
    }
    return false
  }
}

/** Which hashes the starts of words have: most characters of a text are dismissed by one look. */
const makeStarts = (words: ReadonlyArray<string>): Uint8Array => {
  const starts = new Uint8Array(0x10000)
  for (const word of words) starts[hash(word, 0)] = 1
  return starts
}

const hash = (text: string, at: number): number =>
  (text.charCodeAt(at) ^ (text.charCodeAt(at + 1) << 5) ^ (text.charCodeAt(at + 2) << 10)) & 0xffff

const makeStartAtEnd = (words: ReadonlyArray<string>): WordSearch["startAtEnd"] => {
  const sorted = words.filter((word) => word.length > startLength).sort()
  const starts = makeStarts(sorted)
  const longest = sorted.reduce((most, word) => Math.max(most, word.length), 0)
  return (text) => {
    for (let at = Math.max(0, text.length - longest + 1); at <= text.length - startLength; at++) {
      if (starts[hash(text, at)] !== 0 && isStart(sorted, text.slice(at))) return at
    }
    return undefined
  }
}

/** Whether a word begins with `start`, and goes on. */
const isStart = (sorted: ReadonlyArray<string>, start: string): boolean => {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as string) <= start) low = middle + 1
    else high = middle
  }
  return sorted[low]?.startsWith(start) === true
}
