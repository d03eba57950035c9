/**
 * Turns a redirect target that an attacker may have written into one that stays on this origin, or into `fallback`.
 * Only paths pass, after the parsing that a browser would do. Never throws.
 *
 * @example
 * return Response.redirect(new URL(safeRedirect(url.searchParams.get("next"), "/"), url), 303)
 */
export function safeRedirect(target: unknown, fallback: string): string {
  if (typeof target !== "string" || !/^\/(?![/\\])[^\\\p{Cc}]*$/u.test(target)) return fallback
  const base = "http://own.invalid"
  if (!URL.canParse(target, base)) return fallback
  const { origin, pathname, search, hash } = new URL(target, base)
  // `/.//evil.example` stays on the origin, but its path alone would leave it.
  return origin === base && !pathname.startsWith("//") ? `${pathname}${search}${hash}` : fallback
}
