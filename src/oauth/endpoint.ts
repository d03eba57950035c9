import { invalidOption } from "../core/options.ts"

/** Returns whether nobody on the way can read or change what is sent to an address: `https:`, or `http:` on this machine. */
export function isSecure({ protocol, hostname }: URL): boolean {
  const isLoopback = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
  return protocol === "https:" || (protocol === "http:" && isLoopback)
}

/** Reads the address of a configured endpoint. Throws `invalid_option` unless it is secure. */
export function checkEndpoint(option: string, address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : null
  if (url && isSecure(url) && !url.hash) return url
  throw invalidOption(option, address, "is not an https: address; use one, or http: on localhost")
}
