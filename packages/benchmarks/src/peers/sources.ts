/**
 * The pieces as streams.
 */
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { piece, pieces, piecesIn } from "../data.js"

/** A piece a pull, as they come from a file or a socket. */
export const oneByOne = (bytes: number): Stream.Stream<Uint8Array> =>
  Stream.unfold(piecesIn(bytes), (left) => (left === 0 ? Option.none() : Option.some([piece, left - 1])))

/** Thousands a pull, as a stream makes them of what is iterable. */
export const many = (bytes: number): Stream.Stream<Uint8Array> => Stream.fromIterable(pieces(bytes))
