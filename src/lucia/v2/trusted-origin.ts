import { checkOption, invalidOption } from "../../core/options.ts"
import { opensWebSocket } from "../../core/origin.ts"
import { verifyOrigin } from "../v3/request-origin.ts"
import type { Env, LuciaRequest } from "./request-context.ts"

/** The pages that may send state-changing requests, besides those on the request's own host. */
export interface CSRFProtectionConfiguration {
  /** The host of your pages, instead of the one in the request. */
  host?: string
  /** The header with the host, such as `X-Forwarded-Host`. Default: the request's URL, or `Host`. */
  hostHeader?: string
  /**
   * Subdomains of the cookie's domain or, without one, of `host`: `["api"]` means `api.example.com`, `"*"` any
   * subdomain. The parent domain is never guessed, because `example.co.uk` and `me.github.io` also look like
   * subdomains.
   */
  allowedSubDomains?: string[] | "*"
}

/** Returns whether the session cookie of a request is accepted. */
export type OriginCheck = (request: LuciaRequest) => boolean

const safeMethods = ["GET", "HEAD", "OPTIONS", "TRACE"]

/**
 * Creates the check. Throws `invalid_option` for subdomains without a known parent domain. Browsers set no cookie for a
 * shared domain such as `co.uk`.
 */
export function createOriginCheck(
  csrfProtection: boolean | CSRFProtectionConfiguration,
  env: Env,
  cookieDomain: string | undefined,
): OriginCheck {
  if (csrfProtection === false) return () => true
  const { host, hostHeader, allowedSubDomains = [] } = csrfProtection === true ? {} : csrfProtection
  const isAllowedSubDomain = createSubDomainCheck(allowedSubDomains, cookieDomain?.replace(/^\./, "") ?? host)

  return (request) => {
    if (safeMethods.includes(request.method.toUpperCase()) && !opensWebSocket(request.headers)) return true
    const origin = request.headers.get("Origin")
    const schemes = schemesOf(env, request)
    if (origin !== null && isAllowedSubDomain(origin, schemes)) return true
    if (origin !== null && host !== undefined && isOrigin(origin, host, schemes)) return true
    const site = request.headers.get("Sec-Fetch-Site")
    if (site !== null) return site === "same-origin" || site === "none"
    if (origin === null || host !== undefined) return false
    return isOrigin(origin, hostOf(request, hostHeader), schemes)
  }
}

type SubDomainCheck = (origin: string, schemes: readonly string[]) => boolean

function createSubDomainCheck(subDomains: readonly (string | null)[] | "*", base: string | undefined): SubDomainCheck {
  if (subDomains.length === 0) return () => false
  if (base === undefined || !/^([^.]+\.)+[^.]+$|^localhost(:\d+)?$/.test(base))
    throw invalidOption("allowedSubDomains", base, noDomain)
  if (subDomains === "*") return (origin, schemes) => isBelow(origin, base) && isOrigin(origin, hostIn(origin), schemes)
  const hosts = subDomains.map((name) => (name === null ? base : `${requireSubDomain(name)}.${base}`))
  return (origin, schemes) => hosts.some((host) => isOrigin(origin, host, schemes))
}

const noDomain =
  'is not a domain that has them; set sessionCookie.attributes.domain, or csrfProtection.host, such as "example.com"'
const noSubDomain = 'is not a subdomain; use "*", or names without the domain, such as ["api"]'

function requireSubDomain(name: string): string {
  checkOption("allowedSubDomains", name, /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(name), noSubDomain)
  return name
}

function isBelow(origin: string, base: string): boolean {
  return hostIn(origin)?.endsWith(`.${base.toLowerCase()}`) ?? false
}

function hostIn(url: string | undefined): string | null {
  return url !== undefined && URL.canParse(url) ? new URL(url).host : null
}

function isOrigin(origin: string, host: string | null, schemes: readonly string[]): boolean {
  if (!host) return false
  const own = isLoopback(origin) ? ["https:", "http:"] : ["https:"]
  const allowed = [...own, ...schemes].map((scheme) => `${scheme}//${host}`)
  return verifyOrigin(origin, allowed)
}

function isLoopback(origin: string): boolean {
  return URL.canParse(origin) && /^127\.0\.0\.1$|^\[::1\]$|(^|\.)localhost$/.test(new URL(origin).hostname)
}

// In production the cookie is Secure, so no http page has a session. An http page on the same host may be an
// attacker's.
function schemesOf(env: Env, { url = "", scheme }: LuciaRequest): string[] {
  if (env !== "DEV") return []
  if (URL.canParse(url)) return [new URL(url).protocol]
  return [scheme ? `${scheme}:` : "http:"]
}

function hostOf({ url, headers }: LuciaRequest, hostHeader: string | undefined): string | null {
  const named = hostHeader === undefined ? null : headers.get(hostHeader)
  return named ?? hostIn(url) ?? headers.get("Host")
}
