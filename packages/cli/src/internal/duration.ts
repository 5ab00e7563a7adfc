import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

const units: Readonly<Record<string, (count: number) => Duration.Duration>> = {
  ms: Duration.millis,
  s: Duration.seconds,
  m: Duration.minutes,
  min: Duration.minutes,
  h: Duration.hours,
  d: Duration.days
}

/** A duration as it is written on a command line, `500ms` or `5s`, or as Effect writes it, `2 seconds`. */
export const parseDuration = (text: string): Option.Option<Duration.Duration> => {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text) ?? []
  if (count !== undefined && unit !== undefined) {
    return Option.map(Option.fromNullable(units[unit]), (of) => of(Number(count)))
  }
  return text.startsWith("-") ? Option.none() : Duration.decodeUnknown(text)
}
