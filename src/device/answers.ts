import type { Cookie } from "../core/cookie.ts"
import type { DeviceRequest } from "../request/device.ts"
import type { DeviceReason } from "./device.ts"

export type Header = [name: string, value: string]

/** Why a browser says that it brings no proof: a claim, for events only. */
export function claimOf(headers: DeviceRequest["headers"]): DeviceReason | undefined {
  const [claim] = /quota_exceeded|unreachable|server_error/.exec(`${headers.get("Secure-Session-Skipped")}`) ?? []
  return claim as DeviceReason | undefined
}

/** The header that sets a cookie. */
export function setting(cookie: Cookie): Header {
  return ["Set-Cookie", cookie.serialize()]
}

/** Makes an answer that no cache keeps, and that no other origin reads. */
export function reply(status: number, body: object | null, ...headers: Header[]): Response {
  const own: Header[] = [
    ["Cache-Control", "no-store"],
    ["Cross-Origin-Resource-Policy", "same-origin"],
  ]
  return Response.json(body, { status, headers: [...own, ...headers] })
}
