import { checkOptions } from "../core/options.ts"

/** Whether unsafe requests from other origins may come in. */
export interface CrossOriginOptions {
  /**
   * `true` accepts unsafe requests from other origins, such as `form_post` of Sign in with Apple or the return from a
   * payment. The visitor counts as signed out, whatever cookie came along, and can be signed in. Check by other means who
   * sent the request, such as `state` of OAuth (RFC 6749, section 10.12). Default `false`.
   */
  allowCrossOrigin?: boolean | undefined
}

/** Throws `invalid_option` for an option that does not exist. */
export function checkCrossOrigin(taker: string, options: CrossOriginOptions = {}): CrossOriginOptions {
  checkOptions(taker, options, "allowCrossOrigin")
  return options
}

/** What a refused request is answered: the first sentence for a person, the rest for developers of pages and scripts. */
export const crossOriginRefusal =
  "Cross-origin request refused. Add the origin of another page of yours to trustedOrigins. A script that sends a cookie " +
  'must also send this site\'s own origin, as in "Origin: https://example.com".'

/** Makes the answer to a refused request. */
export function refuseCrossOrigin(): Response {
  return new Response(crossOriginRefusal, { status: 403, headers: { "Content-Type": "text/plain" } })
}
