// 5 minutes in milliseconds: the clock skew that Kerberos allows (RFC 4120).
const clockSkew = 300_000

/**
 * Returns the latest `until` that a row can have at `now` if the servers' clocks differ by at most 5 minutes, or by a
 * shorter `span`. A later one comes from a server with a wrong clock.
 */
export function latestUntil(now: number, span: number): number {
  return now + span + Math.min(span, clockSkew)
}
