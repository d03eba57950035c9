import { checkOption } from "./options.ts"

/** The part of a `Request` that the origin check reads. */
export interface OriginRequest {
  method: string
  url?: string
  headers: { get(name: string): string | null }
}

/**
 * Returns whether a request can change state for the visitor whose cookies it carries (CSRF protection). It uses the
 * algorithm of Go's `net/http.CrossOriginProtection`, and also refuses requests with cookies that name no origin.
 *
 * GET, HEAD and OPTIONS pass, unless they open a WebSocket. It never throws. Trusted origins are compared byte for
 * byte. Forwarded headers are not read.
 *
 * @example
 * if (!verifyRequestOrigin(request)) return new Response("Cross-origin request refused", { status: 403 })
 */
export function verifyRequestOrigin(
  request: OriginRequest,
  options: { trustedOrigins?: readonly string[] | undefined } = {},
): boolean {
  if (typeof request?.headers?.get !== "function") return false
  const { method, url, headers } = request
  const isSafe = method === "GET" || method === "HEAD" || method === "OPTIONS"
  if (isSafe && !opensWebSocket(headers)) return true
  const origin = headers.get("Origin")
  const trusted = options?.trustedOrigins
  if (origin !== null && Array.isArray(trusted) && trusted.includes(origin)) return true
  const site = headers.get("Sec-Fetch-Site")
  if (site !== null) return site === "same-origin" || site === "none"
  if (origin !== null) return isOwnOrigin(origin, headers.get("Host"), url)
  return headers.get("Cookie") === null
}

/**
 * Returns whether a request opens a WebSocket. Such a GET is as unsafe as a POST. The page that sends it can read and
 * write what follows, whatever its origin (RFC 6455, section 10.2).
 */
export function opensWebSocket(headers: OriginRequest["headers"]): boolean {
  return /websocket/i.test(`${headers.get("Upgrade")} ${headers.get("Sec-Fetch-Mode")}`)
}

function isOwnOrigin(origin: string, hostHeader: string | null, url = ""): boolean {
  const own = URL.canParse(url) ? new URL(url) : null
  const host = hostHeader ?? own?.host
  return !!host && (origin === `https://${host}` || origin === `${own?.protocol ?? "https:"}//${host}`)
}

/**
 * Checks a list of origins of sites and apps, such as `capacitor://localhost`. Throws `invalid_option` if no browser
 * sends an entry as `Origin`, or anyone can.
 */
export function checkOrigins(origins: readonly string[] = []): readonly string[] {
  for (const origin of origins) {
    const sent = originOf(/:\/\//.test(origin) ? origin : `https://${origin}`)
    const remedy = sent ? `did you mean "${sent}"?` : 'use one such as "https://example.com"'
    checkOption("trustedOrigins", origin, sent === origin, `is not an origin; ${remedy}`)
  }
  return origins
}

// Origins that no browser sends, or that anyone can send: of a file, a WebSocket or no host, `null`, and a pattern.
const unsent = /^(file|wss?):|\*|\/\/(null)?$|^chrome-extension:..(?![a-p]{32}$)/

/** Returns the origin of a page at this address, if browsers send it. */
function originOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const { protocol, host } = new URL(text)
  const origin = `${protocol}//${host}`
  return unsent.test(origin) ? undefined : origin
}
