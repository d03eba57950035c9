// 5 minutes in milliseconds: the difference of clocks that Kerberos allows (RFC 4120).
const clockSkew = 300_000

/**
 * The latest `until` that a row can have at `now` if the clocks of the servers agree: to 5 minutes, or to a shorter `span`.
 * A later one comes from a server with a wrong clock.
 */
export function latestUntil(now: number, span: number): number {
  return now + span + Math.min(span, clockSkew)
}
