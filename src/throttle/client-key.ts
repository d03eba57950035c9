// An address with brackets, a zone and a port is shorter than this.
const maxLength = 100
const octet = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
const ipv4 = new RegExp(`^(${octet}(?:\\.${octet}){3})(?::\\d{1,5})?$`)
const ipv6 = /^(?:\[([\da-f:.]+)(?:%[\w.%-]+)?\](?::\d{1,5})?|([\da-f:.]+)(?:%[\w.-]+)?)$/i

/**
 * Turns a client's IP address into its rate-limit key, or returns `null` if it is not an IP address. A throttle skips a
 * limit whose key is `null`.
 *
 * An IPv4 address stays as it is. An IPv6 address becomes its `/64`, such as `2001:db8::/64`, because one client has
 * all of its addresses. An address that embeds an IPv4 address becomes that one: `::ffff:192.0.2.1`,
 * `64:ff9b::192.0.2.1` (NAT64) and `2002:c000:201::1` (6to4). A port, brackets and a zone are dropped.
 *
 * Pass the address of the socket. Clients can forge headers such as `X-Forwarded-For`: see {@link fromRight}.
 */
export function clientKey(address: string | null | undefined): string | null {
  if (typeof address !== "string" || address.length > maxLength) return null
  const [, v4] = ipv4.exec(address) ?? []
  if (v4) return v4
  const [, bracketed, bare = bracketed] = ipv6.exec(address) ?? []
  const groups = bare && groupsOf(bare)
  return groups ? (embeddedIpv4(groups) ?? networkOf(groups)) : null
}

/** Returns the eight groups of an IPv6 address as numbers, or `null` if it is not one. */
function groupsOf(address: string): number[] | null {
  const [head = "", tail] = hostOf(address)?.split("::") ?? []
  const [first, last] = [numbersIn(head), numbersIn(tail)]
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => 0)
  return head || tail !== undefined ? [...first, ...zeros, ...last] : null
}

// Every runtime's URL parser reads all spellings of IPv6 addresses, and writes one (RFC 5952).
function hostOf(address: string): string | null {
  try {
    return new URL(`http://[${address}]`).hostname.slice(1, -1)
  } catch {
    return null
  }
}

function numbersIn(groups: string | undefined): number[] {
  return groups ? groups.split(":").map((group) => parseInt(group, 16)) : []
}

/** Returns the IPv4 address that an address embeds: mapped (RFC 4291), NAT64 (RFC 6052) or 6to4 (RFC 3056). */
function embeddedIpv4(groups: number[]): string | null {
  const [start, second = 0, third = 0] = groups
  const isPrefixed = /^(?:0,0,0,0,0,65535|100,65435,0,0,0,0),/.test(groups.join())
  if (isPrefixed) return toIpv4(groups.slice(6))
  return start === 0x2002 ? toIpv4([second, third]) : null
}

function toIpv4(pair: number[]): string {
  return pair.flatMap((group) => [group >> 8, group & 255]).join(".")
}

function networkOf(groups: number[]): string | null {
  const start = groups.slice(0, 4).map((group) => group.toString(16))
  return `${hostOf(`${start.join(":")}::`)}/64`
}
