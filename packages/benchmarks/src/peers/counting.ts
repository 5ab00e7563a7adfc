/**
 * What every peer does with what it gets: next to nothing, so that the way there is what is measured.
 */
import type { Seen } from "../Row.js"

export class LineCounter {
  private lines = 0
  private characters = 0

  take(line: string): void {
    this.lines++
    this.characters += line.length
  }

  get seen(): Seen {
    return { lines: this.lines, characters: this.characters, spawns: 0 }
  }
}

export const spawnsSeen = (spawns: number): Seen => ({ lines: 0, characters: 0, spawns })

export const bytesSeen = (bytes: number): Seen => ({ lines: 0, characters: 0, spawns: 0, bytes })
