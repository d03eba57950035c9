const hexDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

/** Writes bytes as lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) text += hexDigits[byte]
  return text
}

/** Reads hex whose spelling was checked. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => parseInt(digits, 16))
}

/** Writes bytes as base64 (RFC 4648, section 4), without padding: at most as many as a call may have arguments. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/=+$/, "")
}

/** Reads base64 whose spelling was checked, with or without padding. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

/** Writes bytes as base64url (RFC 4648, section 5), without padding: at most as many as a call may have arguments. */
export function toBase64url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_")
}

/** Reads base64url whose spelling was checked. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  return fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"))
}

// One spelling for the same bytes: no padding, no other alphabet, and the bits that stand for nothing are zero.
const spelling = /^(?:[\w-]{4})*(?:[\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?$/

/** Returns whether a value is base64url without padding, of at most `maxLength` characters. */
export function isBase64url(value: unknown, maxLength: number): value is string {
  return typeof value === "string" && value.length <= maxLength && spelling.test(value)
}
