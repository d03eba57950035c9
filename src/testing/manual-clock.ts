/** A clock that only moves when told to. Pass it to `createAuth` as `now`. */
export interface ManualClock {
  /** Returns the time in milliseconds since 1970. */
  (): number
  /** Moves the clock by `milliseconds`, backwards if negative, and returns the new time. */
  advance(milliseconds: number): number
}

/**
 * Creates a clock for tests of long periods, such as a session's 30 days.
 *
 * @param start The initial time, a date or milliseconds since 1970. Default: 2030-01-01T00:00:00Z. Throws a
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
