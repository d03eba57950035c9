import { checkOption } from "../core/options.ts"

/**
 * Reads the client address that your reverse proxy wrote into a header such as `X-Forwarded-For`. It is the entry
 * `hops` from the right, or `null` if there are fewer. `hops` is the number of proxies in front of the application.
 * Each one appends an entry at the right, and the client may have written everything further left.
 *
 * Use it only behind proxies that you trust and that clients cannot bypass. Otherwise clients choose their own address,
 * and no limit holds. Throws `invalid_option` if `hops` is not a whole number of at least 1.
 *
 * @example
 * const client = clientKey(fromRight(request.headers.get("X-Forwarded-For"), 1))
 */
export function fromRight(header: string | readonly string[] | null | undefined, hops: number): string | null {
  checkOption("hops", hops, Number.isInteger(hops) && hops > 0, "is not a number of proxies; use 1 or more")
  // Node.js returns a repeated header as a list.
  const text = Array.isArray(header) ? header.join() : header
  return typeof text === "string" ? text.split(",").at(-hops)?.trim() || null : null
}
