/** A clock that stands still until it is moved: what `createAuth` takes as `now`. */
export interface ManualClock {
  /** Returns the time in milliseconds since 1970. */
  (): number
  /** Moves the clock by `milliseconds`, backwards if negative, and returns the new time. */
  advance(milliseconds: number): number
}

/**
 * Makes a clock for tests that must wait 30 days and cannot.
 *
 * @param start Where it stands at first, a date or milliseconds since 1970. Default: 2030-01-01T00:00:00Z. Throws a
 * `RangeError` if it is not a time.
 * @example
 * const now = manualClock()
 * const auth = createAuth({ adapter, now })
 * now.advance(30 * 24 * 60 * 60 * 1000)
 */
export function manualClock(start: Date | number = Date.UTC(2030, 0, 1)): ManualClock {
  let time = checked(Number(start))
  const advance = (milliseconds: number): number => (time = checked(time + milliseconds))
  return Object.assign(() => time, { advance })
}

function checked(time: number): number {
  if (Number.isNaN(new Date(time).getTime())) throw new RangeError(`manualClock: ${time} is not a time`)
  return time
}
