import { checkOption, checkOptions } from "./options.ts"

/** A duration: a number and a unit, such as `"15m"`, `"30d"` or `"1.5h"`. */
export type Duration = `${number}${"s" | "m" | "h" | "d" | "w"}`

/** How long sessions last. */
export interface SessionOptions {
  /** How long a session lasts without use (sliding expiration). Default `"30d"`, never more than the absolute timeout. */
  idleTimeout?: Duration | undefined
  /** How long a session lasts, however much it is used. Default `"90d"`. `false`: no limit. */
  absoluteTimeout?: Duration | false | undefined
}

/** {@link SessionOptions} in milliseconds. */
export interface SessionPolicy {
  idleTimeout: number
  /** `Infinity`: no limit. */
  absoluteTimeout: number
}

interface Deadlines {
  createdAt: Date
  expiresAt: Date
}

/** Session lifetimes for the authenticator assurance levels of NIST SP 800-63B-4, sections 2.1.3, 2.2.3 and 2.3.3. */
export const sessionPolicies = {
  /** 30 days, however much the session is used. */
  aal1: { idleTimeout: "30d", absoluteTimeout: "30d" },
  /** 24 hours, or 1 hour without use. */
  aal2: { idleTimeout: "1h", absoluteTimeout: "24h" },
  /** 12 hours, or 15 minutes without use. */
  aal3: { idleTimeout: "15m", absoluteTimeout: "12h" },
} as const satisfies Record<string, SessionOptions>

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** Parses a duration to milliseconds. Throws `invalid_option` if it is zero, negative, malformed or over 1,000 years. */
export function parseDuration(duration: Duration, option: string): number {
  const [, number, unit] = /^([\d.]+)(.)$/.exec(duration) ?? []
  const milliseconds = Number(number) * units[unit as keyof typeof units]
  const isValid = milliseconds > 0 && milliseconds <= 3.2e13
  checkOption(option, duration, isValid, 'is not a duration; use one such as "30d"')
  return milliseconds
}

/** Reads the lifetimes from the options. */
export function createPolicy(options: SessionOptions = {}): SessionPolicy {
  checkOptions("session", options, "idleTimeout", "absoluteTimeout")
  const { idleTimeout: idle = "30d", absoluteTimeout: absolute = "90d" } = options
  const absoluteTimeout = absolute === false ? Infinity : parseDuration(absolute, "session.absoluteTimeout")
  return { idleTimeout: Math.min(parseDuration(idle, "session.idleTimeout"), absoluteTimeout), absoluteTimeout }
}

/** Returns the new deadline, in milliseconds, of a session used at `now`. */
export function nextDeadline(session: Pick<Deadlines, "createdAt">, now: number, policy: SessionPolicy): number {
  return Math.min(now + policy.idleTimeout, timeOf(session.createdAt) + policy.absoluteTimeout)
}

/** Returns whether a session is live. It never is if one of its dates is invalid. */
export function isLive(session: Deadlines, now: number, policy: SessionPolicy): boolean {
  return now < endOf(session, policy)
}

/** Returns when a live session ends if it is not extended. */
export function endOf({ createdAt, expiresAt }: Deadlines, policy: SessionPolicy): number {
  return Math.min(timeOf(expiresAt), timeOf(createdAt) + policy.absoluteTimeout)
}

/** A write that moves a deadline to `to`, if it is still at or before `ifBefore`. */
export interface Extension {
  to: Date
  ifBefore: Date
}

/**
 * Returns the extension that is due for a session used at `now`, or `null`. It is due if at most half of the idle
 * timeout is left, and only if it moves the deadline.
 */
export function extensionOf(session: Deadlines, now: number, policy: SessionPolicy): Extension | null {
  const deadline = timeOf(session.expiresAt)
  const half = policy.idleTimeout / 2
  if (deadline > now + half) return null
  const next = nextDeadline(session, now, policy)
  // Less than a second is no move: a store in whole seconds rounds it away, and every request would write again.
  if (next - deadline < Math.min(half, 1000)) return null
  // Below `next`, so that a row that another process has moved as far is neither shortened nor written again.
  return { to: new Date(next), ifBefore: new Date(Math.min(now + half, next - 1)) }
}

// A method call, because `+date` takes ten times as long. For an invalid date, all comparisons are false.
function timeOf(date: Date): number {
  return date?.getTime?.()
}
