/** What a response that depends on a session says to caches (RFC 9111, section 5.2.2). */
export const privateCacheControl = "private, no-store"

/** Adds `Cookie` to a `Vary` header's value, unless it is there. */
export function varyByCookie(vary: string | null | undefined): string {
  if (!vary) return "Cookie"
  const names = vary.split(",").map((name) => name.trim().toLowerCase())
  return names.includes("cookie") || names.includes("*") ? vary : `${vary}, Cookie`
}

/** Puts a cookie among `Set-Cookie` values in place of an earlier one of its name. The others stay as they are. */
export function replaceSetCookie(values: readonly string[], name: string, value: string): string[] {
  return [...values.filter((other) => !other.startsWith(`${name}=`)), value]
}
