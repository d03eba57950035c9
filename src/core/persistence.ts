// Marks a token whose cookie ends with the browser. Browsers do not send a cookie's lifetime (RFC 6265, section 5.4),
// so the token keeps it for when the cookie is written again.
const mark = "~"

/** Returns the token with or without the mark of a cookie that ends with the browser. */
export function markToken(token: string, persistent: boolean): string {
  return plainToken(token) + (persistent ? "" : mark)
}

/** Returns a token without the mark. Takes any value. */
export function plainToken<Presented>(token: Presented): Presented | string {
  return typeof token === "string" && token.endsWith(mark) ? token.slice(0, -1) : token
}

/** Returns whether the token's cookie outlives the browser. */
export function isPersistent(token: unknown): boolean {
  return plainToken(token) === token
}
