// Ends a token whose cookie ends with the browser. A browser does not send back how long it keeps a cookie (RFC 6265,
// section 5.4), so the token says it to whoever writes the cookie again.
const mark = "~"

/** Returns the token with the mark of a cookie that ends with the browser, or without it. */
export function markToken(token: string, persistent: boolean): string {
  return plainToken(token) + (persistent ? "" : mark)
}

/** Returns what was presented as a token without the mark, if there is one. Takes anything. */
export function plainToken<Presented>(token: Presented): Presented | string {
  return typeof token === "string" && token.endsWith(mark) ? token.slice(0, -1) : token
}

/** Returns whether the token's cookie outlives the browser. */
export function isPersistent(token: unknown): boolean {
  return plainToken(token) === token
}
