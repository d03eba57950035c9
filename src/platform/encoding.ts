const hexDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

/** Encodes bytes as lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) text += hexDigits[byte]
  return text
}

/** Decodes hex. Validate it first. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => parseInt(digits, 16))
}

/**
 * Encodes bytes as base64 (RFC 4648, section 4), without padding. It takes at most as many bytes as a call takes
 * arguments.
 */
export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/=+$/, "")
}

/** Decodes base64, with or without padding. Validate it first. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

/**
 * Encodes bytes as base64url (RFC 4648, section 5), without padding. It takes at most as many bytes as a call takes
 * arguments.
 */
export function toBase64url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_")
}

/** Decodes base64url. Validate it first. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  return fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"))
}

// One spelling for the same bytes: no padding, no other alphabet, and unused bits are zero.
const spelling = /^(?:[\w-]{4})*(?:[\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?$/

/** Returns whether a value is base64url without padding, of at most `maxLength` characters. */
export function isBase64url(value: unknown, maxLength: number): value is string {
  return typeof value === "string" && value.length <= maxLength && spelling.test(value)
}
