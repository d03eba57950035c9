import { checkOption } from "../core/options.ts"

/**
 * Reads the address that a proxy of yours wrote into a header such as `X-Forwarded-For`: the entry that is `hops` from the
 * right, `null` if there are fewer. `hops` is how many proxies stand before the application. Each adds one entry at the right,
 * and whatever stands further left was written by the client.
 *
 * Only behind proxies that you trust, and if nobody can reach the application past them. Otherwise anyone chooses their own
 * address, and no limit holds. Throws `invalid_option` if `hops` is not a whole number of at least 1.
 *
 * @example
 * const client = clientKey(fromRight(request.headers.get("X-Forwarded-For"), 1))
 */
export function fromRight(header: string | readonly string[] | null | undefined, hops: number): string | null {
  checkOption("hops", hops, Number.isInteger(hops) && hops > 0, "is not a number of proxies; use 1 or more")
  // Node.js lists a repeated header.
  const text = Array.isArray(header) ? header.join() : header
  return typeof text === "string" ? text.split(",").at(-hops)?.trim() || null : null
}
