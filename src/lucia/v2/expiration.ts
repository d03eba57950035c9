/** Tells whether a time in milliseconds is not over. Never, for what is no number. */
export function isWithinExpiration(expiresInMs: number | bigint): boolean {
  return Date.now() <= expiresInMs
}
