import * as FastCheck from "effect/FastCheck"

/**
 * Any characters, but no halves of them. As `string({ unit: "binary" })`, which takes a second to build a table of all
 * characters.
 */
export const anyText = (maxLength?: number): FastCheck.Arbitrary<string> =>
  FastCheck.array(
    FastCheck.integer({ min: 0, max: 0x10ffff }).filter((point) => point < 0xd800 || point > 0xdfff),
    maxLength === undefined ? {} : { maxLength }
  ).map((points) => String.fromCodePoint(...points))
