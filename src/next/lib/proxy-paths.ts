import { invalidOption } from "../../core/options.ts"

/** The part of a `NextRequest` that the proxy reads; a plain `Request` has enough of it. */
export interface ProxyRequest {
  method: string
  url: string
  headers: { get(name: string): string | null }
  /** The address without base path and locale. */
  nextUrl?: { pathname: string; search: string; clone(): { pathname: string; search: string; toString(): string } }
}

/** The paths of an option, as `plainPath` gives them. Throws `invalid_option` for one that may lead to another site. */
export function ownPaths(option: string, paths: readonly string[]): string[] {
  return paths.map((path) => {
    const plain = plainOwnPath(path)
    if (plain !== null) return plain
    throw invalidOption(option, path, 'is not a path of this site; use one such as "/sign-in"')
  })
}

/** The path decoded; `null` if it may lead to another site, or can be read in several ways. */
export function plainOwnPath(path: string): string | null {
  return /^\/(?![/\\])[^?#]*$/.test(path) ? plainPath(path) : null
}

/** The path decoded, with `//` as `/` and without a last one; `null` for one that can be read in several ways. */
function plainPath(path: string): string | null {
  try {
    const plain = `/${decodeURIComponent(path).split("/").filter(Boolean).join("/")}`
    return /\\|\/\.\.?(\/|$)/.test(plain) ? null : plain
  } catch {
    return null
  }
}

/** The decoded path of a request; `null` if it can be read in several ways. */
export function pathOf({ nextUrl, url }: ProxyRequest): string | null {
  return plainPath((nextUrl ?? new URL(url)).pathname)
}

/** Returns whether a request's path encodes nothing but what a browser has to. */
export function isPlain(request: ProxyRequest): boolean {
  const { pathname } = request.nextUrl ?? new URL(request.url)
  const path = pathOf(request)
  return path !== null && [path, encodeURI(path)].includes(pathname.replace(/(?<=.)\/$/, ""))
}

/** Returns whether a path is one of `paths`, or lies below one by whole segments. */
export function isIn(paths: readonly string[], path: string | null): boolean {
  return path !== null && paths.some((parent) => path === parent || (parent !== "/" && path.startsWith(`${parent}/`)))
}

/** Returns whether a path is a file's. */
// Files of `public/` need no session, and `next/image` fetches them without a cookie. `/_next/data` holds pages.
export function isFile(path: string | null): boolean {
  return path !== null && /\.(?!\d+$)[a-z\d]+$/i.test(path) && !path.startsWith("/_next/data/")
}

/** Returns whether a redirect to the sign-in page would lead to the page that was asked for. */
// Another proxy may put a language in front of the sign-in page, or translate its name: then `next` is this very page.
export function comesBack(request: ProxyRequest, path: string | null, signInPath: string): boolean {
  if (path === null) return false
  const { pathname, search } = request.nextUrl ?? new URL(request.url)
  const next = new URLSearchParams(search).get("next")
  return lastSegment(path) === lastSegment(signInPath) || next?.split("?")[0] === pathname
}

function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf("/"))
}

/** The address of the sign-in page, which names the page that was asked for. */
export function signInAddress(path: string, request: ProxyRequest): string {
  const { pathname, search } = request.nextUrl ?? new URL(request.url)
  const query = new URLSearchParams(search)
  // What the client of Next.js adds to tell its own requests from a visit.
  query.delete("_rsc")
  const next = query.size > 0 ? `${pathname}?${query}` : pathname
  // Servers refuse longer addresses.
  return addressOf(path, request, next.length > 2000 ? "" : `?${new URLSearchParams({ next })}`)
}

/** The address of another page for this request, with its base path and locale. */
export function addressOf(path: string, { nextUrl, url }: ProxyRequest, search = ""): string {
  const address = nextUrl ? nextUrl.clone() : new URL(url)
  address.pathname = path
  address.search = search
  return address.toString()
}
