import { invalidOption } from "../core/options.ts"

/** Returns whether nobody on the way can read or change what is sent there: on this machine `http:` is as good. */
export function isSecure({ protocol, hostname }: URL): boolean {
  const isLoopback = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
  return protocol === "https:" || (protocol === "http:" && isLoopback)
}

/** Reads the address of an endpoint that was configured. Throws `invalid_option`. */
export function checkEndpoint(option: string, address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : null
  if (url && isSecure(url) && !url.hash) return url
  throw invalidOption(option, address, "is not an https: address; use one, or http: on localhost")
}
