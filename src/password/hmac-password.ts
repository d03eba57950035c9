const NUL = 0
// A byte that UTF-8 never has.
const end = 0xff

/**
 * Marks the end of a password that ends in NUL, for algorithms that take passwords as the key of an HMAC (RFC 2104):
 * it fills keys up with NULs, so `a` and `a\0` would be the same password.
 */
export function toHmacKey(password: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(password.at(-1) === NUL ? [...password, end] : password)
}
