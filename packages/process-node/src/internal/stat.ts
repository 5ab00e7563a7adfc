/**
 * What a path or a descriptor is, where it may be a pipe or a socket. It is asked for as `bigint`: what is told as
 * numbers, Node keeps in one place for the whole thread, and until the next such call the module loader of Node 20 and
 * 22 does not follow a symbolic link after that place has told of a pipe or a socket. A package that pnpm has linked is
 * then given the dependencies of another one.
 */
import { type BigIntStats, fstatSync, statSync } from "node:fs"

/** `undefined` where nothing is. */
export const statOf = (path: string): BigIntStats | undefined => statSync(path, { bigint: true, throwIfNoEntry: false })

export const statOfOpen = (descriptor: number): BigIntStats => fstatSync(descriptor, { bigint: true })
