/** What a refused request is answered: the first sentence for a person, the rest for the author of a script. */
export const crossOriginRefusal =
  "Cross-origin request refused. A script that sends a cookie must also send this site's own origin, " +
  'as in "Origin: https://example.com".'

/** Makes the answer to a refused request. */
export function refuseCrossOrigin(): Response {
  return new Response(crossOriginRefusal, { status: 403, headers: { "Content-Type": "text/plain" } })
}
