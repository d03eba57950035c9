import { createCookieReader } from "../../core/cookie.ts"
import { checkOption } from "../../core/options.ts"
import { cookieName, mayOffer, offerHeader, offerOf } from "../../request/device-offer.ts"
import { privateResponse } from "../../request/response-headers.ts"
import { plainOwnPath } from "./proxy-paths.ts"
import type { ProxyRequest } from "./proxy-paths.ts"

/**
 * Makes the function that offers the browser to bind the session which a Server Action has opened: its own response can set
 * cookies only. Returns the value of the header, or `null` if there is nothing to offer.
 *
 * Throws `invalid_option` for what has no path.
 */
export function createOffers(device: { readonly path: string } | undefined, secure = true) {
  if (device !== undefined) checkPath(device?.path)
  const readOffer = createCookieReader(cookieName("-offer", secure))
  return ({ headers }: ProxyRequest): string | null => {
    const challenge = device && secure && mayOffer(headers) ? readOffer(headers.get("Cookie")) : null
    // It is a hash.
    return device && challenge && /^[\w-]+$/.test(challenge) ? offerOf(device.path, challenge) : null
  }
}

function checkPath(path: unknown): void {
  const isOwn = typeof path === "string" && plainOwnPath(path) !== null
  checkOption("device.path", path, isOwn, "is not a path; use what createDeviceBinding() returned")
}

/** Goes on as the proxy would, with the offer, which is for one visitor: shared caches are kept away from it. */
export function withOffer(response: Response | undefined, offer: string): Response {
  const answer = response ?? new Response(null, { headers: { "x-middleware-next": "1" } })
  return privateResponse(answer, [], [[offerHeader, offer]])
}
