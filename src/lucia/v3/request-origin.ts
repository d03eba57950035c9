import { verifyRequestOrigin as verifyRequest } from "../../core/origin.ts"
import type { OriginRequest } from "../../core/origin.ts"

/**
 * Returns whether an `Origin` header is one of the allowed origins. An entry with a scheme allows only that origin. An
 * entry without one, such as the `Host` header, allows `http` and `https`, as Lucia does, because applications on a
 * local network have no `https`. If yours has it, include the scheme: anyone who can change network traffic controls
 * the `http` page.
 *
 * Never throws. With a whole request it is the stricter check of `nightlatch`, which also uses the method and
 * `Sec-Fetch-Site`.
 *
 * @example
 * if (!verifyRequestOrigin(request.headers.get("Origin"), [request.headers.get("Host")])) return forbidden()
 */
export function verifyOrigin(origin: string, allowedDomains: string[]): boolean
export function verifyOrigin(request: OriginRequest, options?: { trustedOrigins?: readonly string[] }): boolean
export function verifyOrigin(
  first: string | OriginRequest,
  second: string[] | { trustedOrigins?: readonly string[] } = {},
): boolean {
  if (typeof first !== "string") return verifyRequest(first, Array.isArray(second) ? {} : second)
  const origin = parse(first)
  if (!origin || !Array.isArray(second)) return false
  return second.some((entry) => typeof entry === "string" && allows(entry, origin))
}

function allows(entry: string, origin: URL): boolean {
  if (/^https?:\/\//.test(entry)) return parse(entry)?.origin === origin.origin
  return parse(`${origin.protocol}//${entry}`)?.origin === origin.origin
}

// The parser gives other schemes the origin "null", so two of those would be equal.
function parse(text: string): URL | null {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null
  const url = new URL(text)
  // "https://evil@example.com" is not an origin.
  return url.href === `${url.origin}/` ? url : null
}
