import { invalidOption } from "../../core/options.ts"

/** A unit of time, from milliseconds to weeks. */
export type TimeSpanUnit = "ms" | "s" | "m" | "h" | "d" | "w"

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** A length of time. Throws `invalid_option` for an unknown unit, which Lucia treated as weeks. */
export class TimeSpan {
  value: number
  unit: TimeSpanUnit

  constructor(value: number, unit: TimeSpanUnit) {
    if (!Object.hasOwn(units, unit)) throw invalidOption("unit", unit, "is not a unit of time; use ms, s, m, h, d or w")
    this.value = value
    this.unit = unit
  }

  /** Returns the length in milliseconds. */
  milliseconds(): number {
    return this.value * units[this.unit]
  }

  /** Returns the length in seconds, which may be a fraction. */
  seconds(): number {
    return this.milliseconds() / 1000
  }

  /** Returns a time span `x` times as long, rounded to milliseconds. */
  transform(x: number): TimeSpan {
    return new TimeSpan(Math.round(this.milliseconds() * x), "ms")
  }
}
