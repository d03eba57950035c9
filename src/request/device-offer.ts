import type { DeviceRequest } from "./device.ts"

/** The header by which a server offers to bind a session. */
export const offerHeader = "Secure-Session-Registration"

/** The name of a cookie about the key of a session. `__Host-` keeps those of other hosts away. */
export function cookieName(rest: string, secure: boolean): string {
  return `${secure ? "__Host-" : ""}bound-device${rest}`
}

/** Makes the value of {@link offerHeader}. */
export function offerOf(path: string, challenge: string): string {
  return `(ES256 RS256);path="${path}";challenge="${challenge}"`
}

/**
 * Returns whether the browser may bind the session after this request. Where another site has started the visit, registering
 * brings no cookies; what a script fetches, it may read; and what is prefetched may never be visited. `picture` also takes
 * what an `<img>` asks for.
 */
export function mayOffer(headers: DeviceRequest["headers"], picture?: "no-cors"): boolean {
  const mode = headers.get("Sec-Fetch-Mode") ?? "navigate"
  // A script can send the same mode, and read the answer.
  const isImage = headers.get("Sec-Fetch-Dest") === "image"
  const isOpen = (mode === "navigate" || (mode === picture && isImage)) && headers.get("Sec-Purpose") === null
  return isOpen && headers.get("Sec-Fetch-Site") !== "cross-site"
}
