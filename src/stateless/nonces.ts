export const nonceBytes = 12

let block = new Uint8Array(0)
let used = 0

/** Takes 96 fresh random bits. The platform is asked for many at once, and what was taken is wiped. */
export function takeNonce(): Uint8Array {
  if (used === block.length) {
    block = crypto.getRandomValues(new Uint8Array(64 * nonceBytes))
    used = 0
  }
  const nonce = block.slice(used, used + nonceBytes)
  block.fill(0, used, (used += nonceBytes))
  return nonce
}
