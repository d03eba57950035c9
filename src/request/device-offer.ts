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
 * brings no cookies; what a script fetches, it may read; and what is prefetched may never be visited.
 */
export function mayOffer(headers: DeviceRequest["headers"], mode = headers.get("Sec-Fetch-Mode")): boolean {
  const isVisit = /^(null|navigate)$/.test(`${mode}`) && headers.get("Sec-Purpose") === null
  return isVisit && headers.get("Sec-Fetch-Site") !== "cross-site"
}
