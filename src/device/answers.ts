import type { Cookie } from "../core/cookie.ts"
import { plainToken } from "../core/persistence.ts"
import { hashText } from "../platform/crypto.ts"
import { offerHeader, offerOf } from "../request/device-offer.ts"
import type { DeviceRequest } from "../request/device.ts"
import type { DeviceReason } from "./device.ts"

export type Header = [name: string, value: string]

/** Why a browser says that it brings no proof: a claim, for events only. */
export function claimOf(headers: DeviceRequest["headers"]): DeviceReason | undefined {
  const claim = /quota_exceeded|unreachable|server_error/.exec(`${headers.get("Secure-Session-Skipped")}`)
  return claim?.[0] as DeviceReason | undefined
}

/** The path and the query of a request, as a `Location` that leads to the same host. */
export function ownAddressOf({ url }: { url: string }): string {
  const { pathname, search } = new URL(url)
  // Browsers take what starts with two slashes for the name of another host.
  return pathname.replace(/^\/\//, "/.//") + search
}

/** The challenge of a registration: known to whoever got it, and to whoever has the token. */
export function challengeFor(token: unknown): string {
  return hashText(`device:${String(plainToken(token))}`)
}

/** The header that offers to bind the session of a token. */
export function offerTo(path: string, token: unknown): Header {
  return [offerHeader, offerOf(path, challengeFor(token))]
}

/** The header that sets a cookie. */
export function setting(cookie: Cookie): Header {
  return ["Set-Cookie", cookie.serialize()]
}

/** Makes an answer that no cache keeps, and that no other origin reads. */
export function reply(status: number, body: object | null = null, ...headers: Header[]): Response {
  headers.push(["Cache-Control", "no-store"], ["Cross-Origin-Resource-Policy", "same-origin"])
  return Response.json(body, { status, headers })
}
