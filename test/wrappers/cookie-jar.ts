interface StoredCookie {
  name: string
  value: string
  domain: string
  hostOnly: boolean
  path: string
  secure: boolean
  expiresAt: number
}

/** Keeps cookies as a browser does: the storage model of RFC 6265bis, sections 5.4 to 5.8, near enough. */
export function createCookieJar(now: () => number) {
  const cookies = new Map<string, StoredCookie>()

  function receive(url: string, headers: string[]): void {
    for (const header of headers) store(new URL(url), header)
  }

  function store(url: URL, header: string): void {
    const [pair = "", ...rest] = header.split(";")
    const attributes = new Map(rest.map(readAttribute))
    const cookie = read(url, pair, attributes)
    if (!cookie || !isAllowed(url, cookie, attributes)) return
    const key = [cookie.name, cookie.domain, cookie.hostOnly, cookie.path].join("\n")
    if (cookie.expiresAt <= now()) cookies.delete(key)
    else cookies.set(key, cookie)
  }

  function read(url: URL, pair: string, attributes: Map<string, string>): StoredCookie | null {
    const at = pair.indexOf("=")
    if (at < 1 || pair.length > 4097) return null
    const domain = attributes.get("domain")
    const path = attributes.get("path")
    return {
      name: pair.slice(0, at).trim(),
      value: pair.slice(at + 1).trim(),
      domain: domain ?? url.hostname,
      hostOnly: domain === undefined,
      path: path?.startsWith("/") ? path : url.pathname.replace(/\/[^/]*$/, "") || "/",
      secure: attributes.has("secure"),
      expiresAt: expiryOf(attributes),
    }
  }

  function expiryOf(attributes: Map<string, string>): number {
    const maxAge = attributes.get("max-age")
    if (maxAge !== undefined) return now() + Math.min(Number(maxAge), 400 * 86_400) * 1000
    return attributes.has("expires") ? Date.parse(attributes.get("expires") ?? "") : Infinity
  }

  /** The `Cookie` header of a request, or `null`. */
  function header(target: string): string | null {
    const url = new URL(target)
    for (const [key, cookie] of cookies) if (cookie.expiresAt <= now()) cookies.delete(key)
    const sent = [...cookies.values()].filter((cookie) => isSent(url, cookie))
    const pairs = sent.toSorted((a, b) => b.path.length - a.path.length).map(({ name, value }) => `${name}=${value}`)
    return pairs.length ? pairs.join("; ") : null
  }

  /** Forgets the cookies that end with the browser. */
  function restart(): void {
    for (const [key, cookie] of cookies) if (cookie.expiresAt === Infinity) cookies.delete(key)
  }

  return { receive, header, restart, names: () => [...cookies.values()].map(({ name }) => name) }
}

function readAttribute(text: string): [string, string] {
  const [name = "", ...value] = text.trim().split("=")
  return [name.toLowerCase(), value.join("=")]
}

function isAllowed(url: URL, cookie: StoredCookie, attributes: Map<string, string>): boolean {
  const isSecure = url.protocol === "https:"
  if (cookie.secure && !isSecure) return false
  if (!cookie.hostOnly && !isWithin(url.hostname, cookie.domain)) return false
  if (attributes.get("samesite")?.toLowerCase() === "none" && !cookie.secure) return false
  if (attributes.has("partitioned") && !cookie.secure) return false
  if (/^__secure-/i.test(cookie.name) && !cookie.secure) return false
  return !/^__host-/i.test(cookie.name) || (cookie.secure && cookie.hostOnly && attributes.get("path") === "/")
}

function isSent(url: URL, cookie: StoredCookie): boolean {
  if (cookie.secure && url.protocol !== "https:") return false
  if (cookie.hostOnly ? url.hostname !== cookie.domain : !isWithin(url.hostname, cookie.domain)) return false
  const base = cookie.path.endsWith("/") ? cookie.path : `${cookie.path}/`
  return url.pathname === cookie.path || url.pathname.startsWith(base)
}

function isWithin(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`)
}
